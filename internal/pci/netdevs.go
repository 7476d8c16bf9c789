package pci

import (
	"bytes"
	"cmp"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// netdevs reads the netdevs of a function.
func (r *reader) netdevs(a Address) []Netdev {
	names, _ := r.sysfs.list(device(a, "net")) // none without a driver, or with one that makes none
	var all []Netdev
	for _, name := range names {
		dir := device(a, "net/"+name+"/")
		index, ok := r.sysfs.number(dir+"ifindex", 10)
		if !ok {
			continue // gone
		}
		n := Netdev{Name: name, IfIndex: uint32(index)}
		n.PortName = r.sysfs.text(dir + "phys_port_name")
		port, _ := r.sysfs.number(dir+"dev_port", 10)
		n.DevPort = int(port)
		if r.sysfs.exists(dir + "bonding_slave") {
			n.Bond, _ = r.sysfs.link(dir + "master")
		}
		n.Current = r.address(dir + "address")
		n.Permanent = r.permanentAddress(&n, dir)
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Netdev) int { return cmp.Compare(a.IfIndex, b.IfIndex) })
	return all
}

// permanentAddress is what netlink tells, else what the bond remembers, else the
// current address where nobody changed it: addr_assign_type is then NET_ADDR_PERM (0
// in linux/netdevice.h).
func (r *reader) permanentAddress(n *Netdev, dir string) net.HardwareAddr {
	if l, ok := r.permanent[n.IfIndex]; ok && l.Name == n.Name && l.PermAddr != nil {
		return l.PermAddr
	}
	if mac := r.address(dir + "bonding_slave/perm_hwaddr"); mac != nil {
		return mac
	}
	if kind, ok := r.sysfs.number(dir+"addr_assign_type", 10); ok && kind == 0 {
		return n.Current
	}
	return nil
}

func (r *reader) address(path string) net.HardwareAddr {
	text := r.sysfs.text(path)
	mac, _ := net.ParseMAC(text) // nil where it is none
	return mac
}

// Netdev gives the function's own netdev: never a representor, of which a driver in
// switchdev mode makes many below the PF. With none, the Reason tells why.
func (p *PF) Netdev() (*Netdev, *reason.Reason) {
	if len(p.Netdevs) == 0 {
		return nil, p.noNetdev()
	}
	own := p.ownNetdevs()
	switch len(own) {
	case 1:
		return own[0], nil
	case 0:
		return nil, reason.New(CodeOnlyRepresentors, "all %d netdevs of PF %s are representors; its own is perhaps in another network namespace",
			len(p.Netdevs), p.Address).
			WithRemedy("run this in that namespace")
	}
	names := make([]string, 0, len(own))
	for _, n := range own {
		names = append(names, n.Name)
	}
	return nil, reason.New(CodeSeveralNetdevs, "PF %s has several netdevs (%s), and nothing tells which one is its own", p.Address,
		strings.Join(names, ", "))
}

// ownNetdevs are those that may be the function's own.
func (p *PF) ownNetdevs() []*Netdev {
	representor, ofPF := representors(), regexp.MustCompile(`^pf\d+(s\d+)?$`)
	var own []*Netdev
	pfHasOne := false
	for i := range p.Netdevs {
		n := &p.Netdevs[i]
		pfHasOne = pfHasOne || ofPF.MatchString(n.PortName)
		if !representor.MatchString(n.PortName) {
			own = append(own, n)
		}
	}
	// Old drivers name representors by their number alone, and the uplink not at all.
	own = rather(own, func(n *Netdev) bool { return !isDigits(n.PortName) })
	if pfHasOne {
		// Where the PF itself is a port of the switch, "p0" is another one, and the PF's own
		// netdev has no name (nfp_flower_vnic_alloc in netronome/nfp).
		own = rather(own, func(n *Netdev) bool { return n.PortName == "" })
	}
	// The netdev of the function's first port.
	return rather(own, func(n *Netdev) bool { return n.DevPort == 0 })
}

