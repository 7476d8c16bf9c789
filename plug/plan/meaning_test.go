package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// onController is a binding that also names the controller of its PF.
func onController(b southbound.Binding, n uint32) southbound.Binding {
	b.Request.Query.Controller = devlink.Some(n)
	return b
}

// onCard is a binding that also names the serial number of its card.
func onCard(b southbound.Binding, serial string) southbound.Binding {
	b.Request.Query.CardSerial = serial
	return b
}

func TestMeaning_ARowStaysWhileARewordedRequestMayMeanItsFunction(t *testing.T) {
	unreadable, noMAC, known := testcard.Of(testcard.OneVF()), testcard.Of(testcard.OneVF()), testcard.Of(testcard.OneVF())
	unreadable.Complete, unreadable.Problem = false, "interrupted"
	noMAC.Ports[0].Function.HWAddr = make([]byte, 6)
	known.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
	second := testcard.Of(testcard.OneVF()) // with the PF of another host, whose MAC the driver doesn't tell
	other := second.Ports[0]
	other.Index, other.Controller, other.IfIndex, other.Function = 999, devlink.Some(uint32(2)), 0, &devlink.Function{HWAddr: make([]byte, 6)}
	second.Ports = append(second.Ports, other)
	ask := plantest.Asks("a", 0, 0)
	for _, tt := range []struct {
		name      string
		card      representor.Card
		was       southbound.Binding // what the row answers
		is        southbound.Binding
		noChassis bool
		goes      bool
	}{
		{name: "controller added, card unreadable", card: unreadable, was: ask, is: onController(ask, 1)},
		{name: "controller taken away, card unreadable", card: unreadable, was: onController(ask, 1), is: ask},
		{name: "controller added, PF's MAC unknown", card: noMAC, was: ask, is: onController(ask, 1)},
		{name: "serial number added that the card doesn't tell", card: testcard.Of(testcard.OneVF()), was: ask, is: onCard(ask, "MT1")},
		{name: "both changed, card unreadable", card: unreadable, was: onController(ask, 1), is: onCard(ask, "MT1")},
		{name: "controller added without our Chassis row", card: testcard.Of(testcard.OneVF()), was: ask,
			is: plantest.Classified(onController(ask, 1), southbound.Kept), noChassis: true},
		{name: "serial number added without our Chassis row", card: testcard.Of(testcard.OneVF()), was: ask,
			is: plantest.Classified(onCard(ask, "MT1"), southbound.Kept), noChassis: true},
		{name: "another VF, card unreadable", card: unreadable, was: ask, is: plantest.Asks("a", 0, 1), goes: true},
		{name: "VF 10 for VF 1, card unreadable", card: unreadable, was: plantest.Asks("a", 0, 10), is: plantest.Asks("a", 0, 1), goes: true},
		{name: "another controller for certain", card: testcard.Of(testcard.OneVF()), was: ask, is: onController(ask, 2), goes: true},
		{name: "another controller, whose PF's MAC is unknown", card: second, was: onController(ask, 1), is: onController(ask, 2), goes: true},
		{name: "another controller, card unreadable", card: unreadable, was: onController(ask, 1), is: onController(ask, 2), goes: true},
		{name: "another card for certain", card: known, was: ask, is: onCard(ask, "MT2"), goes: true},
		{name: "another VF without our Chassis row", card: testcard.Of(testcard.OneVF()), was: ask,
			is:        plantest.Classified(plantest.Asks("a", 0, 1), southbound.Kept),
			noChassis: true, goes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Request = tt.was.Request.Query.String()
			view := plantest.Trusted(tt.is)
			view.ChassisKnown = !tt.noChassis
			in := Input{Asked: view, Index: representor.NewIndex(tt.card, representor.Settings{}), Actual: plantest.BridgeWith(row)}
			d := planWith(in, tt.is)
			if gone := len(d.Changes) != 0 && len(d.Changes[0].Unplug) != 0; gone != tt.goes {
				t.Errorf("planned %v, want the row gone: %v", did(d), tt.goes)
			}
		})
	}
}

