package card

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

func write(tb testing.TB, root, name, text string) {
	tb.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func touch(tb testing.TB, root, name string) {
	tb.Helper()
	write(tb, root, name, "")
}

func TestFiles_TheMACIsTakenFromTheSmartNICFile(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"as mlx5 writes it":  {"MAC        : 5c:25:73:37:70:5A\nMaxTxRate  : 0\nState      : Follow\n", "5c:25:73:37:70:5a"},
		"other lines before": {"State : Up\nMAC: 00:53:00:00:00:42", "00:53:00:00:00:42"},
		"nothing":            {"", ""},
		"no such line":       {"MACS : 00:53:00:00:00:42\n", ""},
		"no address":         {"MAC        :\n", ""},
		"too long":           {"MAC        : 00:53:00:00:00:42:43:44\n", ""},
		"zero":               {"MAC        : 00:00:00:00:00:00\n", ""},
		"multicast":          {"MAC        : 01:00:5e:00:00:01\n", ""},
		"binary":             {"\x00\xff\xfe", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parsePFConfig([]byte(tt.text))
			if tt.want == "" {
				if err == nil || !got.IsZero() {
					t.Errorf("got %s, %v; want an error", got, err)
				}
				return
			}
			if err != nil || got.String() != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestFiles_TheUplinkIsThePhysicalPortOfThePFsNumberOnItsInstance(t *testing.T) {
	a, b := pci("0000:03:00.0"), pci("0000:03:00.1")
	zero := make([]byte, 6)
	eth := devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}
	links := map[uint32]representor.Link{10: {Name: "p0"}, 20: {Name: "p1"}, 21: {Name: "p1s1"}, 30: {Name: "p0", Parent: a}}
	for name, tt := range map[string]struct {
		ports []devlink.Port
		want  map[representor.Uplink]netdevRef
	}{
		"none is wanted where devlink tells it": {
			[]devlink.Port{physical(a, 0, 10), pf(a, 0, []byte{0, 0x53, 0, 0, 0, 1}, 11)},
			map[representor.Uplink]netdevRef{},
		},
		"a zero address": {
			[]devlink.Port{physical(a, 0, 10), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {"p0", 10}},
		},
		"no address": {
			[]devlink.Port{pf(a, 0, nil, 11), physical(a, 0, 10)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {"p0", 10}},
		},
		"each PF its own": {
			[]devlink.Port{physical(a, 0, 10), physical(b, 1, 20), pf(a, 0, zero, 11), pf(b, 1, zero, 12)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {"p0", 10}, {Handle: b, Number: 1}: {"p1", 20}},
		},
		"not another instance's port": {
			[]devlink.Port{physical(b, 0, 10), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {}},
		},
		"not another number's port": {
			[]devlink.Port{physical(a, 1, 20), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {}},
		},
		"a netdev that isn't ours to see": {
			[]devlink.Port{physical(a, 0, 99), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {}},
		},
		"an instance of its own, on the card's device": {
			[]devlink.Port{physical(eth, 0, 30), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {"p0", 30}},
		},
		"an instance of its own, on a device that isn't told": {
			[]devlink.Port{physical(eth, 0, 10), pf(a, 0, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 0}: {}},
		},
		"two ports of that number": {
			[]devlink.Port{physical(a, 1, 20), physical(a, 1, 21), pf(a, 1, zero, 11)},
			map[representor.Uplink]netdevRef{{Handle: a, Number: 1}: {}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, wantedUplinks(tt.ports, links), cmp.AllowUnexported(netdevRef{})); diff != "" {
				t.Errorf("uplinks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFiles_OneUnknownAddressDoesNotLoseTheOthers(t *testing.T) {
	sysfs := t.TempDir()
	write(t, sysfs, "class/net/p0/ifindex", "10\n")
	write(t, sysfs, "class/net/p0/smart_nic/pf/config", "MAC : 00:53:00:00:00:42\n")
	write(t, sysfs, "config", "MAC : 00:53:00:00:00:66\n")
	h := pci("0000:03:00.0")
	got, err := readPFMACs(t.Context(), netlinkio.NewGate(), sysfs, map[representor.Uplink]netdevRef{
		{Handle: h, Number: 0}: {"p0", 10},
		{Handle: h, Number: 1}: {"p1", 20},
		{Handle: h, Number: 2}: {},
		{Handle: h, Number: 3}: {"..", 3},
		{Handle: h, Number: 4}: {"../../../..", 4},
	})
	want := map[representor.Uplink]representor.MAC{{Handle: h, Number: 0}: {0, 0x53, 0, 0, 0, 0x42}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	for _, number := range []string{"PF 1 ", "PF 2 ", "PF 3 ", "PF 4 "} {
		if err == nil || !strings.Contains(err.Error(), number) {
			t.Errorf("the error is %v; want it to tell of %s", err, number)
		}
	}
}

// Between listing the netdevs and reading the file, p0 and p1 may have changed names.
func TestFiles_TheMACOfAnotherNetdevOfThatNameIsNotTaken(t *testing.T) {
	sysfs := t.TempDir()
	write(t, sysfs, "class/net/p0/smart_nic/pf/config", "MAC : 00:53:00:00:00:42\n")
	for ifindex, want := range map[string]string{"10\n": "00:53:00:00:00:42", "20\n": "", "1\n": "", "": ""} {
		write(t, sysfs, "class/net/p0/ifindex", ifindex)
		mac, err := readPFMAC(t.Context(), netlinkio.NewGate(), sysfs, netdevRef{"p0", 10})
		if got := mac.String(); (want == "") != (err != nil) || want != "" && got != want {
			t.Errorf("p0 has ifindex %q: %s, %v; want %q", ifindex, got, err, want)
		}
	}
}

// A MAC that is read from a driver's file is a unicast address that the file has.
func FuzzParsePFConfig(f *testing.F) {
	f.Add([]byte("MAC        : 00:53:00:00:00:42\nMaxTxRate  : 0\nState      : Follow\n"))
	f.Add([]byte("MAC : 00:00:00:00:00:00\n"))
	f.Add([]byte("MAC:01:53:00:00:00:42\nMAC:00:53:00:00:00:42"))
	f.Add([]byte("MAC : 00-53-00-00-00-42\n"))
	f.Add([]byte("MAC : 0053.0000.0042\n"))
	f.Add([]byte("MAC : 00:53:00:00:00:42:00:01\n"))
	f.Add([]byte("\x00MAC\xff: \n:\n::::"))
	f.Fuzz(func(t *testing.T, text []byte) {
		mac, err := parsePFConfig(text)
		if err != nil {
			if !mac.IsZero() || len(err.Error()) > 300 {
				t.Errorf("%s with an error of %d bytes", mac, len(err.Error()))
			}
			return
		}
		digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(strings.ToLower(string(text)))
		if mac.IsZero() || mac[0]&1 != 0 || !strings.Contains(digits, strings.ReplaceAll(mac.String(), ":", "")) {
			t.Errorf("%s out of %q", mac, text)
		}
	})
}
