//go:build vm

package virtualhost

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
)

const (
	pf0 = "10000:03:00.0"
	pf1 = "10000:03:00.1"
)

func TestSysfs_LeadsFromAPFToItsVFsAndBack(t *testing.T) {
	New(t, "bus add 10000:03-04",
		"dev add "+pf0+" serial=MT2108X00001 vfs=255 netdev=hpf0 vf-netdev=hpf0v",
		"dev add "+pf1+" vfs=4 netdev=hpf1 vf-netdev=none vf-offset=300 vf-stride=2")
	EnableVFs(t, pf0, 255)
	EnableVFs(t, pf1, 3)
	for _, want := range []struct{ pf, link, vf string }{
		{pf0, "virtfn0", "10000:03:01.0"},
		{pf0, "virtfn7", "10000:03:01.7"},
		{pf0, "virtfn254", "10000:04:00.6"}, // the next bus
		{pf1, "virtfn0", "10000:04:05.5"},
		{pf1, "virtfn2", "10000:04:06.1"},
	} {
		if got := link(t, want.pf, want.link); got != want.vf {
			t.Errorf("%s of %s is %s, want %s", want.link, want.pf, got, want.vf)
		}
		if got := link(t, want.vf, "physfn"); got != want.pf {
			t.Errorf("physfn of %s is %s, want %s", want.vf, got, want.pf)
		}
	}
	if _, err := os.Lstat(Device(pf1, "virtfn3")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a fourth VF of %s, which has three: %v", pf1, err)
	}
	if got := content(t, pf1, "sriov_totalvfs"); got != "4\n" {
		t.Errorf("%s can have %q VFs, want 4", pf1, got)
	}
	EnableVFs(t, pf0, 0)
	if _, err := os.Lstat(Device("10000:03:01.0", "")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a VF that was taken away: %v", err)
	}
}

func TestVPD_IsReadAsTheCardHasIt(t *testing.T) {
	image := "\x82\x03\x00abc\x90\x08\x00SN\x05  X  \x78"
	if err := os.WriteFile("/sys/kernel/debug/pcisim/vpd", []byte(image), 0); err != nil {
		t.Fatal(err)
	}
	New(t, "bus add 10000:03-04",
		"dev add 10000:03:00.0 serial=MT2108X00001 vfs=1",
		"dev add 10000:03:02.0 vpd=file",
		"dev add 10000:03:03.0 serial=MT2108X00001 vpd-hang=0x20",
		"dev add 10000:03:04.0")
	if got := content(t, "10000:03:02.0", "vpd"); got != image {
		t.Errorf("VPD from a file: %q, want %q", got, image)
	}
	got := content(t, pf0, "vpd")
	if !strings.Contains(got, "SN\x0cMT2108X00001RV\x01") {
		t.Errorf("VPD %q lacks the serial and the checksum", got)
	}
	var sum byte
	for _, b := range []byte(strings.TrimSuffix(got, "\x78")) {
		sum += b
	}
	if sum != 0 {
		t.Errorf("the bytes up to the checksum add up to %#x, want 0", sum)
	}
	if _, err := os.ReadFile(Device("10000:03:03.0", "vpd")); !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("VPD that hangs: %v, want ETIMEDOUT", err)
	}
	EnableVFs(t, pf0, 1)
	for _, address := range []string{"10000:03:04.0", link(t, pf0, "virtfn0")} {
		if _, err := os.Stat(Device(address, "vpd")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("VPD of %s, which has none: %v", address, err)
		}
	}
}

func TestMAC_APermanentAddressOutlivesTheCurrentOne(t *testing.T) {
	const burntIn, current = "00:53:00:00:00:42", "02:00:00:00:00:42"
	New(t, "bus add 10000:03-04", fmt.Sprintf("dev add %s mac=%s netdev=hpf0", pf0, burntIn))
	l, err := netlink.LinkByName("hpf0")
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.ParseMAC(current)
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetHardwareAddr(l, other); err != nil {
		t.Fatal(err)
	}
	if l, err = netlink.LinkByName("hpf0"); err != nil {
		t.Fatal(err)
	}
	a := l.Attrs()
	if a.HardwareAddr.String() != current || a.PermHWAddr.String() != burntIn {
		t.Errorf("addresses: current %s, permanent %s; want %s, %s", a.HardwareAddr, a.PermHWAddr, current, burntIn)
	}
}

func link(t *testing.T, address, name string) string {
	t.Helper()
	target, err := os.Readlink(Device(address, name))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(target)
}

func content(t *testing.T, address, name string) string {
	t.Helper()
	b, err := os.ReadFile(Device(address, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
