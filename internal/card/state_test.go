package card

import (
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestState_CardsDifferInWhateverTheyTell(t *testing.T) {
	h := pci("0000:03:00.0")
	whole := func() representor.Card {
		return representor.Card{
			Ports:    []devlink.Port{vf(h, 0, 1, 12), pf(h, 0, []byte{0, 0x53, 0, 0, 0, 0x42}, 11)},
			Links:    map[uint32]representor.Link{12: {Name: "pf0vf1", MTU: 1500}},
			PFMACs:   map[representor.Uplink]representor.MAC{{Handle: h}: {1}},
			Serials:  map[devlink.Handle]representor.Serial{h: {Number: "MT"}},
			Complete: true,
		}
	}
	if !equal(whole(), whole()) {
		t.Fatal("two cards that tell the same differ")
	}
	for name, change := range map[string]func(*representor.Card){
		"completeness":      func(c *representor.Card) { c.Complete = false },
		"certainty of PFs":  func(c *representor.Card) { c.MayLackPFs = true },
		"the problem":       func(c *representor.Card) { c.Problem = "x" },
		"a port less":       func(c *representor.Card) { c.Ports = c.Ports[:1] },
		"a port's type":     func(c *representor.Card) { c.Ports[0].Type = devlink.TypeNotSet },
		"a port's netdev":   func(c *representor.Card) { c.Ports[0].IfIndex = 13 },
		"a number":          func(c *representor.Card) { c.Ports[0].VF = devlink.Some(uint16(2)) },
		"presence":          func(c *representor.Card) { c.Ports[0].External = devlink.Optional[bool]{} },
		"a function's MAC":  func(c *representor.Card) { c.Ports[1].Function.HWAddr[5] = 0x43 },
		"a function gone":   func(c *representor.Card) { c.Ports[0].Function = nil },
		"a state":           func(c *representor.Card) { c.Ports[0].Function.State = devlink.StateInactive },
		"an operation":      func(c *representor.Card) { c.Ports[0].Function.OpState = devlink.OpStateAttached },
		"a link's name":     func(c *representor.Card) { c.Links[12] = representor.Link{Name: "other", MTU: 1500} },
		"a link settled":    func(c *representor.Card) { c.Links[12] = representor.Link{Name: "pf0vf1", MTU: 1500, Settled: true} },
		"a link more":       func(c *representor.Card) { c.Links[13] = representor.Link{} },
		"a PF's MAC":        func(c *representor.Card) { c.PFMACs[representor.Uplink{Handle: h}] = representor.MAC{2} },
		"a serial number":   func(c *representor.Card) { c.Serials[h] = representor.Serial{Number: "MX"} },
		"no serial numbers": func(c *representor.Card) { c.Serials = nil },
	} {
		t.Run(name, func(t *testing.T) {
			other := whole()
			change(&other)
			if equal(whole(), other) {
				t.Error("the cards don't differ")
			}
		})
	}
}

func TestState_ASourceThatWasNotReadYetIsNoFaultUnlessAnotherIsOne(t *testing.T) {
	for _, c := range []struct {
		ports, links string
		want         bool
	}{
		{portsUnread, linksUnread, true}, {"", linksUnread, true}, {portsUnread, "", true},
		{"", "", false}, {"no devlink", linksUnread, false}, {portsUnread, "refused", false},
	} {
		var s state
		s.ports.problem, s.links.problem = c.ports, c.links
		if got := s.unread(); got != c.want {
			t.Errorf("ports %q, links %q: %t", c.ports, c.links, got)
		}
	}
}
