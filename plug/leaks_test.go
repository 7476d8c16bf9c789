package plug

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// swapped is the card after VF 0's netdev was renamed and VF 1's got its name.
func swapped() *representor.Index {
	return indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}, netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11})
}

func TestALeakIsRemovedWithoutWaitingForTheSouthbound(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.view.Connected, c.silent = false, true
	c.index = indexOf(netdev{pf: 1, vf: 1, name: "pf0vf0", ifindex: 20})
	if rep := r.Pass(t.Context()); len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("rows %v, %d leaks counted; want no row and 1", c.rows(), rep.Leaks)
	}
}

func TestReadyWaitsForALeakThatCantBeRemovedYet(t *testing.T) {
	c := newCloud(indexOf(oneVF()))
	leak := ourRow("a", "pf0vf0", 0, 7, 10) // the netdev is VF 0's now
	c.actual = bridgeWith(leak)
	c.refuse["a"] = errors.New("disk full")
	r := c.reconciler(nil)
	r.Pass(t.Context())
	select {
	case <-r.Ready():
		t.Fatal("ready with a leak on the bridge")
	default:
	}
	c.refuse = map[string]error{}
	r.Pass(t.Context())
	select {
	case <-r.Ready():
	default:
		t.Fatal("not ready after the leak was removed")
	}
}

func TestALeakDoesNotWaitForThePaceOfWhatIsToBeDoneWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("constraint violation")
			c.index = indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10})
		})
		r.Poke()
		elapse(3 * time.Minute) // the swap is tried every 30 s by now
		c.with(func() {
			delete(c.refuse, "a")
			c.index = swapped()
		})
		r.Poke()
		synctest.Wait()
		if _, still := c.rows()["pf0vf0"]; still {
			t.Fatal("the leak waits for the next try of the swap")
		}
		elapse(time.Minute)
		if s := find(t, r.Report(), "a"); s.State != Plugged || s.Netdev != "ens1" || r.Report().Leaks != 1 {
			t.Errorf("a minute later: %+v, %d leaks", s, r.Report().Leaks)
		}
	})
}

func TestALeakIsClosedThoughThePlugThatGoesWithItIsRefused(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.index, c.refusePlugs = swapped(), errors.New("constraint violation")
	rep := r.Pass(t.Context())
	if len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("rows %v, %d leaks counted; want no row and 1", c.rows(), rep.Leaks)
	}
	if s := find(t, rep, "a"); codeOf(s.Reason) != reason.CodeTransactionFailed {
		t.Errorf("the plug that was refused: %+v", s)
	}
}

func TestALeakThatStaysDoesNotKeepOtherRemovalsFromBeingConfirmed(t *testing.T) {
	c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("a", 0, 0))
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 7, 10), ourRow("b", "pf0vf1", 0, 1, 11))
	c.refuse["a"] = errors.New("disk full")
	rep := c.reconciler(nil).Pass(t.Context())
	if _, still := c.rows()["pf0vf1"]; still {
		t.Errorf("the row of b, which nobody asks for, is still there: %+v", rep.Ports)
	}
}

func TestADryRunWithALeakPlansWhatARunWouldDo(t *testing.T) {
	c := newCloud(indexOf(oneVF()))
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 7, 10), ourRow("gone", "pf0vf9", 0, 9, 19))
	rep := c.reconciler(func(cfg *Config) { cfg.DryRun = true }).Pass(t.Context())
	if len(rep.Planned) != 2 || c.applied != 0 {
		t.Errorf("planned %d changes and made %d, want 2 and none", len(rep.Planned), c.applied)
	}
}

func TestReadyMeansThatThePlanSawTheCardItself(t *testing.T) {
	c := newCloud(indexOf(oneVF()))
	c.view = ovn.View{}
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 7, 10)) // a leak
	unread := representor.NewIndex(representor.Card{}, representor.Settings{})
	r := c.reconciler(func(cfg *Config) { cfg.Devices = &lateDevices{devices: devices{c}, first: unread} })
	r.Pass(t.Context())
	select {
	case <-r.Ready():
		if len(c.rows()) != 0 {
			t.Error("ready with a leak on the bridge")
		}
	default:
	}
	r.Pass(t.Context())
	select {
	case <-r.Ready():
	default:
		t.Error("not ready after a pass that saw everything")
	}
	if len(c.rows()) != 0 {
		t.Errorf("left %v", c.rows())
	}
}

func TestANetdevThatNoDevlinkPortClaimsIsNoLeak(t *testing.T) {
	card := cardOf(netdev{pf: 0, vf: 0})
	card.Links[10] = representor.Link{Name: "pf0vf0", Up: true, Settled: true} // registered before devlink names it
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	d := planWith(Input{Asked: trusted(asks("a", 0, 0)), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(row)},
		asks("a", 0, 0))
	if s := statusOf(t, d, "a"); len(d.Changes) != 0 || s.State != Pending || codeOf(s.Reason) != reason.CodeNoNetdev {
		t.Errorf("plan %v, status %+v; want the row to stay", did(d), s)
	}
}

