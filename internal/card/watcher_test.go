package card

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

var _ portSource = fakePorts{}

// card is what the watcher shows.
func (w *Watcher) card() representor.Card {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.shown
}

// dpu is a kernel with one PF and one VF, both with netdevs.
func dpu() *kernel {
	k := newKernel()
	h := pci("0000:03:00.0")
	k.ports = []devlink.Port{
		vf(h, 0, 0, 12), pf(h, 0, net.HardwareAddr{0, 0x53, 0, 0, 0, 0x42}, 11), physical(h, 0, 10),
	}
	k.links = []netdev.Link{link(1, "lo"), link(10, "p0"), link(11, "pf0hpf"), link(12, "pf0vf0")}
	k.infos[h] = devlink.Info{Handle: h, BoardSerialNumber: " MT2314XZ00YA  \x00", SerialNumber: "e4397f872e4c"}
	return k
}

func TestWatcher_BeforeTheFirstReadTheIndexSaysThatNothingIsKnown(t *testing.T) {
	w := unstarted(t, dpu(), Options{})
	if complete, problem := w.Index().Complete(); complete || !strings.Contains(problem, "not been read yet") {
		t.Errorf("complete %v, problem %q; want false and that nothing was read", complete, problem)
	}
}

func TestWatcher_PortsLinksAndSerialNumbersAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, notified := watch(t, dpu(), Options{})
		pass(0)
		if complete, problem := w.Index().Complete(); !complete || problem != "" {
			t.Errorf("complete %v, problem %q; want true and none", complete, problem)
		}
		rep, ok := w.Index().ByNetdev("pf0vf0")
		if !ok || rep.Function.String() != "pci/0000:03:00.0 c1pf0vf0" || rep.IfIndex != 12 || !rep.Link.Settled {
			t.Errorf("pf0vf0 is %+v, %v; want the settled netdev of VF 0", rep, ok)
		}
		want := map[devlink.Handle]representor.Serial{pci("0000:03:00.0"): {Number: "MT2314XZ00YA", From: representor.SerialFromDevlink}}
		if diff := cmp.Diff(want, w.card().Serials); diff != "" {
			t.Errorf("serial numbers (-want +got):\n%s", diff)
		}
		if n := notified.Load(); n < 1 || n > 3 {
			t.Errorf("%d notifications; want one for each of ports, links and serial numbers at most", n)
		}
	})
}

func TestWatcher_AChangeIsSeenAtOnceWhenTheKernelNotifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		w, notified := watch(t, k, Options{})
		pass(time.Second)
		before := notified.Load()
		k.change(func(k *kernel) { k.links[3].Name = "renamed" })
		k.linkEvents.poke()
		pass(0)
		if _, ok := w.Index().ByNetdev("renamed"); !ok {
			t.Error("the new name is not known")
		}
		if n := notified.Load() - before; n != 1 {
			t.Errorf("%d notifications; want 1", n)
		}
	})
}

// Linux 6.1 tells nobody that a netdev has left a network namespace or come back,
// but for the list of netdevs.
func TestWatcher_ANetdevThatWasElsewhereWhenThePortsWereReadIsFoundWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.ports[0].IfIndex = 0
		here := k.links
		k.links = here[:3]
		w, _ := watch(t, k, Options{Audit: time.Hour})
		pass(time.Second)
		if _, ok := w.Index().ByNetdev("pf0vf0"); ok {
			t.Fatal("pf0vf0 is known while it is elsewhere")
		}
		k.change(func(k *kernel) { k.ports[0].IfIndex, k.links = 12, here })
		k.linkEvents.poke()
		pass(restMost)
		if rep, ok := w.Index().ByNetdev("pf0vf0"); !ok || rep.IfIndex != 12 {
			t.Errorf("pf0vf0 is %+v, %v after its return", rep, ok)
		}
	})
}

