package pci

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/reason"
)

// Links lists the netdevs of the kernel whose sysfs is read, as netdev.Client does.
type Links interface {
	Links(ctx context.Context) ([]netdev.Link, error)
}

// Options say what is read.
type Options struct {
	// Sysfs is where sysfs is mounted: /sys.
	Sysfs string
	// Links is asked for permanent addresses. With nil, as for the copy of another
	// machine's sysfs, the files alone must tell.
	Links Links
}

// reader reads one host.
type reader struct {
	sysfs     sysfs
	permanent map[uint32]netdev.Link
	host      *Host
	pfs       []*PF
	// vfs are by the address of their PF, and so are the numbers that its links give them.
	vfs     map[Address][]*VF
	numbers map[Address]map[Address][]int
}

// Read reads everything but the cards' VPD, which may take long. An error means that
// there is no PCI bus, or that ctx ended. Files of drivers may wait for locks that a
// hung device holds; who can't wait for that must not call it directly.
func Read(ctx context.Context, o Options) (*Host, error) {
	r := &reader{
		sysfs: sysfs(o.Sysfs), host: &Host{Devices: map[string]string{}}, permanent: map[uint32]netdev.Link{},
		vfs: map[Address][]*VF{}, numbers: map[Address]map[Address][]int{},
	}
	names, err := r.sysfs.list("bus/pci/devices")
	if err != nil {
		return nil, fmt.Errorf("list the PCI functions: %w", err)
	}
	if o.Links != nil {
		r.readLinks(ctx, o.Links)
	}
	r.devices()
	for _, name := range names {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		address, err := ParseAddress(name)
		if err != nil {
			r.warn("%v", err)
			continue
		}
		r.host.Addresses = append(r.host.Addresses, address)
		f, ok := r.function(address)
		if !ok {
			continue
		}
		if parent, isVF := r.sysfs.link(device(address, "physfn")); isVF {
			of, err := ParseAddress(parent)
			if err != nil {
				r.warn("physfn of %s: %v", address, err)
			}
			r.vfs[of] = append(r.vfs[of], &VF{Function: f, Number: -1, Netdevs: r.netdevs(address)})
			continue
		}
		r.physical(f)
	}
	r.arrange()
	return r.host, nil
}

func (r *reader) warn(format string, args ...any) {
	r.host.Warnings = append(r.host.Warnings, *reason.New(CodeUnreadable, format, args...))
}

// devices reads which device each netdev belongs to.
func (r *reader) devices() {
	names, _ := r.sysfs.list("class/net") // none without a network
	for _, name := range names {
		path := "class/net/" + name + "/device"
		if device, ok := r.sysfs.link(path); ok && r.sysfs.exists(path) {
			r.host.Devices[name] = device
		}
	}
}

// linksBound is how long the kernel may take to list netdevs: it waits for a lock that
// drivers hold, and everything but permanent addresses is known without.
const linksBound = 5 * time.Second

func (r *reader) readLinks(ctx context.Context, links Links) {
	ctx, cancel := context.WithTimeout(ctx, linksBound)
	defer cancel()
	all, err := links.Links(ctx)
	if err != nil {
		r.warn("the kernel's list of netdevs: %v; permanent addresses are what sysfs tells", err)
	}
	for _, l := range all {
		r.permanent[l.IfIndex] = l
	}
}

// function reads what every function has. One that is of no interest, or that went
// away meanwhile, is left out.
func (r *reader) function(a Address) (Function, bool) {
	class, ok := r.sysfs.number(device(a, "class"), 0)
	if !ok {
		return Function{}, false
	}
	f := Function{Address: a, Class: uint32(class), NUMANode: -1}
	const bridge, memory = 0x06, 0x05
	if base := f.Class >> 16; base == bridge || base == memory {
		return f, false // spare the most common ones the rest
	}
	vendor, okVendor := r.sysfs.number(device(a, "vendor"), 0)
	product, okProduct := r.sysfs.number(device(a, "device"), 0)
	if !okVendor || !okProduct {
		return f, false
	}
	f.Vendor, f.Product = uint16(vendor), uint16(product)
	if !f.Network() && !f.Management() {
		return f, false
	}
	f.Driver, _ = r.sysfs.link(device(a, "driver"))
	if node, ok := r.sysfs.number(device(a, "numa_node"), 10); ok {
		f.NUMANode = int(node)
	}
	return f, true
}

