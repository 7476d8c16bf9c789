package card

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
)

func TestSerial_NumbersAreAskedForOnceUntilTheAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		second := pci("0000:04:00.0")
		watch(t, k, Options{Audit: time.Minute})
		pass(time.Second)
		for range 20 {
			k.portEvents.poke()
			pass(time.Second)
		}
		if _, _, infos := k.reads(); infos != 1 {
			t.Errorf("one device was asked %d times; want once", infos)
		}
		k.change(func(k *kernel) { k.ports = append(k.ports, pf(second, 1, nil, 0)) })
		k.portEvents.poke()
		pass(time.Second)
		if _, _, infos := k.reads(); infos != 2 {
			t.Errorf("%d questions; want one more, to the new device only", infos)
		}
		pass(time.Minute)
		if _, _, infos := k.reads(); infos != 4 {
			t.Errorf("%d questions; want both asked again by the audit", infos)
		}
	})
}

func TestSerial_ADeviceThatFailsToDescribeItselfKeepsItsNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		h := pci("0000:03:00.0")
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		k.change(func(k *kernel) { k.infoErr = unix.EIO })
		pass(5 * time.Minute)
		if s := w.card().Serials[h].Number; s != "MT2314XZ00YA" {
			t.Errorf("the serial number is %q; want the known one", s)
		}
		if complete, problem := w.Index().Complete(); !complete {
			t.Errorf("not complete: %s; want complete: the ports are known", problem)
		}
		k.change(func(k *kernel) { k.ports, k.infoErr = nil, nil })
		k.portEvents.poke()
		pass(time.Second)
		if s, ok := w.card().Serials[h]; ok {
			t.Errorf("the serial number of a device that is gone is %q; want none", s)
		}
	})
}

// What VPD tells would be published, and swapped for devlink's number later.
func TestSerial_ADeviceThatIsBusyIsAskedAgainSoonAndItsVPDIsNotTakenMeanwhile(t *testing.T) {
	for _, refusal := range []error{unix.EBUSY, unix.EIO} {
		synctest.Test(t, func(t *testing.T) {
			h := pci("0000:03:00.0")
			root := t.TempDir()
			withVPD(t, root, h.Device, "OTHER01")
			k := dpu()
			k.infoErr = refusal
			if s, ok := readSerials(t, k, root)[h]; ok {
				t.Errorf("read once, after %v, the serial number is %+v; want none yet", refusal, s)
			}
			w, _ := watch(t, k, Options{SysfsRoot: root, Audit: time.Hour})
			pass(serialRetry + time.Second)
			if s, ok := w.card().Serials[h]; ok {
				t.Errorf("after %v the serial number is %+v; want none yet", refusal, s)
			}
			k.change(func(k *kernel) { k.infoErr = nil })
			pass(serialRetry)
			if s := w.card().Serials[h].Number; s != "MT2314XZ00YA" {
				t.Errorf("once it answers the serial number is %q", s)
			}
			if _, _, infos := k.reads(); infos > 5 {
				t.Errorf("%d questions; want one every %v", infos, serialRetry)
			}
		})
	}
}

func TestSerial_ADeviceWhoseDriverTellsNothingOfItselfIsAskedForItsVPDAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := pci("0000:03:00.0")
		root := t.TempDir()
		withVPD(t, root, h.Device, "MT2025K30970")
		k := dpu()
		k.infoErr = unix.EOPNOTSUPP
		w, _ := watch(t, k, Options{SysfsRoot: root})
		pass(time.Second)
		if s := w.card().Serials[h].Number; s != "MT2025K30970" {
			t.Errorf("the serial number is %q; want VPD's", s)
		}
	})
}

// The machine's own scalable functions are instances too, hundreds of them.
func TestSerial_OnlyDevicesWithFunctionsAreAskedForANumber(t *testing.T) {
	h := pci("0000:03:00.0")
	own := devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.sf.4"}
	virtual := physical(own, 0, 0)
	virtual.Flavour = devlink.FlavourVirtual
	ports := []devlink.Port{physical(pci("0000:05:00.0"), 0, 10), virtual, physical(h, 0, 11), vf(h, 0, 0, 12)}
	if got := described(ports); !slices.Equal(got, []devlink.Handle{h}) {
		t.Errorf("asked are %v; want %v alone", got, h)
	}
}

// silent is a kernel in which one device's firmware doesn't answer. Its requests
// go through a client's gate.
type silent struct {
	fakePorts
	gate   *netlinkio.Gate
	device devlink.Handle
	wake   chan struct{}

	mu    sync.Mutex
	asked []devlink.Handle
}

func (s *silent) Info(ctx context.Context, h devlink.Handle) (devlink.Info, error) {
	s.mu.Lock()
	s.asked = append(s.asked, h)
	s.mu.Unlock()
	return netlinkio.Call(ctx, s.gate, func() (devlink.Info, error) {
		if h == s.device {
			<-s.wake
		}
		return s.fakePorts.Info(ctx, h)
	})
}

// manyCards is a kernel with the card of dpu and twenty more with a VF each.
func manyCards() *kernel {
	k := dpu()
	for i := range 20 {
		h := pci(fmt.Sprintf("0000:%02x:00.0", 0x10+i))
		k.ports = append(k.ports, vf(h, 0, 0, 0))
		k.infos[h] = devlink.Info{Handle: h, BoardSerialNumber: fmt.Sprintf("MT%d", i)}
	}
	return k
}

func TestSerial_ADeviceThatDoesNotAnswerHoldsUpNothingButNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := manyCards()
		s := &silent{fakePorts: fakePorts{k}, gate: netlinkio.NewGate(), device: pci("0000:10:00.0"), wake: make(chan struct{})}
		w := unstarted(t, k, Options{UdevRoot: "/nonexistent"})
		w.serials.source = s
		t.Cleanup(start(t, w))
		pass(time.Second)

		k.change(func(k *kernel) {
			k.ports = append(k.ports, vf(pci("0000:03:00.0"), 0, 1, 13))
			k.links = append(k.links, link(13, "pf0vf1"))
		})
		k.portEvents.poke()
		k.linkEvents.poke()
		pass(restMost)
		if _, ok := w.Index().ByNetdev("pf0vf1"); !ok {
			t.Error("a new VF is not seen while a device doesn't answer")
		}
		pass(2 * infoBound)
		if got := w.card().Serials; got[pci("0000:03:00.0")].Number != "MT2314XZ00YA" {
			t.Errorf("serial numbers %v; want those that were answered", got)
		}

		close(s.wake)
		pass(serialRetry + restMost)
		if got := w.card().Serials; len(got) != 21 {
			t.Errorf("%d serial numbers once the device answers; want all 21", len(got))
		}
	})
}

func TestSerial_ReadWaitsForADeviceThatDoesNotAnswerOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := manyCards()
		s := &silent{fakePorts: fakePorts{k}, gate: netlinkio.NewGate(), device: pci("0000:10:00.0"), wake: make(chan struct{})}
		defer close(s.wake)
		o, err := Options{UdevRoot: "/nonexistent"}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		got, err := readOnce(t.Context(), o, s, fakeLinks{k})
		if err != nil || !got.Complete || len(got.Ports) != 23 || len(got.Serials) != 1 {
			t.Errorf("%d ports, complete %v, serial numbers %v, %v; want all but the serial numbers from there on",
				len(got.Ports), got.Complete, got.Serials, err)
		}
		if took := time.Since(begin); took > infoBound+time.Second || len(s.asked) != 2 {
			t.Errorf("it took %v and %d questions; want %v and two", took, len(s.asked), infoBound)
		}
	})
}
