package plan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The row is from a kernel that numbered no controllers, and the card may lack PFs: what its
// mark means can't be told, nor that it is another function than the request's.
func TestUnnumbered_ARowKeepsItsPlaceForARequestThatNamesTheController(t *testing.T) {
	var devs []testcard.Netdev
	var both, own []southbound.Binding
	var rows []ovs.Interface
	for vf := range 4 {
		name := []string{"n0", "n1", "n2", "n3"}[vf]
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: name, IfIndex: uint32(10 + vf)})
		b := onController(plantest.Asks("b"+name, 0, vf), 1)
		own, both = append(own, b), append(both, onController(plantest.Asks("a"+name, 0, vf), 1), b)
		r := plantest.OurRow("b"+name, name, 0, vf, uint32(10+vf))
		r.Marker.Function = unnumbered(r.Marker.Function)
		rows = append(rows, r)
	}
	for name, tt := range map[string]struct {
		asks    []southbound.Binding
		unready bool
	}{"another port asks for it": {asks: both}, "its netdev is unsettled": {asks: own, unready: true}} {
		t.Run(name, func(t *testing.T) {
			for i := range devs {
				devs[i].Unready = tt.unready
			}
			card := testcard.Of(devs...)
			card.MayLackPFs = true
			in := Input{Asked: plantest.Trusted(tt.asks...), Index: representor.NewIndex(card, representor.Settings{}),
				Actual: plantest.BridgeWith(rows...)}
			d := planWith(in, tt.asks...)
			if slices.ContainsFunc(d.Changes, func(c ovs.Change) bool { return len(c.Unplug) > 0 }) {
				t.Errorf("did %q", did(d))
			}
		})
	}
}

// twoHosts is a card with the VFs of two hosts' PF 0, which have one MAC, and that may lack PFs.
// The first host's are n0, n1 and so on, the second's m0, m1.
func twoHosts(vfs int, edit func(*devlink.Port, *representor.Link)) representor.Card {
	card := testcard.Of()
	pf := card.Ports[0]
	pf.Index, pf.Controller = 2000, devlink.Some[uint32](2)
	card.Ports, card.MayLackPFs = append(card.Ports, pf), true
	for vf := range vfs {
		for host, names := range []string{"n", "m"} {
			p := testcard.Of(testcard.Netdev{PF: 0, VF: vf, IfIndex: uint32(10 + 10*host + vf)}).Ports[2]
			p.Index, p.Controller = uint32(3000+10*host+vf), devlink.Some(uint32(host+1))
			link := representor.Link{Name: fmt.Sprint(names, vf), Up: true, Settled: true}
			if host == 1 {
				edit(&p, &link)
			}
			if p.Flavour == devlink.FlavourPCIVF {
				card.Ports, card.Links[p.IfIndex] = append(card.Ports, p), link
			}
		}
	}
	return card
}

// firstHosts is a row for the first host's VF, from a kernel that numbered no controllers.
func firstHosts(lport string, vf int) ovs.Interface {
	r := plantest.OurRow(lport, fmt.Sprint("n", vf), 0, vf, uint32(10+vf))
	r.Marker.Function = unnumbered(r.Marker.Function)
	r.Marker.Request = onController(plantest.Asks(lport, 0, vf), 1).Request.Query.String()
	return r
}

// The first host's row has the first host's netdev, by the kernel's word, whatever its mark may mean.
func TestUnnumbered_ARowThatHasItsOwnHostsNetdevHoldsNobodyBack(t *testing.T) {
	card := twoHosts(1, func(_ *devlink.Port, l *representor.Link) { l.Name = "ens1" })
	a, b := plantest.Asks("a", 0, 0), onController(plantest.Asks("b", 0, 0), 2)
	rowA, rowB := firstHosts("a", 0), plantest.OurRow("b", "m0", 0, 0, 20)
	rowA.Marker.Request, rowB.Marker.Request = a.Request.Query.String(), b.Request.Query.String()
	second := testcard.VF(0, 0)
	second.Controller = devlink.Some[uint32](2)
	rowB.Marker.Function = second.String()
	in := Input{Asked: plantest.Trusted(a, b), Actual: plantest.BridgeWith(rowA, rowB),
		Index: representor.NewIndex(card, representor.Settings{})}
	if d := planWith(in, a, b); !slices.Equal(did(d), []string{"-m0 +ens1=b"}) {
		t.Errorf("did %q: %+v", did(d), d.Ports)
	}
}

