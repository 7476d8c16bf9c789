package plug

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/representor"
)

// A reboot dealt all names anew, and last night's Southbound was put back meanwhile. The
// rows that say so leak, and go before the Southbound can be asked, or after.
func TestHold_AReplacedSouthboundIsKnownFromRowsThatLeakedToo(t *testing.T) {
	for name, first := range map[string]bool{"the card is there first": false, "the Southbound is there first": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 4
				c := manyPorts(n)
				run(t, c.reconciler(nil))
				synctest.Wait()
				var devs, away []netdev
				var stale []ovn.Binding
				for vf := range n {
					devs = append(devs, netdev{pf: 0, vf: vf, name: fmt.Sprintf("pf0vf%d", (vf+1)%n), ifindex: uint32(30 + vf)})
					away = append(away, netdev{pf: 0, vf: vf})
					stale = append(stale, asks(fmt.Sprintf("old%d", vf), 0, vf))
				}
				if !first {
					away = devs
				}
				again := newCloud(indexOf(away...), stale...)
				again.actual = c.actual
				again.view.Connected = first
				again.view.Identity, again.view.Names = "sb2", ovn.Names{Global: "sb2"}
				r := again.reconciler(nil)
				run(t, r)
				elapse(time.Second)
				again.with(func() { again.view.Connected, again.index = true, indexOf(devs...) })
				r.Poke()
				elapse(time.Minute)
				for name, row := range again.rows() {
					t.Errorf("%s is %s's in the Southbound of last night, held: %+v", name, row.IfaceID, r.Report().Holds)
				}
				elapse(3 * time.Minute)
				if got := len(again.rows()); got != n {
					t.Errorf("%d rows after the hold, want %d", got, n)
				}
			})
		})
	}
}

// The row of a port leaks, and another port asks for its function.
func TestOwner_AFunctionWhoseRowLeaksGoesToAnotherPortOnlyWhenTheSouthboundWasAskedAboutBoth(t *testing.T) {
	in := Input{
		Asked: trusted(asks("b", 0, 0)), Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10)),
		Index: indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}, netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 20}),
	}
	if d := Plan(in); !slices.Equal(did(d), []string{"-pf0vf0"}) || !slices.Equal(d.Doubts, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %q, doubts %q", did(d), d.Doubts)
	}
	lost := in
	lost.Actual, lost.Hold.Lost = bridgeWith(), map[representor.Function]string{vfFunction(0, 0): "a"}
	if d := Plan(lost); len(d.Changes) != 0 || !slices.Equal(d.Doubts, []string{"a", "b"}) {
		t.Errorf("its row is gone, and nobody was asked: planned %q, doubts %q", did(d), d.Doubts)
	}
	for name, tt := range map[string]struct {
		truth []ovn.Binding
		want  string
	}{
		"nothing asks for it any more": {nil, "+ens1=b"},
		"it is still asked for":        {[]ovn.Binding{asks("a", 0, 0)}, "+ens1=a"},
	} {
		if d := planWith(in, tt.truth...); !slices.Equal(did(d), []string{"-pf0vf0", tt.want}) {
			t.Errorf("%s: planned %q", name, did(d))
		}
		if d := planWith(lost, tt.truth...); !slices.Equal(did(d), []string{tt.want}) {
			t.Errorf("%s, its row is gone: planned %q", name, did(d))
		}
	}
	in.Hold.All, lost.Hold.All = true, true
	if d := planWith(in); !slices.Equal(did(d), []string{"-pf0vf0"}) {
		t.Errorf("under a hold, planned %q", did(d))
	}
	if d := planWith(lost); len(d.Changes) != 0 {
		t.Errorf("under a hold, its row gone, planned %q", did(d))
	}
}

// Two ports ask for one function, and the one that has it is served. Its netdev's name is
// dealt anew.
func TestOwner_IsNoOtherAfterALeakIsClosed(t *testing.T) {
	for name, back := range map[string]time.Duration{"at once": 0, "its netdev comes later": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(indexOf(oneVF()), asks("b", 0, 0), asks("a", 0, 0))
				c.actual = bridgeWith(ourRow("b", "pf0vf0", 0, 0, 10))
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				other := netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 20}
				moved := netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}
				if back > 0 {
					c.with(func() { c.index = indexOf(netdev{pf: 0, vf: 0}, other) })
					r.Poke()
					elapse(back)
				}
				c.with(func() { c.index = indexOf(moved, other) })
				r.Poke()
				elapse(time.Second)
				if row := c.rows()["ens1"]; row.IfaceID != "b" {
					t.Errorf("b's machine is %s's", row.IfaceID)
				}
			})
		})
	}
}

// Names were dealt anew, and all rows made anew. The ports are as old as before.
func TestBrake_PortsThatGoOneByOneAfterALeakWasClosedAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 16
		c := manyPorts(n)
		r := c.reconciler(nil)
		run(t, r)
		elapse(brakeWindow)
		for _, unready := range []bool{true, false} {
			var devs []netdev
			for vf := range n {
				devs = append(devs, netdev{pf: 0, vf: vf, name: fmt.Sprintf("pf0vf%d", (vf+1)%n), ifindex: uint32(30 + vf), unready: unready})
			}
			c.with(func() { c.index = indexOf(devs...) })
			r.Poke()
			elapse(time.Second)
		}
		for left := n - 1; left >= 0; left-- {
			c.leave(r, left)
			elapse(time.Second)
		}
		if got := len(c.rows()); got < n/2 {
			t.Errorf("%d rows of %d are left, held: %+v", got, n, r.Report().Holds)
		}
	})
}

