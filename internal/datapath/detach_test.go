package datapath

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

const (
	idDatapath = 40
	idVport    = 41
)

// fakeKernel has two datapaths, 7 and 8, and what was asked of it.
type fakeKernel struct {
	missing error
	vports  map[uint32][]genetlink.Message
	listed  map[uint32][]genetlink.Message // what was in them a moment ago, when that is another thing
	byName  map[string]genetlink.Message   // what is found by a name
	deleted []vport
	refuse  error
	lists   int // of vports
}

func (*fakeKernel) Close() error { return nil }

func (k *fakeKernel) GetFamily(name string) (genetlink.Family, error) {
	return genetlink.Family{ID: map[string]uint16{familyDatapath: idDatapath, familyVport: idVport}[name]}, k.missing
}

func (k *fakeKernel) Execute(m genetlink.Message, family uint16, flags netlink.HeaderFlags) ([]genetlink.Message, error) {
	dp := binary.NativeEndian.Uint32(m.Data)
	switch {
	case family == idDatapath && m.Header.Command == commandGet && flags&netlink.Dump == netlink.Dump:
		return []genetlink.Message{message(1, 2, 7, nil), message(1, 2, 8, nil)}, nil
	case family == idVport && m.Header.Command == commandGet && flags&netlink.Dump == netlink.Dump:
		k.lists++
		if k.listed != nil {
			return k.listed[dp], nil
		}
		return k.vports[dp], nil
	case family == idVport && m.Header.Command == commandGet && flags == netlink.Request && dp == 0:
		attrs, err := netlink.NewAttributeDecoder(m.Data[headerLen:])
		if err != nil || !attrs.Next() || attrs.Type() != attrName {
			return nil, errors.New("not asked by name")
		}
		if found, ok := k.byName[attrs.String()]; ok {
			return []genetlink.Message{found}, nil
		}
		return nil, unix.ENODEV
	case family == idVport && m.Header.Command == commandGet && flags == netlink.Request:
		wanted, err := decode(m.Data)
		if err != nil {
			return nil, err
		}
		for _, held := range k.vports[dp] {
			if v, err := decode(held.Data); err == nil && v.number == wanted.number {
				return []genetlink.Message{held}, nil
			}
		}
		return nil, unix.ENODEV
	case family == idVport && m.Header.Command == commandDel && k.refuse == nil:
		v, err := decode(m.Data)
		k.deleted = append(k.deleted, v)
		return nil, err
	}
	return nil, k.refuse
}

// port is a vport as Linux 6.1 dumps it: number, type netdev, name, ifindex.
func port(t *testing.T, dp, number, ifindex uint32, name string, more ...func(*netlink.AttributeEncoder)) genetlink.Message {
	t.Helper()
	a := netlink.NewAttributeEncoder()
	a.Uint32(attrPortNo, number)
	a.Uint32(attrType, typeNetdev)
	a.String(attrName, name)
	if ifindex != 0 {
		a.Uint32(attrIfIndex, ifindex)
	}
	for _, add := range more {
		add(a)
	}
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return message(1, versionVport, dp, b)
}

// detachFrom detaches one netdev.
func detachFrom(t *testing.T, k conn, n Netdev) (removed bool, err error) {
	t.Helper()
	got, err := newClient(func() (conn, error) { return k, nil }).Detach(t.Context(), []Netdev{n})
	return len(got) == 1 && got[0], err
}

func TestDetach_RemovesTheOneVportOfTheNetdev(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{
		7: {port(t, 7, 0, 0, "ovs-system"), port(t, 7, 1, 10, "pf0vf0")},
		8: {{Data: []byte{1}}, port(t, 8, 1, 11, "pf0vf1"), port(t, 8, 2, 12, "ens1")},
	}}
	found, err := detachFrom(t, k, Netdev{12, "ens1", false})
	if !found || err != nil {
		t.Fatalf("found %t, %v", found, err)
	}
	want := []vport{{datapath: 8, number: 2}}
	if diff := cmp.Diff(want, k.deleted, cmp.AllowUnexported(vport{})); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

func TestDetach_LeavesAVportThatIsFoundByItsName(t *testing.T) {
	held := port(t, 7, 1, 10, "pf0vf0")
	for name, tt := range map[string]struct {
		found genetlink.Message
		want  bool
	}{
		"the netdev's own":              {held, false},
		"another netdev of that name's": {port(t, 7, 2, 11, "pf0vf0"), true},
	} {
		k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {held}}, byName: map[string]genetlink.Message{"pf0vf0": tt.found}}
		if found, err := detachFrom(t, k, Netdev{10, "pf0vf0", false}); found != tt.want || err != nil || len(k.deleted) > 0 != tt.want {
			t.Errorf("%s: removed %v, found %t, %v", name, k.deleted, found, err)
		}
	}
}

func TestDetach_ByForceRemovesAVportThatIsFoundByItsName(t *testing.T) {
	held := port(t, 7, 1, 10, "pf0vf0")
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {held}}, byName: map[string]genetlink.Message{"pf0vf0": held}}
	found, err := detachFrom(t, k, Netdev{10, "pf0vf0", true})
	if !found || err != nil || len(k.deleted) != 1 || k.deleted[0].number != 1 {
		t.Errorf("found %t, removed %+v, %v; want port 1 of datapath 7", found, k.deleted, err)
	}
}

