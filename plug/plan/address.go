package plan

import "github.com/representord/representord/representor"

// Address is the MAC address that the function of a plugged port should have, since the
// logical port has it. Representor.HWAddr is the one that it has.
type Address struct {
	LogicalPort string
	Representor representor.Representor
	MAC         representor.MAC
}

// address notes which MAC address the function of a port that is plugged should have. It is
// what the Southbound says that counts now, of a port whose function is certain: what is only
// kept or held may be for another one by now, and changing the address of a function that a
// machine uses cuts the machine off. A PF's is the host's own, and what requests name it by.
func (p *planner) address(q *port) {
	if !p.asksNow(q) || p.in.Hold.All || q.fromMarker || q.binding.MAC.IsZero() || q.rep.Function.Kind == representor.PF {
		return
	}
	p.out.Addresses = append(p.out.Addresses, Address{LogicalPort: q.name, Representor: q.rep, MAC: q.binding.MAC})
}
