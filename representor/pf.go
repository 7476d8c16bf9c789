package representor

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/devlink"
)

// pf is a PF that a pf-mac may name.
type pf struct {
	function Function
	// mac is zero while nothing knows it.
	mac MAC
}

// findPFs fills pfs with the PFs a MAC may name: those that have a pcipf port and, when
// functions of our own machine are admitted, those of a plain switchdev NIC. Such
// a NIC shows its VFs and SFs as local functions, and its own PF only as the
// uplink: the physical port of the PF's number, whose netdev has the PF's MAC.
func (x *Index) findPFs() {
	local := map[Function]bool{}
	for i := range x.reps {
		f := x.reps[i].Function
		if f.Kind == PF {
			x.pfs = append(x.pfs, pf{function: f, mac: x.reps[i].HWAddr})
		}
		if !f.External {
			local[f.parent()] = true
		}
	}
	if !x.settings.LocalFunctions {
		return
	}
	uplinks, carries := x.uplinkMACs(), map[Uplink]bool{}
	for f := range local {
		u, carried := uplinkOf(f, uplinks, !x.card.MayLackPFs)
		if carried {
			carries[u] = true
		}
		if len(x.find(f)) == 0 {
			x.pfs = append(x.pfs, pf{function: f, mac: uplinks[u]})
		}
	}
	// A PF without any VF yet is known all the same, so that what is missing can be
	// named. Controller 0 is the machine's own wherever the kernel numbers them. What is
	// part of a device, as an SF that the machine uses is, is no PF.
	for u, mac := range uplinks {
		if !carries[u] && u.Number <= 0xffff && u.Handle.Bus != auxiliaryBus {
			x.pfs = append(x.pfs, pf{mac: mac, function: Function{
				Handle: u.Handle, Controller: devlink.Some(uint32(0)), PF: uint16(u.Number), Kind: PF,
			}})
		}
	}
	slices.SortStableFunc(x.pfs, func(a, b pf) int { return a.function.Compare(b.function) })
}

// uplinkOf is the uplink that carries the traffic of a PF of our own machine and has its MAC,
// zero for none, as for a PF behind another controller: a satellite has a MAC of its own.
//
// It is the uplink of the PF's number. From Linux 6.15 on mlx5 numbers PFs as PCI functions,
// and uplinks as the card's ports (mlx5_esw_offloads_pf_vf_devlink_port_attrs_set,
// mlx5e_devlink_port_register): where these differ it is the only uplink of that function, if
// those are all.
func uplinkOf(f Function, uplinks map[Uplink]MAC, all bool) (Uplink, bool) {
	own := Uplink{Handle: f.Handle, Number: uint32(f.PF)}
	_, numbered := uplinks[own]
	switch {
	case f.IsSatellite():
		return Uplink{}, false
	case numbered:
		return own, true
	case !all, f.Handle.Bus != "pci", !strings.HasSuffix(f.Handle.Device, "."+strconv.Itoa(int(f.PF))):
		return Uplink{}, false
	}
	only := slices.DeleteFunc(slices.Collect(maps.Keys(uplinks)), func(u Uplink) bool { return u.Handle != f.Handle })
	if len(only) != 1 {
		return Uplink{}, false
	}
	return only[0], true
}

// IsSatellite tells whether a function of our own machine is behind another controller than
// the machine's own, 0: as the satellite PFs of DPUs are (devlink-port.rst). Such a PF has a
// MAC of its own, which its port tells.
func (f Function) IsSatellite() bool { return !f.External && f.Controller.Value != 0 }

// parent is the identity of the PF that a function belongs to, its own for a PF.
func (f Function) parent() Function {
	f.Kind, f.Number = PF, 0
	return f
}

// uplinkMACs gives the MAC of each uplink's netdev. Where several ports share a number (one
// that was split), or the netdev isn't ours to see, the entry is zero: not known.
func (x *Index) uplinkMACs() map[Uplink]MAC {
	macs := map[Uplink]MAC{}
	for u, netdevs := range UplinkNetdevs(x.card.Ports, x.card.Links) {
		for _, ifindex := range netdevs {
			noteOnly(macs, u, x.card.Links[ifindex].HWAddr)
		}
	}
	return macs
}

// addPFMACs fills in PF addresses that the driver reports as zero, or not at all,
// from what was found outside devlink. That source knows a PF only by instance and
// number, so it says nothing where two controllers have a PF of that number, or may have
// one since PFs may be missing; and it means the host's PF, never a local one.
func (x *Index) addPFMACs() {
	if len(x.card.PFMACs) == 0 || x.card.MayLackPFs {
		return
	}
	hosts := map[Uplink][]*Representor{}
	for i := range x.reps {
		if f := x.reps[i].Function; f.Kind == PF && f.External {
			u := Uplink{Handle: f.Handle, Number: uint32(f.PF)}
			hosts[u] = append(hosts[u], &x.reps[i])
		}
	}
	for u, pfs := range hosts {
		if len(pfs) == 1 && pfs[0].HWAddr.IsZero() {
			pfs[0].HWAddr = x.card.PFMACs[u]
		}
	}
}