// What a row is for is known from its request alone once its function was edited away. While
// the card has no PF of that MAC it may be for any VF 0, and never for a VF 1.
func TestARowThatLostItsFunctionIsALeakOfAnyOtherNumberThanWasAsked(t *testing.T) {
	edited := ourRow("a", "pf0vf0", 0, 0, 10)
	edited.Marker.Function = ""
	unknown := asks("a", 0, 0)
	unknown.Request.Query.PFMAC = representor.MAC{0, 0x53, 0, 0, 0, 0x99}
	edited.Marker.Request = unknown.Request.Query.String()
	opened := edited
	opened.Name, opened.PortName, opened.IfIndex = "old", "old", 11
	keeps := unknown
	keeps.Fate = ovn.Kept
	other, silent := edited, edited
	other.Marker.Request, silent.Marker.Request = vfQuery(3, 0).String(), "edited"
	swapped := netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}
	for _, c := range []struct {
		name string
		row  ovs.Interface
		asks ovn.Binding
		card netdev
		want int
	}{
		{"a VF of another number has its name", edited, unknown, swapped, 1},
		{"a VF of another number is open under it", opened, unknown, netdev{pf: 0, vf: 1, name: "new", ifindex: 11}, 1},
		{"a VF of the number that is asked", edited, unknown, netdev{pf: 1, vf: 0, name: "pf0vf0", ifindex: 20}, 0},
		{"no netdev", edited, unknown, netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}, 0},
		{"nobody asks for it now", edited, keeps, swapped, 1},
		{"the row was made for another request, of the same number", other, unknown, swapped, 1},
		{"the row doesn't say what it was asked for", silent, unknown, swapped, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := planWith(Input{Asked: trusted(c.asks), Index: indexOf(c.card), Actual: bridgeWith(c.row)})
			if len(d.Leaks) != c.want {
				t.Errorf("%d leaks, want %d: %v", len(d.Leaks), c.want, did(d))
			}
		})
	}
}

// A row that lost representord-function, while the card knows which function is asked
// for: that one has no netdev now, and another PF's VF of the same number has the name.
func TestARowWithoutItsFunctionThatHasAnotherPFsNetdevGoes(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 20)
	row.Marker.Function = ""
	d := planWith(Input{
		Asked:  trusted(asks("a", 0, 0)),
		Index:  indexOf(netdev{pf: 0, vf: 0}, netdev{pf: 1, vf: 0, name: "pf0vf0", ifindex: 20}),
		Actual: bridgeWith(row),
	}, asks("a", 0, 0))
	if got := did(d); len(got) != 1 || got[0] != "-pf0vf0" {
		t.Errorf("did %q, want -pf0vf0: port a is on the network of %s; it is %+v", got, vfFunction(1, 0), d.Ports[0].Reason)
	}
}

// A DPU boots a kernel that reports controllers, which the one before didn't: the same
// function under the same name has a marker in other words. The Southbound is away, so
// what is removed stays away.
func TestARowOfAKernelWithoutControllersIsNoLeak(t *testing.T) {
	row := ourRow("a", "pf0vf0", 0, 0, 10)
	row.Marker.Function = unnumbered(vfFunction(0, 0).String())
	view := trusted()
	view.Connected, view.Complete = false, false
	d := Plan(Input{Asked: view, Index: indexOf(oneVF()), Actual: bridgeWith(row)})
	if len(d.Changes) != 0 {
		t.Errorf("did %q for a row of %q, whose netdev is %q", did(d), row.Marker.Function, vfFunction(0, 0))
	}
}

func TestARowOfAKernelWithoutControllersIsTheFunctions(t *testing.T) {
	old := ourRow("a", "pf0vf0", 0, 0, 10)
	old.Marker.Function = unnumbered(vfFunction(0, 0).String())
	secondHost := func(c *representor.Card) {
		pf := c.Ports[0]
		pf.Index, pf.Controller, pf.Function = 999, devlink.Some(uint32(2)), &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x99}}
		c.Ports = append(c.Ports, pf)
	}
	renamed := netdev{pf: 0, vf: 0, name: "c1pf0vf0", ifindex: 10}
	for _, tt := range []struct {
		name string
		dev  netdev
		card func(*representor.Card)
		asks ovn.Binding
		want []string
	}{
		{name: "its marker is corrected", dev: oneVF(), asks: asks("a", 0, 0), want: []string{"~pf0vf0"}},
		{name: "it follows its netdev", dev: renamed, asks: asks("a", 0, 0), want: []string{"-pf0vf0 +c1pf0vf0=a"}},
		{name: "also while it is only kept", dev: renamed, asks: fated(asks("a", 0, 0), ovn.Kept), want: []string{"-pf0vf0 +c1pf0vf0=a"}},
		{name: "it makes room for another port that asks for its function", dev: renamed, asks: asks("b", 0, 0),
			want: []string{"-pf0vf0 +c1pf0vf0=b"}},
		{name: "another VF's netdev is a leak", dev: netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 10}, asks: fated(asks("a", 0, 0), ovn.Kept),
			want: []string{"-pf0vf0"}},
		{name: "it is nobody's if it may be another host's", dev: oneVF(), card: secondHost, asks: fated(asks("a", 0, 0), ovn.Kept),
			want: []string{"-pf0vf0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card := cardOf(tt.dev)
			if tt.card != nil {
				tt.card(&card)
			}
			in := Input{Asked: trusted(tt.asks), Index: representor.NewIndex(card, representor.Settings{}), Actual: bridgeWith(old)}
			d := planWith(in, tt.asks)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Fatalf("changes (-want +got):\n%s", diff)
			}
			after, err := commit(in.Actual, in.Index, d.Changes)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range after.Interfaces {
				if r.Marker.Function != vfFunction(0, 0).String() {
					t.Errorf("%s says it is for %q", r.Name, r.Marker.Function)
				}
			}
		})
	}
}

