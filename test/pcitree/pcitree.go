// Package pcitree makes directories that look like the sysfs of a host with network
// cards, for tests.
package pcitree

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/internal/pci"
)

// Tree is a directory like /sys.
type Tree struct {
	// Root is the directory.
	Root string

	tb      testing.TB
	ifindex int
}

// New makes an empty tree that goes with the test.
func New(tb testing.TB) *Tree {
	tb.Helper()
	t := &Tree{Root: tb.TempDir(), tb: tb, ifindex: 1}
	t.mkdir("bus/pci/devices")
	t.mkdir("class/net")
	return t
}

// Netdev is a network device of a function.
type Netdev struct {
	Name string
	// MAC is its current address. Files tell that it is the permanent one unless Set:
	// someone set it.
	MAC string
	Set bool
	// PortName is phys_port_name.
	PortName string
	DevPort  int
	// Bond is the bond whose slave it is, PermHWAddr what that remembers.
	Bond, PermHWAddr string
}

// Function is a PCI function.
type Function struct {
	Address         string
	Vendor, Product string // "15b3"
	Class           string // "020000", which is the default
	Driver          string
	NUMANode        int
	Netdevs         []Netdev
	// VPD is written to a file vpd, none if nil.
	VPD []byte
}

// PF is a physical function with VFs.
type PF struct {
	Function
	TotalVFs, VFs  int
	Offset, Stride int // 1 and 1 if none
	VFProduct      string
	VFDriver       string
	// VFNetdev names the netdevs of VFs: a prefix to their numbers. Without, they have
	// none.
	VFNetdev string
}

// Add adds a function.
func (t *Tree) Add(f Function) {
	t.tb.Helper()
	a := t.parse(f.Address)
	dir := fmt.Sprintf("devices/pci%04x:%02x/%s", a.Domain, a.Bus, a)
	t.mkdir(dir)
	t.Link("bus/pci/devices/"+a.String(), "../../../"+dir)
	if f.Class == "" {
		f.Class = "020000"
	}
	for name, text := range map[string]string{
		"vendor": "0x" + f.Vendor, "device": "0x" + f.Product, "class": "0x" + f.Class, "numa_node": strconv.Itoa(f.NUMANode),
	} {
		t.Write(dir+"/"+name, text+"\n")
	}
	if f.Driver != "" {
		t.mkdir("bus/pci/drivers/" + f.Driver)
		t.Link(dir+"/driver", "../../../bus/pci/drivers/"+f.Driver)
	}
	if f.VPD != nil {
		t.Write(dir+"/vpd", string(f.VPD))
	}
	for _, n := range f.Netdevs {
		t.netdev(dir, n)
	}
}

// AddElsewhere adds a netdev of a device that is on another bus than PCI, such as virtio0.
func (t *Tree) AddElsewhere(device string, n Netdev) {
	t.tb.Helper()
	t.netdev("devices/elsewhere/"+device, n)
}

func (t *Tree) netdev(dir string, n Netdev) {
	net := dir + "/net/" + n.Name
	t.mkdir(net)
	t.Link("class/net/"+n.Name, "../../"+net)
	t.Link(net+"/device", "../../../"+filepath.Base(dir))
	t.ifindex++
	kind := "0"
	if n.Set {
		kind = "3"
	}
	for name, text := range map[string]string{
		"ifindex": strconv.Itoa(t.ifindex), "address": n.MAC, "addr_assign_type": kind,
		"dev_port": strconv.Itoa(n.DevPort), "phys_port_name": n.PortName,
	} {
		if text != "" {
			t.Write(net+"/"+name, text+"\n")
		}
	}
	if n.Bond != "" {
		t.mkdir(net + "/bonding_slave")
		t.Write(net+"/bonding_slave/perm_hwaddr", n.PermHWAddr+"\n")
		t.mkdir("devices/virtual/net/" + n.Bond)
		t.Link(net+"/master", "../../../../virtual/net/"+n.Bond)
	}
}