// The kernel tells the ifindex that a netdev has in its own namespace, where ours
// may belong to another one: Neutron's DHCP agent moves an internal port to such
// a namespace (ovs_vport_cmd_fill_info in net/openvswitch/datapath.c).
func TestDetach_LeavesVportsThatAreNoNetdevOfOurNamespace(t *testing.T) {
	elsewhere := func(a *netlink.AttributeEncoder) { a.Int32(attrNetNSID, 0) }
	internal := func(a *netlink.AttributeEncoder) { a.Uint32(attrType, 2) } // OVS_VPORT_TYPE_INTERNAL
	ours := port(t, 8, 2, 12, "pf0vf0")
	for name, other := range map[string]genetlink.Message{
		"a netdev of another namespace":   port(t, 7, 3, 12, "pf0vf0", elsewhere),
		"an internal port of another one": port(t, 7, 3, 12, "tap0", internal, elsewhere),
		"an internal port":                port(t, 7, 3, 12, "tap0", internal),
	} {
		k := &fakeKernel{
			vports: map[uint32][]genetlink.Message{7: {other}, 8: {ours}},
			byName: map[string]genetlink.Message{"pf0vf0": other},
		}
		found, err := detachFrom(t, k, Netdev{12, "pf0vf0", false})
		if !found || err != nil || len(k.deleted) != 1 || k.deleted[0].datapath != 8 || k.deleted[0].number != 2 {
			t.Errorf("%s: found %t, removed %+v, %v; want ours", name, found, k.deleted, err)
		}
	}
}

func TestDetach_LeavesEverythingAloneForANetdevThatIsInNoDatapath(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {port(t, 7, 0, 0, "ovs-system"), port(t, 7, 1, 10, "pf0vf0")}}}
	for _, ifindex := range []uint32{0, 13} {
		for _, force := range []bool{false, true} {
			if found, err := detachFrom(t, k, Netdev{ifindex, "pf0vf0", force}); found || err != nil || len(k.deleted) != 0 {
				t.Errorf("ifindex %d, force %t: found %t, removed %v, %v", ifindex, force, found, k.deleted, err)
			}
		}
	}
}

func TestDetach_FindsNothingWhereSomebodyElseWasFaster(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {port(t, 7, 1, 10, "pf0vf0")}}, refuse: unix.ENODEV}
	if found, err := detachFrom(t, k, Netdev{10, "pf0vf0", true}); found || err != nil {
		t.Errorf("found %t, %v; want false and no error", found, err)
	}
}

func TestDetach_FindsNothingWithoutTheKernelModule(t *testing.T) {
	if found, err := detachFrom(t, &fakeKernel{missing: os.ErrNotExist}, Netdev{10, "pf0vf0", false}); found || err != nil {
		t.Errorf("found %t, %v", found, err)
	}
}

func TestDetach_SaysWhatTheKernelRefused(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {port(t, 7, 1, 10, "pf0vf0")}}, refuse: os.ErrPermission}
	if _, err := detachFrom(t, k, Netdev{10, "pf0vf0", false}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v, want os.ErrPermission", err)
	}
}

func TestDetach_DoesNotTouchTheNetdevThatGotTheNumberMeanwhile(t *testing.T) {
	listed := port(t, 7, 1, 10, "pf0vf0")
	for name, now := range map[string][]genetlink.Message{
		"another netdev has it": {port(t, 7, 1, 11, "pf0vf1")},
		"nobody has it":         nil,
	} {
		k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: now}, listed: map[uint32][]genetlink.Message{7: {listed}}}
		if found, err := detachFrom(t, k, Netdev{10, "pf0vf0", true}); found || err != nil || len(k.deleted) != 0 {
			t.Errorf("%s: found %t, removed %+v, %v", name, found, k.deleted, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{7, 0, 0, 0, 8, 0, 1, 0, 1, 0, 0, 0, 8, 0, 8, 0, 10, 0, 0, 0})
	f.Add([]byte{7, 0, 0, 0, 6, 0, 8, 0, 1, 2, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := decode(b); err != nil && v.ifindex != 0 {
			t.Errorf("%+v with %v", v, err)
		}
	})
}

// Many netdevs may have to go at once, and what the kernel has must not be listed for each.
func TestDetach_ListsTheDatapathsOnceForAllNetdevs(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{
		7: {port(t, 7, 0, 0, "ovs-system"), port(t, 7, 1, 10, "pf0vf0"), port(t, 7, 2, 11, "pf0vf1")}, 8: {port(t, 8, 1, 12, "ens1")},
	}}
	c := newClient(func() (conn, error) { return k, nil })
	got, err := c.Detach(t.Context(), []Netdev{{IfIndex: 12, Name: "ens1"}, {IfIndex: 99, Name: "gone"}, {IfIndex: 10, Name: "pf0vf9"}})
	if err != nil || !slices.Equal(got, []bool{true, false, true}) {
		t.Fatalf("%v, %v", got, err)
	}
	if diff := cmp.Diff([]vport{{datapath: 8, number: 1}, {datapath: 7, number: 1}}, k.deleted, cmp.AllowUnexported(vport{})); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	if k.lists != 2 {
		t.Errorf("%d lists of vports for two datapaths", k.lists)
	}
}

func TestDetach_TellsWhatItDidUpToTheNetdevThatTheKernelRefuses(t *testing.T) {
	k := &fakeKernel{vports: map[uint32][]genetlink.Message{7: {port(t, 7, 1, 10, "pf0vf0"), port(t, 7, 2, 11, "pf0vf1")}}, refuse: unix.EPERM}
	c := newClient(func() (conn, error) { return k, nil })
	got, err := c.Detach(t.Context(),
		[]Netdev{{IfIndex: 99, Name: "gone"}, {IfIndex: 10, Name: "pf0vf0", Force: true}, {IfIndex: 11, Name: "pf0vf1"}})
	if !errors.Is(err, os.ErrPermission) || !slices.Equal(got, []bool{false}) {
		t.Errorf("%v, %v; want what is known of the first alone", got, err)
	}
}