// The request of a port comes to name the second host, and its row has the first one's VF.
func TestUnnumbered_ARowThatHasAnotherHostsNetdevIsNotTheRequests(t *testing.T) {
	for name, edit := range map[string]func(*devlink.Port, *representor.Link){
		"the second host's VF is there":      func(*devlink.Port, *representor.Link) {},
		"its netdev is unsettled":            func(_ *devlink.Port, l *representor.Link) { l.Settled = false },
		"the second host has no VF any more": func(p *devlink.Port, _ *representor.Link) { p.Flavour = devlink.FlavourUnused },
	} {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, another Southbound: %v", name, all), func(t *testing.T) {
				ask := onController(plantest.Asks("a", 0, 0), 2)
				in := Input{
					Asked: plantest.Trusted(ask), Index: representor.NewIndex(twoHosts(1, edit), representor.Settings{}),
					Actual: plantest.BridgeWith(firstHosts("a", 0)), Hold: Hold{All: all},
				}
				if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a"}) {
					t.Errorf("without the Southbound's word: did %q, asks about %q: %+v", did(d), d.Unconfirmed, d.Ports)
				}
				gone := false
				for _, c := range planWith(in, ask).Changes {
					gone = gone || len(c.Unplug) > 0
				}
				if gone == all {
					t.Errorf("with its word: the row is gone: %v", gone)
				}
			})
		}
	}
}

func TestUnnumbered_ARowOfAnotherHostMakesRoomForThePortThatAsksForThat(t *testing.T) {
	a, b := onController(plantest.Asks("a", 0, 0), 2), onController(plantest.Asks("b", 0, 0), 1)
	card := twoHosts(1, func(p *devlink.Port, _ *representor.Link) { p.Flavour = devlink.FlavourUnused })
	in := Input{Asked: plantest.Trusted(a, b), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(firstHosts("a", 0))}
	if d := planWith(in, a, b); !slices.Equal(did(d), []string{"-n0 +n0=b"}) {
		t.Errorf("did %q: %+v", did(d), d.Ports)
	}
}

func TestUnnumbered_ManyPortsThatComeToNameAnotherHostAreHeld(t *testing.T) {
	var bs []southbound.Binding
	var rows []ovs.Interface
	for vf := range 4 {
		lport := fmt.Sprint("a", vf)
		bs, rows = append(bs, onController(plantest.Asks(lport, 0, vf), 2)), append(rows, firstHosts(lport, vf))
	}
	card := twoHosts(4, func(*devlink.Port, *representor.Link) {})
	in := Input{Asked: plantest.Trusted(bs...), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(rows...)}
	if d := planWith(in, bs...); len(d.Changes) != 0 || len(d.MassHeld) != 4 {
		t.Errorf("did %q, held %q", did(d), d.MassHeld)
	}
}

// The kernel is asked about each netdev that gets a name, be it by a new row or by an edit.
func TestUnnumbered_WhatIsGivenToAPortIsConfirmed(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10})
	card.MayLackPFs = true
	r, ask := firstHosts("a", 0), onController(plantest.Asks("a", 0, 0), 1)
	r.IfaceID = "edited"
	in := Input{Asked: plantest.Trusted(ask), Index: representor.NewIndex(card, representor.Settings{}), Actual: plantest.BridgeWith(r)}
	if d := planWith(in, ask); len(d.Changes) != 1 || d.Gives["n0"].Function.Kind == 0 {
		t.Errorf("did %q, gives %v", did(d), d.Gives)
	}
}

// A leak says that the netdev's name was dealt anew, and so nothing of what the row was made for.
func TestUnnumbered_ARowThatLeaksKeepsItsClaimUntilTheSouthboundWasAsked(t *testing.T) {
	leaking := plantest.OurRow("a", "n1", 0, 0, 14)
	leaking.Marker.Function = unnumbered(leaking.Marker.Function)
	c := onController(plantest.Asks("c", 0, 0), 1)
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10}, testcard.Netdev{PF: 1, VF: 0, Name: "n1", IfIndex: 11})
	card.MayLackPFs = true
	in := Input{Asked: plantest.Trusted(plantest.Invalid("a"), c), Index: representor.NewIndex(card, representor.Settings{}),
		Actual: plantest.BridgeWith(leaking)}
	if d := Plan(in); !slices.Equal(did(d), []string{"-n1"}) {
		t.Errorf("did %q: %+v", did(d), d.Ports)
	}
}

