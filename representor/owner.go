package representor

import "github.com/representord/representord/devlink"

// owners tells whose an SF is, where the kernel doesn't: for long Linux told no `external`
// of SFs (devlink_nl_port_attrs_put in net/devlink had it for PFs and VFs only). A DPU may
// have PFs of its own behind any controller, and an SF is whose its PF is.
// It holds whether the function of a PF is another host's, absent where several PFs of that number
// contradict each other.
type owners map[Function]devlink.Optional[bool]

// ownersOf takes the word of the PFs that say whose they are.
func ownersOf(ports []devlink.Port) owners {
	o := owners{}
	for i := range ports {
		p := &ports[i]
		if p.Flavour != devlink.FlavourPCIPF || !p.PF.Present || !p.External.Present {
			continue
		}
		noteOnly(o, pfOf(p), p.External)
	}
	return o
}

// pfOf is the PF of a port's function, whoever's it is.
func pfOf(p *devlink.Port) Function {
	f := Function{Handle: p.Handle, Controller: p.Controller, PF: p.PF.Value, Kind: PF}
	if !f.Controller.Present {
		f.Controller.Value = 0
	}
	return f
}

// external tells whether a port stands for a function of another host. Of an SF that says
// nothing its PF does, the one of the same instance, controller and number. Without such a
// PF the controller's number decides: 0 is the machine's own. What has no controller either
// is from a kernel that knew no functions but the host's.
func (o owners) external(p *devlink.Port) bool {
	if p.External.Present {
		return p.External.Value
	}
	if !ownerUnsaid(p) {
		return true
	}
	if said := o[pfOf(p)]; said.Present {
		return said.Value
	}
	return p.Controller.Value != 0
}

// ownerUnsaid tells whether a port is that of an SF of which the kernel numbers the
// controller, and doesn't say whose it is.
func ownerUnsaid(p *devlink.Port) bool {
	return p.Flavour == devlink.FlavourPCISF && !p.External.Present && p.Controller.Present
}

// function is the identity of the function a port stands for, false for a port that stands
// for none or doesn't say for which.
func (o owners) function(p *devlink.Port) (Function, bool) {
	f := pfOf(p)
	f.External = o.external(p)
	ok := p.PF.Present
	switch p.Flavour {
	case devlink.FlavourPCIPF:
	case devlink.FlavourPCIVF:
		f.Kind, f.Number = VF, uint32(p.VF.Value)
		ok = ok && p.VF.Present
	case devlink.FlavourPCISF:
		f.Kind, f.Number = SF, p.SF.Value
		ok = ok && p.SF.Present
	default:
		ok = false
	}
	if !ok {
		return Function{}, false
	}
	return f, true
}

// OwnerGuessed reports whether nothing but its controller's number tells whose an SF is:
// neither the kernel says it nor its PF's port.
func (x *Index) OwnerGuessed(f Function) bool {
	pf := f.parent()
	pf.External = false // as pfOf has it
	return x.unsaid[f] && !x.owners[pf].Present
}

// StandsFor reports whether a port, looked at by itself, is one for a function. Of an SF
// that doesn't say whose it is only the rest is compared: no other port is asked.
func StandsFor(p *devlink.Port, f Function) bool {
	got, ok := owners(nil).function(p)
	if ownerUnsaid(p) {
		got.External = f.External
	}
	return ok && got == f
}
