package plug

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/representord/representord/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Functions are the card's functions, apart from their representors.
type Functions interface {
	// SetHWAddr sets a function's own MAC address. It returns soon after ctx ends, with its
	// error, even if the kernel doesn't answer. errors.ErrUnsupported tells that the driver
	// can't.
	SetHWAddr(ctx context.Context, r representor.Representor, mac representor.MAC) error
}

// Address is the MAC address that the function of a plugged port should have, since the
// logical port has it.
type Address struct {
	LogicalPort string
	Representor representor.Representor
	MAC         representor.MAC
}

// address notes that the function of a port that is plugged has another MAC address than
// the logical port. A PF's is the host's own, and what requests name it by.
func (p *planner) address(q *port, r ovs.Interface) {
	mac := q.binding.MAC
	switch {
	case !q.seen || q.binding.Fate != ovn.Asked || !q.ready || mac.IsZero() || q.rep.HWAddr == mac:
	case q.rep.Function.Kind == representor.PF || r.Ofport <= 0 || r.IfIndex != q.rep.IfIndex:
	default:
		p.out.Addresses = append(p.out.Addresses, Address{LogicalPort: q.name, Representor: q.rep, MAC: mac})
	}
}

// addresses remembers how setting MAC addresses went.
type addresses struct {
	// done are those that were set. A driver that took one and doesn't tell it is not asked
	// again and again.
	done   map[string]string // by logical port, see Address.String
	failed map[string]error  // why the last try failed, by logical port
	pace   pace              // of tries that failed, by logical port
}

// String is what was, or is to be, set where.
func (a Address) String() string {
	return a.Representor.Function.String() + " from " + a.Representor.HWAddr.String() + " to " + a.MAC.String()
}

// next is when an address is to be set again, zero if that needs a change first.
func (s *addresses) next(now time.Time) time.Time { return s.pace.next(now) }

// only forgets the ports that are not among these.
func (s *addresses) only(all []Address) {
	wanted := make(map[string]bool, len(all))
	for _, a := range all {
		wanted[a.LogicalPort] = true
	}
	for lport := range s.failed {
		if !wanted[lport] {
			delete(s.failed, lport)
			delete(s.pace.ports, lport)
		}
	}
	for lport := range s.done {
		if !wanted[lport] {
			delete(s.done, lport)
		}
	}
}

// setAddresses sets what is to be set, if that is wanted at all, and remembers why one could
// not be. The kernel is asked right before whether the function is still the one.
func (r *Reconciler) setAddresses(ctx context.Context, all []Address) {
	if r.cfg.Functions == nil {
		return
	}
	s := &r.addresses
	s.only(all)
	ctx, cancel := context.WithTimeout(ctx, linkWait)
	defer cancel()
	for _, a := range all {
		if s.done[a.LogicalPort] == a.String() || !s.pace.due(time.Now(), a.LogicalPort).IsZero() || ctx.Err() != nil {
			continue
		}
		if err := r.setAddress(ctx, a); err != nil {
			r.addressFailed(a, err)
			continue
		}
		if s.done == nil {
			s.done = map[string]string{}
		}
		s.done[a.LogicalPort] = a.String()
		delete(s.failed, a.LogicalPort)
		r.cfg.Log.Info("function's address set", "port", representor.Quote(a.LogicalPort), "function", a.Representor.Function.String(),
			"old", a.Representor.HWAddr.String(), "new", a.MAC.String())
	}
}

func (r *Reconciler) setAddress(ctx context.Context, a Address) error {
	same, err := r.cfg.Devices.Confirm(ctx, a.Representor)
	if err != nil {
		return err
	}
	if !same {
		return errors.New("the function isn't the one any more that it was a moment ago")
	}
	return r.cfg.Functions.SetHWAddr(ctx, a.Representor, a.MAC)
}

func (r *Reconciler) addressFailed(a Address, err error) {
	s := &r.addresses
	s.pace.fail(time.Now(), a.LogicalPort, err)
	if old := s.failed[a.LogicalPort]; old == nil || old.Error() != err.Error() {
		r.cfg.Log.Warn("function's address can't be set", "port", representor.Quote(a.LogicalPort), "function", a.Representor.Function.String(),
			"address", a.MAC.String(), "error", err)
	}
	if s.failed == nil {
		s.failed = map[string]error{}
	}
	s.failed[a.LogicalPort] = err
}

// overlayAddress says of a port that its function's address could not be set.
func (r *Reconciler) overlayAddress(s *Status) {
	err := r.addresses.failed[s.LogicalPort]
	if err == nil {
		return
	}
	why := representor.Prose(err.Error())
	if errors.Is(err, errors.ErrUnsupported) {
		why = "its driver can't: " + why
	}
	s.Warnings = append(s.Warnings, representor.Reason{
		Code:    representor.CodeHWAddrFailed,
		Message: fmt.Sprintf("the MAC address of function %s can't be set to the logical port's: %s; the host must set it", representor.Quote(s.Function), why),
	})
}