// So has a port whose row went for that, under whatever name its mark had the function.
func TestUnnumbered_APortThatLostItsRowKeepsItsClaimUntilTheSouthboundWasAsked(t *testing.T) {
	a, c := plantest.Invalid("a"), onController(plantest.Asks("c", 0, 0), 1)
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10})
	card.MayLackPFs = true
	in := Input{Asked: plantest.Trusted(a, c), Index: representor.NewIndex(card, representor.Settings{}), Actual: plantest.BridgeWith(),
		Hold: Hold{Lost: map[representor.Function]string{called(unnumbered(testcard.VF(0, 0).String())): "a"}}}
	if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Unconfirmed, []string{"a", "c"}) {
		t.Errorf("did %q, asks about %q: %+v", did(d), d.Unconfirmed, d.Ports)
	}
	if d := planWith(in, a, c); !slices.Equal(did(d), []string{"+n0=c"}) {
		t.Errorf("with the Southbound's word: did %q: %+v", did(d), d.Ports)
	}
	lost := Input{Asked: plantest.Trusted(onController(plantest.Asks("a0", 0, 0), 1), c), Index: in.Index, Actual: in.Actual,
		Hold: Hold{Lost: map[representor.Function]string{called(unnumbered(testcard.VF(0, 0).String())): "c"}}}
	if d := Plan(lost); !slices.Equal(did(d), []string{"+n0=c"}) {
		t.Errorf("the port that lost it gets it again before another one: did %q: %+v", did(d), d.Ports)
	}
}

// Without our Chassis row, what is left of a request may take a row away, but not one that may be for what it means.
func TestUnnumbered_ARowStaysWithoutOurChassisWhileItMayBeWhatIsMeant(t *testing.T) {
	r := plantest.OurRow("a", "n0", 0, 0, 10)
	r.Marker.Function = unnumbered(r.Marker.Function)
	for name, tt := range map[string]struct {
		card representor.Card
		asks southbound.Binding
	}{
		"the function that is meant is known, and has no netdev": {
			card: testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "n0"}), asks: onController(plantest.Asks("a", 0, 0), 1),
		},
		"two hosts' PFs may be meant": {
			card: twoHosts(1, func(*devlink.Port, *representor.Link) {}), asks: onCard(plantest.Asks("a", 0, 0), "MT1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.card.MayLackPFs = true
			b := plantest.Classified(tt.asks, southbound.Kept)
			in := Input{Asked: plantest.Trusted(b), Index: representor.NewIndex(tt.card, representor.Settings{}), Actual: plantest.BridgeWith(r)}
			in.Asked.ChassisKnown = false
			if d := planWith(in, b); len(d.Changes) != 0 {
				t.Errorf("did %q: %+v", did(d), d.Ports)
			}
		})
	}
}

// The claim of a port that asks for another PF's VF, as the card shows, holds nobody back.
func TestUnnumbered_AClaimHoldsNobodyBackFromAFunctionThatItsPortCantMean(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "n0", IfIndex: 10})
	card.MayLackPFs = true
	lost := map[representor.Function]string{called(unnumbered(testcard.VF(0, 0).String())): "a"}
	for mac, held := range map[int]bool{0: true, 7: false} {
		a, d := onCard(plantest.Asks("a", mac, 0), "MT1"), onController(plantest.Asks("d", 0, 0), 1)
		in := Input{Asked: plantest.Trusted(a, d), Index: representor.NewIndex(card, representor.Settings{}), Actual: plantest.BridgeWith(),
			Hold: Hold{Lost: lost}}
		if p := planWith(in, a, d); (len(p.Changes) == 0) != held {
			t.Errorf("a asks for PF MAC %d: did %q: %+v", mac, did(p), p.Ports)
		}
	}
}
