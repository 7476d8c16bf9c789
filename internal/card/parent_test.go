package card

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/representor"
)

// standOn makes a netdev in sysfs that stands on a device of a subsystem ("bus/pci").
func standOn(tb testing.TB, sysfs, name, ifindex, subsystem, device string) {
	tb.Helper()
	write(tb, sysfs, "class/net/"+name+"/ifindex", ifindex+"\n")
	touch(tb, sysfs, "devices/"+device+"/uevent")
	for link, target := range map[string]string{
		"class/net/" + name + "/device":    "../../../devices/" + device,
		"devices/" + device + "/subsystem": "../../" + subsystem,
	} {
		path := filepath.Join(sysfs, link)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil && !os.IsExist(err) {
			tb.Fatal(err)
		}
	}
}

func TestParent_IsSysfsWordWhereRtnetlinkHasNone(t *testing.T) {
	sysfs := t.TempDir()
	standOn(t, sysfs, "p0", "10", "bus/pci", "0000:03:00.0")
	standOn(t, sysfs, "veth0", "11", "bus/pci", "0000:03:00.0")
	standOn(t, sysfs, "renamed", "99", "bus/pci", "0000:03:00.1")
	standOn(t, sysfs, "wlan0", "13", "class/ieee80211", "phy0")
	links := map[uint32]representor.Link{
		1: {Name: "lo"}, 10: {Name: "p0"}, 11: {Name: "veth0", Kind: "veth"}, 12: {Name: "renamed"}, 13: {Name: "wlan0"},
		14: {Name: ".."}, 15: {Name: ""},
	}
	want := maps.Clone(links)
	want[10] = representor.Link{Name: "p0", Parent: pci("0000:03:00.0")}
	p := parents{sysfs: sysfs}
	p.fill(links)
	if diff := cmp.Diff(want, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}

	// It is asked for once: a netdev keeps its device, whatever it is called.
	again := map[uint32]representor.Link{10: {Name: "uplink"}}
	p.fill(again)
	if again[10].Parent != pci("0000:03:00.0") {
		t.Errorf("%+v, want the device that is known", again)
	}
	p.fill(map[uint32]representor.Link{1: {Name: "lo"}})
	if len(p.known) != 0 {
		t.Errorf("%v is remembered of netdevs that are gone", p.known)
	}
}

func TestParent_IsNotLookedForWhereRtnetlinkTellsThem(t *testing.T) {
	sysfs := t.TempDir()
	standOn(t, sysfs, "p0", "10", "bus/pci", "0000:03:00.0")
	for name, other := range map[string]representor.Link{
		"a parent": {Name: "eth0", Parent: pci("0000:04:00.0")},
		"a port":   {Name: "lo", TellsPort: true},
	} {
		links := map[uint32]representor.Link{10: {Name: "p0"}, 11: other}
		p := parents{sysfs: sysfs}
		p.fill(links)
		if links[10].Parent != (devlink.Handle{}) {
			t.Errorf("a kernel that tells %s: %+v", name, links)
		}
	}
}

// An uplink on an instance of its own finds its card, and that the MAC of the host's PF.
func TestParent_LeadsFromAnUplinkOnAnInstanceOfItsOwnToThePFsMAC(t *testing.T) {
	for name, tells := range map[string]bool{"rtnetlink's word": true, "sysfs' word": false} {
		t.Run(name, func(t *testing.T) {
			sysfs := t.TempDir()
			standOn(t, sysfs, "p0", "10", "bus/pci", "0000:03:00.0")
			write(t, sysfs, "class/net/p0/smart_nic/pf/config", "MAC        : 5c:25:73:37:70:5a\n")
			k := dpu()
			k.ports[1] = pf(pci("0000:03:00.0"), 0, make(net.HardwareAddr, 6), 11)
			k.ports[2] = physical(devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}, 0, 10)
			if tells {
				k.links[1].ParentBus, k.links[1].Parent = "pci", "0000:03:00.0"
			}
			check := func(x *representor.Index) {
				t.Helper()
				if rep, _ := x.ByFunction(called("pci/0000:03:00.0 c1pf0")); rep.HWAddr.String() != "5c:25:73:37:70:5a" {
					t.Errorf("the PF's address is %s; want that of the file", rep.HWAddr)
				}
				if u := x.Uplinks(); len(u) != 1 || u[0].Card != pci("0000:03:00.0") {
					t.Errorf("uplinks %+v; want one of the card", u)
				}
			}
			o, err := Options{SysfsRoot: sysfs, UdevRoot: t.TempDir()}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			card, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
			if err != nil {
				t.Fatal(err)
			}
			check(representor.NewIndex(card, representor.Settings{}))
			synctest.Test(t, func(t *testing.T) {
				w, _ := watch(t, k, Options{SysfsRoot: sysfs})
				pass(macRetry)
				check(w.Index())
			})
		})
	}
}

// What sysfs says is what rtnetlink says, of the netdevs that are here.
func TestParent_OfTheRealKernelsNetdevs(t *testing.T) {
	c := netdev.New()
	defer c.Close()
	list, err := c.Links(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		got, err := readParent("/sys", netdevRef{l.Name, l.IfIndex})
		if want := (devlink.Handle{Bus: l.ParentBus, Device: l.Parent}); l.ParentBus != "" && (err != nil || got != want) {
			t.Errorf("%s stands on %s, %v; rtnetlink says %s", l.Name, got, err, want)
		}
		if l.Kind != "" && err == nil {
			t.Errorf("%s is a %s and stands on %s", l.Name, l.Kind, got)
		}
	}
}
