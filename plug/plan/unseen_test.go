package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// lackingFirstPF is a card whose PF 0 has a port that can't be read.
func lackingFirstPF(c representor.Card) representor.Card {
	c.Ports = slices.DeleteFunc(slices.Clone(c.Ports), func(p devlink.Port) bool {
		return p.Flavour == devlink.FlavourPCIPF && p.PF == devlink.Some(uint16(0))
	})
	c.MayLackPFs, c.Problem = true, "1 port can't be read"
	return c
}

// Neither a controller nor a card's serial number makes a MAC the MAC of one PF.
func TestUnseen_ARowOfAPFThatCannotBeReadStaysThoughAnotherPFHasTheMAC(t *testing.T) {
	twins := testcard.Of(testcard.OneVF(), testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20})
	twins.Ports[1].Function = twins.Ports[0].Function
	twins.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
	mac := plantest.Asks("a", 0, 0)
	for name, tt := range map[string]struct{ made, asks ovn.Binding }{
		"with the controller":                    {onController(mac, 1), onController(mac, 1)},
		"with the card's serial number":          {onCard(mac, "MT1"), onCard(mac, "MT1")},
		"with the controller, that is new in it": {mac, onController(mac, 1)},
		"in the words of before":                 {mac, mac},
		"and the row has lost its request":       {ovn.Binding{}, onController(mac, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Request = requestText(tt.made.Request.Query)
			for _, others := range [][]ovn.Binding{nil, {onController(plantest.Asks("b", 0, 0), 1)}} {
				asks := slices.Concat(others, []ovn.Binding{tt.asks})
				in := Input{Asked: plantest.Trusted(asks...), Actual: plantest.BridgeWith(row),
					Index: representor.NewIndex(lackingFirstPF(twins), representor.Settings{})}
				d := planWith(in, asks...)
				if slices.ContainsFunc(did(d), func(s string) bool { return s != "~pf0vf0" && s != "+pf1vf0=b" }) {
					t.Errorf("did %q", did(d))
				}
				if s := statusOf(t, d, "a"); s.Function != row.Marker.Function || s.Netdev != "pf0vf0" {
					t.Errorf("%+v: %v", s, s.Reason)
				}
			}
		})
	}
}

// The other card's PF can be read, and this one's can't.
func TestUnseen_ARowOfACardWhosePFsCannotBeReadStaysForARequestThatNamesTheCard(t *testing.T) {
	card := lackingFirstPF(testcard.Of(testcard.OneVF()))
	card.Ports = slices.DeleteFunc(card.Ports, func(p devlink.Port) bool { return p.Flavour == devlink.FlavourPCIPF })
	other := testcard.Of().Ports[1]
	other.Handle.Device = "0000:83:00.0"
	card.Ports = append(card.Ports, other)
	card.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}, other.Handle: {Number: "MT2"}}
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	ask := onCard(plantest.Asks("a", 0, 0), "MT1")
	in := Input{Asked: plantest.Trusted(ask), Actual: plantest.BridgeWith(row), Index: representor.NewIndex(card, representor.Settings{})}
	d := planWith(in, ask)
	if len(d.Changes) != 0 {
		t.Errorf("did %q", did(d))
	}
	s := statusOf(t, d, "a")
	if s.State != Plugged || !slices.ContainsFunc(s.Warnings, func(w reason.Reason) bool { return w.Code == reason.CodePFUncertain }) {
		t.Errorf("%+v", s)
	}
}
