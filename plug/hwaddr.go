package plug

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/plug/plan"
)

// addresses remembers how setting MAC addresses went.
type addresses struct {
	// done are those that functions had, or got, since they are plugged. A driver that took
	// one and doesn't tell it is not asked again and again; nor is a machine fought that gave
	// itself another one since.
	done map[string]plan.Address // by logical port
	// wanted are the logical ports whose address is still to be set.
	wanted map[string]bool
	pace   retry.Keyed[string] // by logical port
}

// left are the addresses that are still to be set, those that failed before last: one
// function that keeps the kernel busy holds up no other. It forgets the ports that aren't
// there any more, and what failed for those that need none set.
func (s *addresses) left(d plan.Decision) []plan.Address {
	var left []plan.Address
	s.wanted = map[string]bool{}
	for _, a := range d.Addresses {
		// The function of another netdev is set up anew.
		done := s.done[a.LogicalPort]
		known := done.Representor.Function == a.Representor.Function && done.Representor.IfIndex == a.Representor.IfIndex
		switch {
		case known && done.MAC == a.MAC:
		case !known && a.Representor.HWAddr == a.MAC: // where we set another one since, this may be from before
			s.done[a.LogicalPort] = a
		default:
			left = append(left, a)
			s.wanted[a.LogicalPort] = true
		}
	}
	maps.DeleteFunc(s.done, func(lport string, _ plan.Address) bool { return !d.Has(lport) })
	s.pace.Prune(time.Now(), func(lport string) bool { return s.wanted[lport] })
	slices.SortStableFunc(left, func(a, b plan.Address) int { return s.pace.Failures(a.LogicalPort) - s.pace.Failures(b.LogicalPort) })
	return left
}

// setAddresses sets what is to be set, if that is wanted at all, and remembers why one could
// not be. The kernel is asked right before whether the function is still the one.
func (r *Reconciler) setAddresses(ctx context.Context, d plan.Decision) {
	if r.cfg.SetHWAddr == nil {
		return
	}
	s := &r.addresses
	ctx, cancel := context.WithTimeout(ctx, linkWait)
	defer cancel()
	tried := false
	for _, a := range s.left(d) {
		if !s.pace.Due(time.Now(), a.LogicalPort).IsZero() {
			continue
		}
		if ctx.Err() != nil {
			r.Poke() // there was no time for it
			return
		}
		err := r.setAddress(ctx, a)
		if err != nil && ctx.Err() != nil && tried { // there were many, and the kernel took its time for each
			r.Poke()
			return
		}
		tried = true
		if err != nil {
			if failsAnew(&s.pace, a.LogicalPort, err) {
				r.cfg.Log.Warn("function's address can't be set", "port", reason.Quote(a.LogicalPort),
					"function", a.Representor.Function.String(), "address", a.MAC.String(), "error", err)
			}
			continue
		}
		s.done[a.LogicalPort] = a
		s.pace.Succeed(time.Now(), a.LogicalPort, paceChanges)
		r.cfg.Log.Info("function's address set", "port", reason.Quote(a.LogicalPort), "function", a.Representor.Function.String(),
			"old", a.Representor.HWAddr.String(), "new", a.MAC.String())
	}
}

func (r *Reconciler) setAddress(ctx context.Context, a plan.Address) error {
	if same, err := r.cfg.Devices.Confirm(ctx, a.Representor); err != nil || !same {
		return cmp.Or(err, errors.New("the function isn't the one any more that it was a moment ago"))
	}
	return r.cfg.SetHWAddr(ctx, a.Representor, a.MAC)
}

// overlayAddress says of a port that its function's address could not be set.
func (r *Reconciler) overlayAddress(s *Port) {
	err := r.addresses.pace.Failed(s.LogicalPort)
	if err == nil || !r.addresses.wanted[s.LogicalPort] {
		return
	}
	why := reason.Prose(err.Error())
	if errors.Is(err, errors.ErrUnsupported) {
		why = "its driver can't: " + why
	}
	s.Warnings = append(s.Warnings, reason.Reason{
		Code: reason.CodeHWAddrFailed,
		Message: fmt.Sprintf("the MAC address of function %s can't be set to the logical port's: %s; the host must set it",
			reason.Quote(s.Function), why),
	})
}