// ovs-vswitchd keeps what it has open under a row that comes back at once, whoever's it is.
func TestLeak_ANameThatWasOpenForAnotherNetdevIsForNobodyForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("b", 0, 0))
		c.actual = bridgeWith(ourRow("o", "pf0vf0", 0, 0, 11))
		run(t, c.reconciler(nil))
		elapse(reopenDelay - 10*time.Millisecond)
		if rows := c.rows(); len(rows) != 0 {
			t.Errorf("%+v", rows)
		}
		elapse(20 * time.Millisecond)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "b" {
			t.Errorf("%+v", c.rows())
		}
	})
}

// The program was stopped between the plan and the commit, and the names were dealt back.
func TestLeak_ARowWhoseNameIsTheFunctionsAgainBeforeTheCommitStays(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))
	d := &lateDevices{devices: devices{c}, first: swapped()}
	rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
	if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || rep.Leaks != 0 || c.applied != 0 {
		t.Errorf("%d leaks closed, %d changes, rows %v", rep.Leaks, c.applied, c.rows())
	}
}

// thenDevices let something happen when they are asked for the second time.
type thenDevices struct {
	devices
	asked int
	then  func()
}

func (d *thenDevices) Index() *representor.Index {
	if d.asked++; d.asked == 2 {
		d.with(d.then)
	}
	return d.devices.Index()
}

// ovs-vswitchd has opened the right netdev since the plan, or somebody has put the marks right.
func TestLeak_ARowThatIsRightWhenItComesToTheCommitStays(t *testing.T) {
	right := ourRow("a", "pf0vf0", 0, 0, 10)
	wrongOpen, wrongMark := right, right
	wrongOpen.IfIndex = 11
	wrongMark.Marker.Function = vfFunction(0, 1).String()
	for name, row := range map[string]ovs.Interface{"another netdev was open": wrongOpen, "another function was marked": wrongMark} {
		for _, mended := range []bool{true, false} {
			c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("a", 0, 0))
			c.actual = bridgeWith(row)
			d := &thenDevices{devices: devices{c}, then: func() {
				if mended {
					c.actual = bridgeWith(right)
				}
			}}
			rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
			if d.asked < 2 || (rep.Leaks == 0) != mended {
				t.Errorf("%s, mended %v: %d leaks closed, rows %v", name, mended, rep.Leaks, c.rows())
			}
		}
	}
}

func TestLeak_OneThatWasSeenIsClosedThoughTheCardSaysLessWhenItComesToTheCommit(t *testing.T) {
	one, two := netdev{pf: 0, vf: 0, name: "pf0vf1", ifindex: 10}, netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}
	full, newer := cardOf(one, two), cardOf(one, netdev{pf: 0, vf: 1})
	newer.Links[30] = representor.Link{
		Name: "pf0vf0", Up: true, Settled: true, TellsPort: true, Port: devlink.Some(devlink.PortID{Handle: handle(), Index: 77}),
	}
	for name, card := range map[string]representor.Card{
		"nothing is known":           {Problem: "interrupted", LinksProblem: "interrupted"},
		"netdevs alone are":          {Problem: "interrupted", LinksComplete: true, Links: full.Links},
		"two ports claim the netdev": cardOf(one, two, netdev{pf: 0, vf: 2, name: "pf0vf0", ifindex: 11}),
		"its port isn't listed yet":  newer,
		"the VFs' ports are gone":    {Complete: true, Links: full.Links, Ports: full.Ports[:2]},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(representor.NewIndex(card, representor.Settings{}), asks("a", 0, 0))
			row := ourRow("a", "pf0vf0", 0, 0, 11)
			row.Ofport, row.IfIndex = -1, 0
			c.actual = bridgeWith(row)
			d := &lateDevices{devices: devices{c}, first: representor.NewIndex(full, representor.Settings{})}
			if rep := c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context()); rep.Leaks != 1 {
				t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
			}
		})
	}
}
