package plug

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// onController is a binding that also names the controller of its PF.
func onController(b ovn.Binding, n uint32) ovn.Binding {
	b.Request.Query.Controller = devlink.Some(n)
	return b
}

// onCard is a binding that also names the serial number of its card.
func onCard(b ovn.Binding, serial string) ovn.Binding {
	b.Request.Query.CardSerial = serial
	return b
}

func TestARowStaysWhileARewordedRequestMayMeanItsFunction(t *testing.T) {
	unreadable, noMAC, known := cardOf(oneVF()), cardOf(oneVF()), cardOf(oneVF())
	unreadable.Complete, unreadable.Problem = false, "interrupted"
	noMAC.Ports[0].Function.HWAddr = make([]byte, 6)
	known.Serials = map[devlink.Handle]representor.Serial{handle(): {Number: "MT1"}}
	second := cardOf(oneVF()) // with the PF of another host, whose MAC the driver doesn't tell
	other := second.Ports[0]
	other.Index, other.Controller, other.IfIndex, other.Function = 999, devlink.Some(uint32(2)), 0, &devlink.Function{HWAddr: make([]byte, 6)}
	second.Ports = append(second.Ports, other)
	ask := asks("a", 0, 0)
	for _, tt := range []struct {
		name      string
		card      representor.Card
		was       ovn.Binding // what the row answers
		is        ovn.Binding
		noChassis bool
		goes      bool
	}{
		{name: "controller added, card unreadable", card: unreadable, was: ask, is: onController(ask, 1)},
		{name: "controller taken away, card unreadable", card: unreadable, was: onController(ask, 1), is: ask},
		{name: "controller added, PF's MAC unknown", card: noMAC, was: ask, is: onController(ask, 1)},
		{name: "serial number added that the card doesn't tell", card: cardOf(oneVF()), was: ask, is: onCard(ask, "MT1")},
		{name: "both changed, card unreadable", card: unreadable, was: onController(ask, 1), is: onCard(ask, "MT1")},
		{name: "controller added without our Chassis row", card: cardOf(oneVF()), was: ask,
			is: fated(onController(ask, 1), ovn.Kept), noChassis: true},
		{name: "serial number added without our Chassis row", card: cardOf(oneVF()), was: ask,
			is: fated(onCard(ask, "MT1"), ovn.Kept), noChassis: true},
		{name: "another VF, card unreadable", card: unreadable, was: ask, is: asks("a", 0, 1), goes: true},
		{name: "VF 10 for VF 1, card unreadable", card: unreadable, was: asks("a", 0, 10), is: asks("a", 0, 1), goes: true},
		{name: "another controller for certain", card: cardOf(oneVF()), was: ask, is: onController(ask, 2), goes: true},
		{name: "another controller, whose PF's MAC is unknown", card: second, was: onController(ask, 1), is: onController(ask, 2), goes: true},
		{name: "another controller, card unreadable", card: unreadable, was: onController(ask, 1), is: onController(ask, 2), goes: true},
		{name: "another card for certain", card: known, was: ask, is: onCard(ask, "MT2"), goes: true},
		{name: "another VF without our Chassis row", card: cardOf(oneVF()), was: ask, is: fated(asks("a", 0, 1), ovn.Kept),
			noChassis: true, goes: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := ourRow("a", "pf0vf0", 0, 0, 10)
			row.Marker.Request = tt.was.Request.Query.String()
			view := trusted(tt.is)
			view.ChassisKnown = !tt.noChassis
			in := Input{Asked: view, Index: representor.NewIndex(tt.card, representor.Settings{}), Actual: bridgeWith(row)}
			d := planWith(in, tt.is)
			if gone := len(d.Changes) != 0 && len(d.Changes[0].Unplug) != 0; gone != tt.goes {
				t.Errorf("planned %v, want the row gone: %v", did(d), tt.goes)
			}
		})
	}
}

// The marker says what the row is known to answer. A request whose meaning isn't
// known yet may turn out to mean another function.
func TestARowIsNotMarkedWithARequestBeforeThatIsKnownToMeanIt(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	row.IfaceID = "edited"
	ask := onCard(asks("a", 0, 0), "MT2")
	in := Input{Asked: trusted(ask), Index: indexOf(oneVF()), Actual: bridgeWith(row)}
	d := planWith(in, ask)
	if len(d.Changes) != 1 || len(d.Changes[0].Edit) != 1 || d.Changes[0].Edit[0].Set[ovs.KeyRequest] != "" {
		t.Fatalf("planned %+v, want iface-id put back and nothing else", d.Changes)
	}
	after, err := commit(in.Actual, in.Index, d.Changes)
	if err != nil {
		t.Fatal(err)
	}
	card := cardOf(oneVF())
	card.Serials = map[devlink.Handle]representor.Serial{handle(): {Number: "MT1"}}
	in.Actual, in.Index = after, representor.NewIndex(card, representor.Settings{})
	if d := planWith(in, ask); len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 {
		t.Errorf("planned %v once the card turned out to be another one, want the row gone", did(d))
	}
}

func TestPlanStaysWithAPluggedFunctionWhenItsPFIsAmbiguousOrMayBe(t *testing.T) {
	mac := pfMAC(0)
	for code, change := range map[reason.Code]func(*representor.Card){
		reason.CodePFAmbiguous: func(c *representor.Card) { c.Ports[1].Function.HWAddr = mac[:] }, // both PFs report one MAC
		reason.CodePFUncertain: func(c *representor.Card) { c.MayLackPFs = true },
	} {
		card := cardOf(netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10})
		change(&card)
		x := representor.NewIndex(card, representor.Settings{})
		in := Input{Asked: trusted(asks("a", 0, 0)), Index: x, Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))}
		d := planWith(in, asks("a", 0, 0))
		if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != code {
			t.Errorf("%s: plan %v, status %+v; want it to stay plugged with a warning", code, did(d), s)
		}
		in.Actual = bridgeWith()
		if d := planWith(in); len(d.Changes) != 0 || codeOf(statusOf(t, d, "a").Reason) != code {
			t.Errorf("%s: planned %v, want nothing new", code, did(d))
		}
	}
}

