package plan

import (
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
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

// twins is a card whose two PFs have one MAC.
func twins() representor.Card {
	c := testcard.Of(testcard.OneVF(), testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20})
	c.Ports[1].Function = c.Ports[0].Function
	c.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
	return c
}

// Whatever has become of the row and of the card, the port never gets the other PF's VF.
func TestUnseen_APortOfAPFThatCannotBeReadIsNeverPluggedForATwinsVF(t *testing.T) {
	ask := onController(plantest.Asks("a", 0, 0), 1)
	row := func(edit func(*ovs.Interface)) ovs.Interface {
		r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		r.Marker.Request = ask.Request.Query.String()
		edit(&r)
		return r
	}
	unchanged := row(func(*ovs.Interface) {})
	blind := lackingFirstPF(twins())
	blind.Blind = map[devlink.Handle]string{{Bus: "pci", Device: "0000:83:00.0"}: "hangs"}
	second, otherMAC := lackingFirstPF(twins()), representor.MAC{0, 0x53, 0, 0, 0, 0x99}
	other := testcard.Of().Ports[0]
	other.Index, other.Controller, other.Function = 2000, devlink.Some[uint32](2), &devlink.Function{HWAddr: otherMAC[:]}
	second.Ports = append(second.Ports, other)
	said := twins()
	said.Ports = slices.DeleteFunc(said.Ports, func(p devlink.Port) bool { return p.PF == devlink.Some[uint16](0) })
	said.Links[10] = representor.Link{Name: "pf0vf0", PortName: "c1pf0vf0", Parent: testcard.Handle(), Up: true}
	noMAC := twins()
	noMAC.Ports[0].Function = &devlink.Function{HWAddr: make([]byte, 6)}
	for name, tt := range map[string]struct {
		card representor.Card
		rows []ovs.Interface
		edit func(*Input)
	}{
		"its MAC is not known for a moment": {card: noMAC, rows: []ovs.Interface{unchanged}},
		"another card hangs":                {card: blind, rows: []ovs.Interface{unchanged}},
		"the row is from such a kernel, and another host has a PF of that number": {card: second,
			rows: []ovs.Interface{row(func(r *ovs.Interface) { r.Marker.Function = unnumbered(r.Marker.Function) })}},
		"its netdev alone tells of it, and udev has not finished with that": {card: said, rows: []ovs.Interface{unchanged}},
		"the row has lost its function": {card: lackingFirstPF(twins()),
			rows: []ovs.Interface{row(func(r *ovs.Interface) { r.Marker.Function = "" })}},
		"the row is from a kernel that numbered no controllers": {card: lackingFirstPF(twins()),
			rows: []ovs.Interface{row(func(r *ovs.Interface) { r.Marker.Function = unnumbered(r.Marker.Function) })}},
		"the row leaked, and has gone": {card: lackingFirstPF(twins()),
			edit: func(in *Input) { in.Hold.Lost = map[representor.Function]string{testcard.VF(0, 0): "a"} }},
		"the row is on the bridge that was ours": {card: lackingFirstPF(twins()),
			rows: []ovs.Interface{row(func(r *ovs.Interface) { r.Bridge = "br-old" })},
			edit: func(in *Input) { in.Left = map[string]bool{"br-old": true} }},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(ask), Actual: plantest.BridgeWith(tt.rows...),
				Index: representor.NewIndex(tt.card, representor.Settings{})}
			if tt.edit != nil {
				tt.edit(&in)
			}
			d := planWith(in, ask)
			for _, c := range d.Changes {
				if len(c.Plug)+len(c.Unplug) > 0 {
					t.Errorf("did %q: %+v", did(d), d.Ports)
				}
			}
			if s := statusOf(t, d, "a"); s.Netdev == "pf1vf0" {
				t.Errorf("%+v", s)
			}
		})
	}
}

// What nobody can doubt keeps nobody waiting.
func TestUnseen_APortWhoseRowIsListedOrExcludedIsPluggedAsEver(t *testing.T) {
	ask := onController(plantest.Asks("a", 0, 0), 1)
	unnumberedRow := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	unnumberedRow.Ofport, unnumberedRow.IfIndex = -1, 0
	unnumberedRow.Marker.Function, unnumberedRow.Marker.Request = unnumbered(unnumberedRow.Marker.Function), ask.Request.Query.String()
	goneRow := unnumberedRow
	goneRow.Marker.Function = testcard.VF(0, 0).String()
	gone := testcard.Of(testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20})
	gone.Ports[0].Function, gone.Ports[1].Function = &devlink.Function{HWAddr: make([]byte, 6)}, gone.Ports[0].Function
	short, twoHosts := testcard.Of(testcard.OneVF()), testcard.Of(testcard.OneVF())
	short.MayLackPFs, short.Problem = true, "1 port can't be read"
	other := twoHosts.Ports[0]
	other.Index, other.Controller, other.Function = 2000, devlink.Some[uint32](2), &devlink.Function{HWAddr: make([]byte, 6)}
	twoHosts.Ports = append(twoHosts.Ports, other)
	for name, tt := range map[string]struct {
		card representor.Card
		rows []ovs.Interface
		lost representor.Function
		want []string
	}{
		"the mark is from a kernel that numbered no controllers, and the PF is listed": {card: short,
			rows: []ovs.Interface{unnumberedRow}, want: []string{"-pf0vf0 +pf0vf0=a"}},
		"such a row has gone, and another host's PF of that number tells no MAC": {card: twoHosts,
			lost: called(unnumbered(testcard.VF(0, 0).String())), want: []string{"+pf0vf0=a"}},
		"the row is for a function that has gone, of a PF that tells no MAC": {card: gone, rows: []ovs.Interface{goneRow},
			want: []string{"-pf0vf0 +pf1vf0=a"}},
		"what the port lost has another number": {card: short, lost: testcard.VF(0, 7), want: []string{"+pf0vf0=a"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(ask), Actual: plantest.BridgeWith(tt.rows...), Starting: true,
				Index: representor.NewIndex(tt.card, representor.Settings{})}
			if tt.lost.Kind != 0 {
				in.Hold.Lost = map[representor.Function]string{tt.lost: "a"}
			}
			if d := planWith(in, ask); !slices.Equal(did(d), tt.want) {
				t.Errorf("did %q: %+v", did(d), d.Ports)
			}
		})
	}
}

// Neither a controller nor a card's serial number makes a MAC the MAC of one PF.
func TestUnseen_ARowOfAPFThatCannotBeReadStaysThoughAnotherPFHasTheMAC(t *testing.T) {
	twins := twins()
	mac := plantest.Asks("a", 0, 0)
	for name, tt := range map[string]struct{ made, asks southbound.Binding }{
		"with the controller":                    {onController(mac, 1), onController(mac, 1)},
		"with the card's serial number":          {onCard(mac, "MT1"), onCard(mac, "MT1")},
		"with the controller, that is new in it": {mac, onController(mac, 1)},
		"in the words of before":                 {mac, mac},
		"and the row has lost its request":       {southbound.Binding{}, onController(mac, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Request = requestText(tt.made.Request.Query)
			for _, others := range [][]southbound.Binding{nil, {onController(plantest.Asks("b", 0, 0), 1)}} {
				asks := slices.Concat(others, []southbound.Binding{tt.asks})
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