func TestWatcher_ThePortsAreReadAgainWhenANetdevMayBeOneThatTheyLack(t *testing.T) {
	h := pci("0000:03:00.0")
	links := func(ifindexes ...uint32) map[uint32]representor.Link {
		all := map[uint32]representor.Link{}
		for _, i := range ifindexes {
			all[i] = representor.Link{}
		}
		return all
	}
	of := func(ports ...devlink.Optional[devlink.PortID]) map[uint32]representor.Link {
		all := links(1)
		for i, p := range ports {
			all[20+uint32(i)] = representor.Link{TellsPort: true, Port: p}
		}
		return all
	}
	none, lacking, other := devlink.Optional[devlink.PortID]{}, vf(h, 0, 0, 0), vf(h, 0, 1, 12)
	for name, c := range map[string]struct {
		ports         []devlink.Port
		before, after map[uint32]representor.Link
		want          bool
	}{
		"one appears, and a VF has none":        {[]devlink.Port{vf(h, 0, 0, 0)}, links(1), links(1, 12), true},
		"one appears, and a VF's is not known":  {[]devlink.Port{vf(h, 0, 0, 9)}, links(1), links(1, 12), true},
		"a VF's vanishes":                       {[]devlink.Port{vf(h, 0, 0, 12)}, links(1, 12), links(1), true},
		"one is replaced by another":            {[]devlink.Port{vf(h, 0, 0, 0)}, links(1, 12), links(1, 13), true},
		"one vanishes that is no port's":        {[]devlink.Port{vf(h, 0, 0, 0)}, links(1, 12), links(1), false},
		"nothing changes, and a VF has none":    {[]devlink.Port{vf(h, 0, 0, 0)}, links(1), links(1), false},
		"one appears, and every VF has its own": {[]devlink.Port{vf(h, 0, 0, 12)}, links(12), links(1, 12), false},
		"one appears, and an uplink has none":   {[]devlink.Port{physical(h, 0, 0), vf(h, 0, 0, 12)}, links(12), links(1, 12), true},
		"a veth appears, and a VF has none": {[]devlink.Port{vf(h, 0, 0, 0)}, links(1),
			map[uint32]representor.Link{1: {}, 12: {Kind: "veth"}}, false},
		"an uplink's vanishes":                     {[]devlink.Port{physical(h, 0, 10), vf(h, 0, 0, 12)}, links(10, 12), links(12), true},
		"one appears, and there is no port":        {nil, links(), links(1), false},
		"one appears that is told to be no port's": {[]devlink.Port{lacking}, links(1), of(none), false},
		"one appears that is told to be its own":   {[]devlink.Port{lacking}, links(1), of(none, devlink.Some(lacking.ID())), true},
		"one appears that is told to be another's": {[]devlink.Port{lacking, other}, links(1, 12), of(devlink.Some(other.ID())), true},
		"one appears that is another's, which stays": {
			[]devlink.Port{lacking, vf(h, 0, 1, 1)}, links(1), of(devlink.Some(other.ID())), false,
		},
		"the first list has the netdevs of ports": {[]devlink.Port{vf(h, 0, 0, 12)}, nil, links(1, 12), false},
	} {
		if got := netdevMayBelong(c.ports, c.before, c.after); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Containers come and go, with a netdev each.
func TestWatcher_NetdevsThatVanishDoNotHaveThePortsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.ports[0].IfIndex = 0 // it has no netdev, for good
		for i := range 20 {
			k.links = append(k.links, link(uint32(100+i), fmt.Sprintf("veth%d", i)))
		}
		watch(t, k, Options{Audit: time.Hour})
		pass(time.Minute)
		before, _, _ := k.reads()
		for range 20 {
			k.change(func(k *kernel) { k.links = k.links[:len(k.links)-1] })
			k.linkEvents.poke()
			pass(restMost)
		}
		if after, _, _ := k.reads(); after != before {
			t.Errorf("the ports were read %d times; want not once", after-before)
		}
	})
}

func TestWatcher_NothingIsNotifiedWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		_, notified := watch(t, k, Options{})
		pass(time.Second)
		before := notified.Load()
		for range 50 {
			k.portEvents.poke()
			k.linkEvents.poke()
			pass(100 * time.Millisecond)
		}
		pass(10 * time.Minute)
		if n := notified.Load() - before; n != 0 {
			t.Errorf("%d notifications; want none", n)
		}
	})
}