// rather gives those that fit better, and all where none does.
func rather(all []*Netdev, fits func(*Netdev) bool) []*Netdev {
	better := slices.DeleteFunc(slices.Clone(all), func(n *Netdev) bool { return !fits(n) })
	if len(better) == 0 {
		return all
	}
	return better
}

func (p *PF) noNetdev() *reason.Reason {
	switch {
	case strings.HasPrefix(p.Driver, "vfio"):
		return reason.New(CodeVFIO, "PF %s is bound to %s, so it has no netdev and its MAC isn't known", p.Address, p.Driver).
			WithRemedy("bind the PF to its network driver, and only its VFs to vfio-pci")
	case p.Driver == "":
		return reason.New(CodeNoNetdev, "PF %s has no driver, so it has no netdev and its MAC isn't known", p.Address).
			WithRemedy("load its network driver")
	}
	return reason.New(CodeNoNetdev, "PF %s has no netdev here, so its MAC isn't known: its driver %s makes none, or it is in another "+
		"network namespace", p.Address, p.Driver).
		WithRemedy("run this in that namespace, with nsenter")
}

// representors matches the names of ports that stand for another function
// (devlink_port_phys_port_name_get in net/devlink; EF100 puts the physical port before it,
// efx_ef100_rep_get_phys_port_name, and nfp a part behind it, nfp_port_get_phys_port_name).
func representors() *regexp.Regexp {
	return regexp.MustCompile(`^(p\d+)?(c\d+)?pf\d+(s\d+|(vf|sf)\d+)?$`)
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// MAC gives the PF's permanent address, by which a DPU knows it. When it isn't known,
// the Reason tells why.
func (p *PF) MAC() (net.HardwareAddr, *reason.Reason) {
	n, why := p.Netdev()
	if why != nil {
		return nil, why
	}
	switch mac := n.Permanent; {
	case mac == nil:
		return nil, reason.New(CodeMACUnknown, "the permanent MAC of %s (PF %s) isn't known: the driver %s doesn't tell it, and the current "+
			"one, %s, was set by someone", n.Name, p.Address, p.Driver, n.Current).
			WithRemedy("take it out of its bond, or reload the driver, so that it has the MAC it came with")
	case len(mac) != 6:
		return nil, reason.New(CodeMACInvalid, "%s (PF %s) has the address %s, which is no Ethernet address", n.Name, p.Address, mac).
			WithRemedy("set the port to Ethernet (mlxconfig LINK_TYPE_P1=ETH)")
	case mac[0]&1 != 0 || bytes.Equal(mac, make([]byte, 6)):
		return nil, reason.New(CodeMACInvalid, "%s (PF %s) has the permanent address %s, which no PF can have", n.Name, p.Address, mac).
			WithRemedy("update the card's firmware")
	default:
		return mac, nil
	}
}

// Warnings tell why Nova, which reports the current MAC of any of the PF's netdevs,
// may report another one than MAC gives.
func (p *PF) Warnings() []reason.Reason {
	n, why := p.Netdev()
	if why != nil {
		return nil
	}
	var all []reason.Reason
	differs := n.Permanent != nil && n.Current != nil && !bytes.Equal(n.Permanent, n.Current)
	if differs {
		remedy := "ip link set " + n.Name + " address " + n.Permanent.String()
		if n.Bond != "" {
			remedy = "take it out of the bond " + n.Bond
		}
		all = append(all, *reason.New(CodeMACDiffers,
			"%s (PF %s) uses the MAC %s, while its permanent one, by which the DPU knows it, is %s; Nova reports the former, and its bindings fail",
			n.Name, p.Address, n.Current, n.Permanent).WithRemedy("%s", remedy))
	}
	if n.Bond != "" && !differs {
		all = append(all, *reason.New(CodeBonded, "%s (PF %s) is a slave of the bond %s, which gives its slaves one MAC; it has its own at "+
			"present, but not after a failover or when the bond is made anew",
			n.Name, p.Address, n.Bond).WithRemedy("take it out of the bond %s", n.Bond))
	}
	return all
}