// The marker says what the row is known to answer. A request whose meaning isn't
// known yet may turn out to mean another function.
func TestMeaning_ARowIsNotMarkedWithARequestBeforeThatIsKnownToMeanIt(t *testing.T) {
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	row.IfaceID = "edited"
	ask := onCard(plantest.Asks("a", 0, 0), "MT2")
	in := Input{Asked: plantest.Trusted(ask), Index: testcard.Index(testcard.OneVF()), Actual: plantest.BridgeWith(row)}
	d := planWith(in, ask)
	if len(d.Changes) != 1 || len(d.Changes[0].Edit) != 1 || d.Changes[0].Edit[0].Set[ovs.KeyRequest] != "" {
		t.Fatalf("planned %+v, want iface-id put back and nothing else", d.Changes)
	}
	after, err := plantest.Commit(in.Actual, in.Index, d.Changes)
	if err != nil {
		t.Fatal(err)
	}
	card := testcard.Of(testcard.OneVF())
	card.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
	in.Actual, in.Index = after, representor.NewIndex(card, representor.Settings{})
	if d := planWith(in, ask); len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 {
		t.Errorf("planned %v once the card turned out to be another one, want the row gone", did(d))
	}
}

func TestMeaning_APluggedFunctionStaysWhenItsPFIsAmbiguousOrMayBe(t *testing.T) {
	mac := testcard.PFMAC(0)
	for code, change := range map[reason.Code]func(*representor.Card){
		reason.CodePFAmbiguous: func(c *representor.Card) { c.Ports[1].Function.HWAddr = mac[:] }, // both PFs report one MAC
		reason.CodePFUncertain: func(c *representor.Card) { c.MayLackPFs = true },
	} {
		card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10})
		change(&card)
		x := representor.NewIndex(card, representor.Settings{})
		in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: x, Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0,
			0, 10))}
		d := planWith(in, plantest.Asks("a", 0, 0))
		if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != code {
			t.Errorf("%s: plan %v, status %+v; want it to stay plugged with a warning", code, did(d), s)
		}
		in.Actual = plantest.BridgeWith()
		if d := planWith(in); len(d.Changes) != 0 || reason.CodeOf(statusOf(t, d, "a").Reason) != code {
			t.Errorf("%s: planned %v, want nothing new", code, did(d))
		}
	}
}

func TestMeaning_OfTwoRowsTheOneThatARewordedRequestMeansStays(t *testing.T) {
	other := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	ask := onController(plantest.Asks("a", 0, 1), 1)
	for name, tt := range map[string]struct {
		known bool
		ask   southbound.Binding
		want  []string
	}{
		"asked for":               {true, ask, []string{"-pf0vf0", "~pf0vf1"}},
		"without our Chassis row": {false, plantest.Classified(ask, southbound.Kept), nil},
	} {
		t.Run(name, func(t *testing.T) {
			view := plantest.Trusted(tt.ask)
			view.ChassisKnown = tt.known
			rows := plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10), plantest.OurRow("a", "pf0vf1", 0, 1, 11))
			d := planWith(Input{Asked: view, Index: testcard.Index(testcard.OneVF(), other), Actual: rows}, tt.ask)
			got := did(d)
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// Two cards have a PF of one MAC; the port stays with the function it has. Now the
// operator names the card, whose serial number can't be read at the moment.
func TestMeaning_ARequestThatNamesTheCardOfAnAmbiguousPFKeepsItsRow(t *testing.T) {
	card := testcard.Of(testcard.OneVF())
	for _, p := range testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "other", IfIndex: 30}).Ports {
		p.Handle.Device = "0000:83:00.0"
		card.Ports = append(card.Ports, p)
	}
	card.Links[30] = representor.Link{Name: "other", Up: true, Settled: true}
	x := representor.NewIndex(card, representor.Settings{})
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: x, Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0,
		10))}
	if d := planWith(in, plantest.Asks("a", 0, 0)); len(d.Changes) != 0 || statusOf(t, d, "a").State != Plugged {
		t.Fatalf("ambiguous: %q, %+v", did(d), d.Ports)
	}
	named := onCard(plantest.Asks("a", 0, 0), "MT1")
	in.Asked = plantest.Trusted(named)
	if d := planWith(in, named); len(d.Changes) != 0 {
		t.Errorf("no serial number known: did %q, %+v", did(d), d.Ports[0].Reason)
	}
	// The other card's alone is known: what is meant can only be the row's.
	card.Serials = map[devlink.Handle]representor.Serial{{Bus: "pci", Device: "0000:83:00.0"}: {Number: "MT2"}}
	in.Index = representor.NewIndex(card, representor.Settings{})
	if d := planWith(in, named); len(d.Changes) != 0 {
		t.Errorf("the other's serial number known: did %q, %+v", did(d), d.Ports[0].Reason)
	}
}