func TestWatcher_AFloodOfNotificationsCostsABoundedNumberOfReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		ports, links, _ := k.reads()
		for i := range 10_000 {
			k.change(func(k *kernel) { k.links[3].MTU = uint32(1000 + i) })
			k.portEvents.poke()
			k.linkEvents.poke()
			pass(100 * time.Microsecond)
		}
		pass(time.Second)
		morePorts, moreLinks, _ := k.reads()
		if p, l := morePorts-ports, moreLinks-links; p > 25 || l > 25 || p < 5 || l < 5 {
			t.Errorf("%d reads of ports and %d of links in a second; want one every %v", p, l, restLeast)
		}
		if l, _ := w.Index().LinkByIfIndex(12); l.MTU != 10_999 {
			t.Errorf("the MTU is %d in the end; want that of the last change", l.MTU)
		}
	})
}

func TestWatcher_WhatTheKernelDoesNotNotifyOfIsFoundByTheAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		w, _ := watch(t, k, Options{Audit: 30 * time.Second})
		pass(time.Second)
		k.change(func(k *kernel) {
			k.ports[1] = pf(pci("0000:03:00.0"), 0, net.HardwareAddr{0, 0x53, 0, 0, 0, 0x43}, 11)
			k.links[3].Name = "other"
			k.infos[pci("0000:03:00.0")] = devlink.Info{BoardSerialNumber: "REPLACED"}
		})
		pass(30 * time.Second)
		rep, ok := w.Index().ByFunction(called("pci/0000:03:00.0 c1pf0"))
		if !ok || rep.HWAddr.String() != "00:53:00:00:00:43" {
			t.Errorf("the PF is %+v, %v; want its new MAC", rep, ok)
		}
		if _, ok := w.Index().ByNetdev("other"); !ok {
			t.Error("the new name is not known")
		}
		if s := w.card().Serials[pci("0000:03:00.0")].Number; s != "REPLACED" {
			t.Errorf("the serial number is %q; want the new one", s)
		}
	})
}

func TestWatcher_WithoutNotificationsTheKernelIsAskedEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.portEvents.joins, k.linkEvents.joins = false, false
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		if complete, _ := w.Index().Complete(); !complete {
			t.Error("not complete; want complete: both were read in full")
		}
		k.change(func(k *kernel) { k.ports, k.links[3].Name = k.ports[:2], "other" })
		pass(unheard)
		if _, ok := w.Index().ByNetdev("other"); !ok || len(w.card().Ports) != 2 {
			t.Errorf("after %v the change is not known", unheard)
		}
	})
}

func TestWatcher_WithoutDevlinkTheLinksAreKnownAndTheIndexSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.portErr = fmt.Errorf("devlink: list ports: %w", unix.ENOENT)
		w, _ := watch(t, k, Options{})
		pass(time.Minute)
		if complete, problem := w.Index().Complete(); complete || !strings.HasPrefix(problem, "no devlink") {
			t.Errorf("complete %v, problem %q; want false and \"no devlink\"", complete, problem)
		}
		if _, l, ok := w.Index().LinkByName("p0"); !ok || !l.Settled {
			t.Errorf("p0 is %+v, %v; want it known", l, ok)
		}
		if ports, _, _ := k.reads(); ports < 10 || ports > 15 {
			t.Errorf("devlink was asked for %d times in a minute; want once every 5 s", ports)
		}
		k.change(func(k *kernel) { k.portErr = nil })
		pass(retryMost)
		if complete, problem := w.Index().Complete(); !complete || problem != "" {
			t.Errorf("once devlink is there: complete %v, problem %q; want true and none", complete, problem)
		}
	})
}