func TestOfTwoRowsTheOneThatARewordedRequestMeansStays(t *testing.T) {
	other := netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}
	ask := onController(asks("a", 0, 1), 1)
	for name, tt := range map[string]struct {
		known bool
		ask   ovn.Binding
		want  []string
	}{
		"asked for":               {true, ask, []string{"-pf0vf0", "~pf0vf1"}},
		"without our Chassis row": {false, fated(ask, ovn.Kept), nil},
	} {
		t.Run(name, func(t *testing.T) {
			view := trusted(tt.ask)
			view.ChassisKnown = tt.known
			rows := bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10), ourRow("a", "pf0vf1", 0, 1, 11))
			d := planWith(Input{Asked: view, Index: indexOf(oneVF(), other), Actual: rows}, tt.ask)
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
func TestARequestThatNamesTheCardOfAnAmbiguousPFKeepsItsRow(t *testing.T) {
	card := cardOf(oneVF())
	for _, p := range cardOf(netdev{pf: 0, vf: 0, name: "other", ifindex: 30}).Ports {
		p.Handle.Device = "0000:83:00.0"
		card.Ports = append(card.Ports, p)
	}
	card.Links[30] = representor.Link{Name: "other", Up: true, Settled: true}
	x := representor.NewIndex(card, representor.Settings{})
	in := Input{Asked: trusted(asks("a", 0, 0)), Index: x, Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))}
	if d := planWith(in, asks("a", 0, 0)); len(d.Changes) != 0 || statusOf(t, d, "a").State != Plugged {
		t.Fatalf("ambiguous: %q, %+v", did(d), d.Ports)
	}
	named := onCard(asks("a", 0, 0), "MT1")
	in.Asked = trusted(named)
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
func TestARowWhoseRequestCanNotBeReadStaysWhileTheCardDoesNotTellWhatIsMeant(t *testing.T) {
	unreadable := cardOf(oneVF())
	unreadable.Complete, unreadable.Problem = false, "interrupted"
	in := Input{Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(unreadable, representor.Settings{})}
	for _, request := range []string{"", "x", asks("a", 0, 0).Request.Query.String() + " something 7"} {
		row := ourRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Request = request
		in.Actual = bridgeWith(row)
		if d := planWith(in, asks("a", 0, 0)); len(d.Changes) != 0 {
			t.Errorf("request %q: planned %v", request, did(d))
		}
	}
}

func TestAMarkThatNamesNoFunctionIsPutBackAsIfItWereEmpty(t *testing.T) {
	in := Input{Asked: trusted(asks("a", 0, 0)), Index: indexOf(oneVF())}
	for _, function := range []string{"", "x", "pci/0000:03:00.0 c1pf0vf00"} {
		row := ourRow("a", "pf0vf0", 0, 0, 10)
		row.Marker.Function = function
		in.Actual = bridgeWith(row)
		if d := planWith(in, asks("a", 0, 0)); !slices.Equal(did(d), []string{"~pf0vf0"}) ||
			d.Changes[0].Edit[0].Set[ovs.KeyFunction] != vfFunction(0, 0).String() {
			t.Errorf("function %q: planned %v", function, did(d))
		}
	}
}

// What a reason shows of a name is cut and escaped. Were it compared, a row of such a device
// would go as soon as its request is worded otherwise.
func TestARowOfADeviceWithAnOddNameStaysWhileSeveralPFsHaveTheMACAskedFor(t *testing.T) {
	for _, device := range []string{"0000:03:00.0", `a"b\c`, strings.Repeat("x", 300)} {
		mac := pfMAC(0)
		card := cardOf(oneVF())
		for i := range card.Ports {
			card.Ports[i].Handle.Device = device
		}
		card.Ports[1].Function.HWAddr = mac[:]
		row := ourRow("a", "pf0vf0", 0, 0, 10)
		is := vfFunction(0, 0)
		is.Handle.Device = device
		row.Marker.Function, row.Marker.Request = is.String(), onController(asks("a", 0, 0), 1).Request.Query.String()
		in := Input{Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(row)}
		if d := planWith(in, asks("a", 0, 0)); len(d.Changes) != 0 || statusOf(t, d, "a").State != Plugged {
			t.Errorf("device %.20q: planned %v, %+v", device, did(d), d.Ports[0])
		}
	}
}

func TestARowGoesWhenNoneOfTheAmbiguousPFsIsItsOwn(t *testing.T) {
	mac := pfMAC(0)
	card := cardOf(oneVF())
	second := *card.Ports[0].Function
	for i, p := range cardOf().Ports {
		p.Handle.Device, p.Function = "0000:83:00.0", &second
		p.Index = uint32(2000 + i)
		card.Ports = append(card.Ports, p)
	}
	other := pfMAC(7)
	card.Ports[0].Function = &devlink.Function{HWAddr: other[:]} // the row's PF has another MAC now
	in := Input{Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))}
	named := onController(asks("a", 0, 0), 1)
	in.Asked = trusted(named)
	if d := planWith(in, named); len(d.Changes) != 1 || len(d.Changes[0].Unplug) != 1 ||
		codeOf(statusOf(t, d, "a").Reason) != reason.CodePFAmbiguous {
		t.Errorf("MAC %s is of two other PFs: did %q, %+v", mac, did(d), d.Ports)
	}
}
