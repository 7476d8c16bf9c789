package card

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

func TestSettling_ANewNetdevWaitsForUdev(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		udev := t.TempDir()
		touch(t, udev, "control")
		for _, i := range []int{1, 10, 11, 12} {
			touch(t, udev, fmt.Sprintf("data/n%d", i))
		}
		k := dpu()
		w, notified := watch(t, k, Options{UdevRoot: udev})
		pass(0)
		for _, name := range []string{"lo", "p0", "pf0vf0"} {
			if _, l, ok := w.Index().LinkByName(name); !ok || !l.Settled {
				t.Errorf("%s is %+v, %v at the start; want it settled: udev knows it", name, l, ok)
			}
		}

		k.change(func(k *kernel) { k.links = append(k.links, link(13, "eth0")) })
		k.linkEvents.poke()
		pass(time.Second)
		if _, l, ok := w.Index().LinkByName("eth0"); !ok || l.Settled {
			t.Errorf("eth0 is %+v, %v; want it known and not settled", l, ok)
		}
		// udev renames it, then writes its entry. Neither is notified of here.
		k.change(func(k *kernel) { k.links[4].Name = "pf0vf1" })
		touch(t, udev, "data/n13")
		before := notified.Load()
		pass(3 * settlePoll)
		if l, ok := w.Index().LinkByIfIndex(13); !ok || !l.Settled || l.Name != "pf0vf1" {
			t.Errorf("it is %+v, %v; want it settled under the name that udev gave it", l, ok)
		}
		if n := notified.Load() - before; n != 1 {
			t.Errorf("%d notifications; want 1", n)
		}
	})
}

func TestSettling_ANetdevThatUdevDoesNotFinishSettlesAfterThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		udev := t.TempDir()
		touch(t, udev, "control")
		k := dpu()
		w, _ := watch(t, k, Options{UdevRoot: udev})
		pass(2900 * time.Millisecond)
		if _, l, _ := w.Index().LinkByName("p0"); l.Settled {
			t.Error("settled after 2.9 s; want it to wait for udev")
		}
		_, links, _ := k.reads()
		if links > 2 {
			t.Errorf("%d lists of links; want udev to be asked, not the kernel", links)
		}
		pass(300 * time.Millisecond)
		if _, l, _ := w.Index().LinkByName("p0"); !l.Settled {
			t.Error("not settled after 3.2 s; want it settled")
		}
	})
}

func TestFiles_ThePFsAddressIsLookedForInSysfsWhereDevlinkDoesNotTellIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sysfs := t.TempDir()
		k := dpu()
		h := pci("0000:03:00.0")
		k.ports[1] = pf(h, 0, make(net.HardwareAddr, 6), 11)
		w, _ := watch(t, k, Options{SysfsRoot: sysfs})
		pass(time.Second)
		if len(w.card().PFMACs) != 0 {
			t.Errorf("%v; want nothing yet", w.card().PFMACs)
		}
		write(t, sysfs, "class/net/p0/ifindex", "10\n")
		write(t, sysfs, "class/net/p0/smart_nic/pf/config", "MAC        : 5c:25:73:37:70:5a\nMaxTxRate  : 0\nState      : Follow\n")
		pass(macRetry)
		rep, _ := w.Index().ByFunction(called("pci/0000:03:00.0 c1pf0"))
		if rep.HWAddr.String() != "5c:25:73:37:70:5a" {
			t.Errorf("the PF's address is %s; want that of the file", rep.HWAddr)
		}
		// Once devlink tells it, the file counts for nothing.
		k.change(func(k *kernel) { k.ports[1] = pf(h, 0, net.HardwareAddr{0, 0x53, 0, 0, 0, 0x42}, 11) })
		k.portEvents.poke()
		pass(time.Second)
		rep, _ = w.Index().ByFunction(called("pci/0000:03:00.0 c1pf0"))
		if len(w.card().PFMACs) != 0 || rep.HWAddr.String() != "00:53:00:00:00:42" {
			t.Errorf("%v, the PF's address is %s; want devlink's alone", w.card().PFMACs, rep.HWAddr)
		}
	})
}