// physical reads a function that is no VF.
func (r *reader) physical(f Function) {
	total, capable := r.sysfs.number(device(f.Address, "sriov_totalvfs"), 10)
	if !capable || !f.Network() {
		r.host.Others = append(r.host.Others, f)
		return
	}
	number := func(name string, base int) int {
		n, _ := r.sysfs.number(device(f.Address, name), base)
		return int(n)
	}
	r.pfs = append(r.pfs, &PF{
		Function: f, Netdevs: r.netdevs(f.Address),
		TotalVFs: int(total), VFProduct: uint16(number("sriov_vf_device", 16)),
		Offset: number("sriov_offset", 10), Stride: number("sriov_stride", 10),
	})
	r.numbers[f.Address] = r.virtfns(f.Address)
}

// virtfns reads the links to a PF's VFs: which numbers each address has. Several are an error.
func (r *reader) virtfns(pf Address) map[Address][]int {
	names, err := r.sysfs.list(device(pf, ""))
	if err != nil {
		r.warn("the VFs of %s: %v", pf, err)
		return nil
	}
	numbers := map[Address][]int{}
	for _, name := range names {
		text, is := strings.CutPrefix(name, "virtfn")
		n, err := strconv.ParseUint(text, 10, 16)
		if !is || err != nil || strconv.FormatUint(n, 10) != text {
			continue
		}
		target, ok := r.sysfs.link(device(pf, name))
		if !ok {
			continue
		}
		if a, err := ParseAddress(target); err == nil {
			numbers[a] = append(numbers[a], int(n))
		}
	}
	return numbers
}

// place gives a VF its PF, and the number that links of that give it.
func (v *VF) place(p *PF, numbers []int) {
	v.PF = p
	if len(numbers) != 1 {
		v.Warnings = append(v.Warnings, *reason.New(CodeNoNumber,
			"%d of the links virtfn<N> of PF %s lead to VF %s, where exactly one must", len(numbers), p.Address, v.Address).
			WithRemedy("try again: VFs are perhaps being created or removed"))
		return
	}
	v.Number = numbers[0]
	if want := p.VFAddress(v.Number); p.Offset != 0 && v.Address != want {
		v.Warnings = append(v.Warnings, *reason.New(CodeNumberDoubtful,
			"virtfn%d of PF %s leads to %s, while its offset %d and stride %d give bus %02x, device %02x, function %x",
			v.Number, p.Address, v.Address, p.Offset, p.Stride, want.Bus, want.Device, want.Function))
	}
}

// arrange gives PFs their VFs, makes cards of them, and orders everything.
func (r *reader) arrange() {
	slices.SortFunc(r.pfs, func(a, b *PF) int { return a.Address.Compare(b.Address) })
	for _, p := range r.pfs {
		p.VFs = r.vfs[p.Address]
		delete(r.vfs, p.Address)
		for _, v := range p.VFs {
			v.place(p, r.numbers[p.Address][v.Address])
		}
		slices.SortFunc(p.VFs, func(a, b *VF) int { // -1, which is no number, comes last
			return cmp.Or(cmp.Compare(uint(a.Number), uint(b.Number)), a.Address.Compare(b.Address))
		})
		slot := p.Address.Slot()
		if last := len(r.host.Cards) - 1; last < 0 || r.host.Cards[last].Slot != slot {
			r.host.Cards = append(r.host.Cards, &Card{Slot: slot})
		}
		c := r.host.Cards[len(r.host.Cards)-1]
		c.PFs = append(c.PFs, p)
	}
	for _, v := range slices.Concat(slices.Collect(maps.Values(r.vfs))...) {
		v.Warnings = append(v.Warnings, *reason.New(CodeNoPF, "the PF of VF %s isn't visible here", v.Address).
			WithRemedy("run this where the PF is, on the hypervisor"))
		r.host.Orphans = append(r.host.Orphans, v)
	}
	slices.SortFunc(r.host.Addresses, Address.Compare)
	slices.SortFunc(r.host.Others, func(a, b Function) int { return a.Address.Compare(b.Address) })
	slices.SortFunc(r.host.Orphans, func(a, b *VF) int { return a.Address.Compare(b.Address) })
}