// AddPF adds a PF and its VFs.
func (t *Tree) AddPF(p PF) {
	t.tb.Helper()
	t.Add(p.Function)
	pf := t.parse(p.Address)
	if p.Offset == 0 {
		p.Offset, p.Stride = 1, 1
	}
	for name, text := range map[string]string{
		"sriov_totalvfs": strconv.Itoa(p.TotalVFs), "sriov_numvfs": strconv.Itoa(p.VFs), "sriov_vf_device": strings.TrimLeft(p.VFProduct, "0"),
		"sriov_offset": strconv.Itoa(p.Offset), "sriov_stride": strconv.Itoa(p.Stride),
	} {
		t.Write(t.Device(pf.String(), name), text+"\n")
	}
	for n := range p.VFs {
		id := int(pf.Bus)<<8 | int(pf.Device)<<3 | int(pf.Function)
		id += p.Offset + n*p.Stride
		vf := pci.Address{Domain: pf.Domain, Bus: uint8(id >> 8), Device: uint8(id >> 3 & 31), Function: uint8(id & 7)}
		f := Function{Address: vf.String(), Vendor: p.Vendor, Product: p.VFProduct, Driver: p.VFDriver, NUMANode: p.NUMANode}
		if p.VFNetdev != "" {
			f.Netdevs = []Netdev{{Name: fmt.Sprintf("%s%d", p.VFNetdev, n), MAC: fmt.Sprintf("02:00:00:00:%02x:%02x", id>>8, id&0xff)}}
		}
		t.Add(f)
		t.Link(t.Device(pf.String(), fmt.Sprintf("virtfn%d", n)), fmt.Sprintf("../../pci%04x:%02x/%s", vf.Domain, vf.Bus, vf))
		t.Link(t.Device(vf.String(), "physfn"), fmt.Sprintf("../../pci%04x:%02x/%s", pf.Domain, pf.Bus, pf))
	}
}

// Device is the path, below the root, of something of a function.
func (*Tree) Device(address, name string) string { return "bus/pci/devices/" + address + "/" + name }

// Path is a path below the root as a path of the machine.
func (t *Tree) Path(name string) string { return filepath.Join(t.Root, name) }

// Write makes a file below the root.
func (t *Tree) Write(name, text string) {
	t.tb.Helper()
	t.must(os.WriteFile(t.Path(name), []byte(text), 0o600))
}

// Link makes a symbolic link below the root, in the place of one that is there.
func (t *Tree) Link(name, target string) {
	t.tb.Helper()
	t.Remove(name)
	t.must(os.Symlink(target, t.Path(name)))
}

// Remove removes a file or a link.
func (t *Tree) Remove(name string) {
	t.tb.Helper()
	if err := os.Remove(t.Path(name)); !os.IsNotExist(err) {
		t.must(err)
	}
}

func (t *Tree) mkdir(name string) {
	t.tb.Helper()
	t.must(os.MkdirAll(t.Path(name), 0o700))
}

func (t *Tree) parse(address string) pci.Address {
	t.tb.Helper()
	a, err := pci.ParseAddress(address)
	t.must(err)
	return a
}

func (t *Tree) must(err error) {
	t.tb.Helper()
	if err != nil {
		t.tb.Fatal(err)
	}
}

// VPD makes valid Vital Product Data with a name, a part number and a serial number.
func VPD(name, part, serial string) []byte {
	field := func(key, value string) string { return key + string([]byte{byte(len(value))}) + value }
	large := func(tag byte, data string) string {
		return string([]byte{tag, byte(len(data)), byte(len(data) >> 8)}) + data
	}
	ro := large(0x90, field("PN", part)+field("SN", serial)+field("RV", "\x00"))
	b := []byte(large(0x82, name) + ro)
	var sum byte
	for _, x := range b {
		sum += x
	}
	b[len(b)-1] = -sum
	return append(b, 0x78)
}