// As a newer version writes it, before a rollback, or a hand.
func TestMeaning_ARowWhoseRequestCanNotBeReadStaysWhileTheCardDoesNotTellWhatIsMeant(t *testing.T) {
	unreadable := testcard.Of(testcard.OneVF())
	unreadable.Complete, unreadable.Problem = false, "interrupted"
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(unreadable, representor.Settings{})}
	for _, request := range []string{"", "x", plantest.Asks("a", 0, 0).Request.Query.String() + " something 7"} {
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Request = request
		in.Actual = plantest.BridgeWith(row)
		if d := planWith(in, plantest.Asks("a", 0, 0)); len(d.Changes) != 0 {
			t.Errorf("request %q: planned %v", request, did(d))
		}
	}
}

func TestMeaning_AMarkThatNamesNoFunctionIsPutBackAsIfItWereEmpty(t *testing.T) {
	in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: testcard.Index(testcard.OneVF())}
	for _, function := range []string{"", "x", "pci/0000:03:00.0 c1pf0vf00"} {
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Function = function
		in.Actual = plantest.BridgeWith(row)
		if d := planWith(in, plantest.Asks("a", 0, 0)); !slices.Equal(did(d), []string{"~pf0vf0"}) ||
			d.Changes[0].Edit[0].Set[ovs.KeyFunction] != testcard.VF(0, 0).String() {
			t.Errorf("function %q: planned %v", function, did(d))
		}
	}
}

// What a reason shows of a name is cut and escaped. Were it compared, a row of such a device
// would go as soon as its request is worded otherwise.
func TestMeaning_ARowOfADeviceWithAnOddNameStaysWhileSeveralPFsHaveTheMACAskedFor(t *testing.T) {
	for _, device := range []string{"0000:03:00.0", `a"b\c`, strings.Repeat("x", 300)} {
		mac := testcard.PFMAC(0)
		card := testcard.Of(testcard.OneVF())
		for i := range card.Ports {
			card.Ports[i].Handle.Device = device
		}
		card.Ports[1].Function.HWAddr = mac[:]
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		is := testcard.VF(0, 0)
		is.Handle.Device = device
		row.Marker.Function, row.Marker.Request = is.String(), onController(plantest.Asks("a", 0, 0), 1).Request.Query.String()
		in := Input{Asked: plantest.Trusted(plantest.Asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}),
			Actual: plantest.BridgeWith(row)}
		if d := planWith(in, plantest.Asks("a", 0, 0)); len(d.Changes) != 0 || statusOf(t, d, "a").State != Plugged {
			t.Errorf("device %.20q: planned %v, %+v", device, did(d), d.Ports[0])
		}
	}
}

func TestMeaning_ARowGoesWhenNoneOfTheAmbiguousPFsIsItsOwn(t *testing.T) {
	mac := testcard.PFMAC(0)
	card := testcard.Of(testcard.OneVF())
	second := *card.Ports[0].Function
	for i, p := range testcard.Of().Ports {
		p.Handle.Device, p.Function = "0000:83:00.0", &second
		p.Index = uint32(2000 + i)
		card.Ports = append(card.Ports, p)
	}
	other := testcard.PFMAC(7)
	card.Ports[0].Function = &devlink.Function{HWAddr: other[:]} // the row's PF has another MAC now
	in := Input{Index: representor.NewIndex(card, representor.Settings{}), Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0,
		10))}
	named := onController(plantest.Asks("a", 0, 0), 1)
	in.Asked = plantest.Trusted(named)
	if d := planWith(in, named); len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 ||
		reason.CodeOf(statusOf(t, d, "a").Reason) != reason.CodePFAmbiguous {
		t.Errorf("MAC %s is of two other PFs: did %q, %+v", mac, did(d), d.Ports)
	}
}