// Somebody took away what a row is for, and the names were dealt anew: the row has another
// function's netdev. What it was asked for is another port's now.
func TestOwner_ARowThatHasLostItsFunctionHasAClaimToWhatItWasAskedFor(t *testing.T) {
	r := ourRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function = ""
	in := Input{
		Asked: trusted(asks("a", 0, 1), asks("b", 0, 0)), Actual: bridgeWith(r),
		Index: indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}, netdev{pf: 0, vf: 1, name: "ens2", ifindex: 11},
			netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 20}),
	}
	if d := Plan(in); !slices.Equal(did(d), []string{"-pf0vf0"}) || !slices.Equal(d.Doubts, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %q, doubts %q", did(d), d.Doubts)
	}
	if d := planWith(in, asks("a", 0, 1), asks("b", 0, 0)); !slices.Equal(did(d), []string{"-pf0vf0", "+ens2=a", "+ens1=b"}) {
		t.Errorf("planned %q", did(d))
	}
}

// The row that leaked has gone, and the Southbound has been asked about nobody.
func TestOwner_AClaimOutlivesTheLeakOfARowThatHasLostItsFunction(t *testing.T) {
	r := ourRow("a", "pf0vf0", 0, 0, 20)
	r.Marker.Function = ""
	x := indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}, netdev{pf: 0, vf: 7, name: "pf0vf0", ifindex: 20})
	h, now := holder{}, time.Now()
	h.before(now, trusted(), x, bridgeWith(r))
	hold := h.before(now.Add(time.Second), trusted(), x, bridgeWith())
	d := Plan(Input{Asked: trusted(asks("b", 0, 0)), Index: x, Actual: bridgeWith(), Hold: hold})
	if len(d.Changes) != 0 || !slices.Equal(d.Doubts, []string{"a", "b"}) {
		t.Errorf("nobody was asked: planned %q, doubts %q", did(d), d.Doubts)
	}
}

// As long as its name is its own function's, a row that lost its function is put right, and its
// port goes on, whatever others ask for.
func TestOwner_ARowThatLostItsFunctionIsForWhatItWasAskedFor(t *testing.T) {
	r := ourRow("a", "pf0vf0", 0, 0, 10)
	r.Marker.Function = ""
	in := Input{
		Asked: trusted(asks("a", 0, 0), asks("b", 0, 1)), Actual: bridgeWith(r),
		Index: indexOf(netdev{pf: 0, vf: 0, name: "pf0vf0", ifindex: 10}, netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}),
	}
	if d := planWith(in, asks("a", 0, 0), asks("b", 0, 1)); !slices.Equal(did(d), []string{"~pf0vf0", "+pf0vf1=b"}) {
		t.Errorf("planned %q", did(d))
	}
	in.Asked = trusted(asks("b", 0, 0))
	if d := Plan(in); len(d.Changes) != 0 || !slices.Equal(d.Doubts, []string{"a", "b"}) {
		t.Errorf("another port asks for it, and nobody was asked: planned %q, doubts %q", did(d), d.Doubts)
	}
}

// Of two requests that the card can't follow only one may be for the function.
func TestOwner_AClaimCountsOnlyWhereTheRequestMayMeanTheFunction(t *testing.T) {
	for name, tt := range map[string]struct {
		vf     int
		serial string
		mac    int
		want   []string
	}{
		"it may be meant, the card tells no serial number": {0, "MT1", 0, nil},
		"another VF is meant":                              {7, "MT1", 0, []string{"+ens1=b"}},
		"a PF is meant that isn't there":                   {0, "", 9, []string{"+ens1=b"}},
	} {
		a := asks("a", tt.mac, tt.vf)
		a.Request.Query.CardSerial = tt.serial
		in := Input{
			Asked: trusted(a, asks("b", 0, 0)), Actual: bridgeWith(), Index: indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}),
			Hold: Hold{Lost: map[representor.Function]string{vfFunction(0, 0): "a"}},
		}
		if d := planWith(in, a, asks("b", 0, 0)); !slices.Equal(did(d), tt.want) {
			t.Errorf("%s: planned %q", name, did(d))
		}
	}
}

// The row was one of a kernel that numbered no controllers.
func TestOwner_AClaimIsToTheFunctionAsTheCardCallsItNow(t *testing.T) {
	in := Input{
		Asked: trusted(asks("b", 0, 0)), Actual: bridgeWith(), Index: indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}),
		Hold: Hold{All: true, Lost: map[representor.Function]string{called(unnumbered(vfFunction(0, 0).String())): "a"}},
	}
	if d := planWith(in); len(d.Changes) != 0 {
		t.Errorf("planned %q", did(d))
	}
}