func TestWatcher_WhatCanNotBeReadNowIsShownAsItWasAndNotComplete(t *testing.T) {
	for name, breakIt := range map[string]func(*kernel, error){
		"ports": func(k *kernel, err error) { k.portErr = err },
		"links": func(k *kernel, err error) { k.linkErr = err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := dpu()
				w, _ := watch(t, k, Options{})
				pass(time.Second)
				k.change(func(k *kernel) { breakIt(k, unix.EMFILE) })
				k.portEvents.poke()
				k.linkEvents.poke()
				pass(0)
				complete, problem := w.Index().Complete()
				if complete || !strings.Contains(problem, "too many open files") || !strings.Contains(problem, "read before") {
					t.Errorf("complete %v, problem %q; want false, the error, and that this is old", complete, problem)
				}
				if rep, ok := w.Index().ByNetdev("pf0vf0"); !ok || rep.IfIndex != 12 {
					t.Errorf("pf0vf0 is %+v, %v; want what was known before", rep, ok)
				}
				k.change(func(k *kernel) { breakIt(k, nil) })
				pass(retryMost)
				if complete, problem := w.Index().Complete(); !complete || problem != "" {
					t.Errorf("afterwards: complete %v, problem %q; want true and none", complete, problem)
				}
			})
		})
	}
}

func TestWatcher_FailingReadsAreRetriedWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.portErr, k.linkErr = unix.EMFILE, unix.EMFILE
		watch(t, k, Options{})
		pass(10 * time.Minute)
		if ports, links, _ := k.reads(); ports < 100 || ports > 130 || links < 100 || links > 130 {
			t.Errorf("%d reads of ports and %d of links in ten minutes; want one every 5 s", ports, links)
		}
	})
}

func TestWatcher_ADeviceWhoseLockIsHeldDoesNotHoldUpTheLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		hang := make(chan struct{})
		k.change(func(k *kernel) { k.hang = hang; k.links[3].Name = "renamed" })
		k.portEvents.poke()
		k.linkEvents.poke()
		pass(0)
		if _, ok := w.Index().ByNetdev("renamed"); !ok {
			t.Error("the new name is not known while devlink hangs")
		}
		pass(dumpBound + instanceBound)
		if complete, problem := w.Index().Complete(); complete || !strings.Contains(problem, "deadline") {
			t.Errorf("complete %v, problem %q; want false and a deadline", complete, problem)
		}
		k.change(func(k *kernel) { k.hang = nil })
		close(hang)
		pass(retryMost)
		if complete, problem := w.Index().Complete(); !complete {
			t.Errorf("afterwards not complete: %s", problem)
		}
	})
}

func TestWatcher_WhatIsLeftOutIsToldOfAndTheRestIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		k.portErr = &netlinkio.MalformedError{What: "devlink ports", Count: 2, Causes: []error{errors.New("no index")}}
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		if complete, problem := w.Index().Complete(); !complete || !strings.Contains(problem, "malformed devlink ports: 2") {
			t.Errorf("complete %v, problem %q; want true and a word on 2 ports", complete, problem)
		}
		if _, ok := w.Index().ByNetdev("pf0vf0"); !ok {
			t.Error("a port that is well is not known")
		}
		if c := w.Counters(); c.Ports.Malformed != 2 || c.Ports.Failures != 0 {
			t.Errorf("counters %+v; want 2 malformed and no failure", c.Ports)
		}
	})
}

func TestWatcher_LinkUpGoesToTheKernelWithoutRun(t *testing.T) {
	k := dpu()
	w := unstarted(t, k, Options{})
	if err := w.LinkUp(t.Context(), 12); err != nil || len(k.ups) != 1 || k.ups[0] != 12 {
		t.Errorf("%v, set up: %v; want 12", err, k.ups)
	}
	k.linkErr = unix.EPERM
	if err := w.LinkUp(t.Context(), 12); !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v; want os.ErrPermission", err)
	}
}

func TestCounters_TellWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		k.change(func(k *kernel) { k.linkErr = unix.EMFILE })
		k.linkEvents.poke()
		pass(0)
		want := Counters{
			Ports: SourceCounters{Reads: 1, Interrupted: 3, Events: 5, Overruns: 6, Unheard: 7},
			Links: SourceCounters{Reads: 2, Failures: 1, Interrupted: 4, Events: 5, Overruns: 6, Unheard: 7},
		}
		if diff := cmp.Diff(want, w.Counters()); diff != "" {
			t.Errorf("counters (-want +got):\n%s", diff)
		}
	})
}

func TestOptions_ThatCanNotBeMeantAreRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"relative sysfs": {SysfsRoot: "sys"},
		"relative udev":  {UdevRoot: "run/udev"},
		"audit too soon": {Audit: time.Millisecond},
		"audit negative": {Audit: -time.Minute},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
