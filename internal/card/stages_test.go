package card

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
)

func TestRead_JoinsEverythingOnce(t *testing.T) {
	sysfs := t.TempDir()
	write(t, sysfs, "class/net/p0/ifindex", "10\n")
	write(t, sysfs, "class/net/p0/smart_nic/pf/config", "MAC : 00:53:00:00:00:42\n")
	k := dpu()
	h := pci("0000:03:00.0")
	k.ports[1] = pf(h, 0, nil, 11)
	o, err := Options{SysfsRoot: sysfs, UdevRoot: t.TempDir()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	got, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Complete || got.Problem != "" || len(got.Ports) != 3 || len(got.Links) != 4 || !got.Links[12].Settled ||
		got.Serials[h].Number != "MT2314XZ00YA" || len(got.PFMACs) != 1 {
		t.Errorf("got %+v; want it all", got)
	}
}

func TestRead_OfHalfACardGivesTheOtherHalfAndAnError(t *testing.T) {
	o, err := Options{UdevRoot: t.TempDir()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	k := dpu()
	k.portErr = fmt.Errorf("devlink: %w", unix.ENOENT)
	got, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if !errors.Is(err, os.ErrNotExist) || got.Complete || !strings.HasPrefix(got.Problem, "no devlink") || len(got.Links) != 4 {
		t.Errorf("without devlink: %+v, %v; want links, \"no devlink\" and os.ErrNotExist", got, err)
	}
	k = dpu()
	k.portErr = unix.EMFILE
	k.links[3].Port = toldPort(k.ports[0]) // read once, it is not asked for by itself
	got, err = readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if !errors.Is(err, unix.EMFILE) || got.Complete || got.Problem != "devlink can't be read: too many open files" || len(got.Ports) != 0 {
		t.Errorf("without ports: %+v, %v; want links and EMFILE", got, err)
	}
	k = dpu()
	k.linkErr = unix.EMFILE
	got, err = readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if !errors.Is(err, unix.EMFILE) || got.Complete || len(got.Ports) != 3 {
		t.Errorf("without links: %+v, %v; want ports and EMFILE", got, err)
	}
}

func TestRead_DoesNotTakeAnUnfinishedNameForFinal(t *testing.T) {
	udev := t.TempDir()
	touch(t, udev, "control")
	touch(t, udev, "data/n12")
	o, err := Options{UdevRoot: udev}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	k := dpu()
	got, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
	if err != nil || !got.Links[12].Settled || got.Links[11].Settled {
		t.Errorf("links %+v, %v; want 12 settled and 11 not", got.Links, err)
	}
	if _, links, _ := k.reads(); links != 2 {
		t.Errorf("%d lists; want 2: the first may be older than udev's word", links)
	}
}

func TestRead_AsksTheRealKernel(t *testing.T) {
	c := devlink.New()
	defer c.Close()
	_, devlinkErr := c.Devices(t.Context())
	got, err := Read(t.Context(), Options{})
	if errors.Is(devlinkErr, os.ErrNotExist) {
		if !errors.Is(err, os.ErrNotExist) || got.Complete || !strings.HasPrefix(got.Problem, "no devlink") {
			t.Errorf("complete %v, problem %q, error %v; want \"no devlink\"", got.Complete, got.Problem, err)
		}
	} else if err != nil || !got.Complete {
		t.Errorf("complete %v, problem %q, error %v; want the whole card", got.Complete, got.Problem, err)
	}
	if got.Links[1].Name != "lo" {
		t.Errorf("links %+v; want lo", got.Links)
	}
}
