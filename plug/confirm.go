package plug

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

const (
	// confirmWait bounds what is spent at a time on asking the kernel about netdevs, for the
	// same reason as linkWait.
	confirmWait = time.Second
	// confirmFresh is how old the kernel's word may become until what it is about is
	// committed: after that, what has been confirmed is committed without the rest.
	confirmFresh = 200 * time.Millisecond
)

// unconfirmedError is why a change isn't made: the kernel, asked once more, said that the
// netdev isn't the function's any more, or nothing.
type unconfirmedError struct{ error }

var errOtherNetdev = errors.New("the kernel says that the netdev isn't the function's any more")

// confirm asks the kernel once more about each netdev that is to be given to a logical
// port, and leaves out the changes that it doesn't confirm, and those that there is no time
// for now. A plan is made from what was read a moment ago, and no guard of the database
// knows what a name means.
func (r *Reconciler) confirm(ctx context.Context, changes []ovs.Change, gives map[string]representor.Representor) []ovs.Change {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, confirmWait)
	defer cancel()
	var out []ovs.Change
	var off []string
	var why error
	for _, c := range changes {
		given := givenBy(c, gives)
		if len(given) > 0 && len(out) > 0 && time.Since(began) >= confirmFresh {
			r.Poke() // the rest is planned again, when these are done
			continue
		}
		err := r.confirmAll(ctx, given)
		if err == nil {
			out = append(out, c)
			continue
		}
		if ctx.Err() != nil && len(out) > 0 {
			r.Poke()
			break
		}
		off, why = append(off, c.LogicalPorts...), err
		for _, p := range c.LogicalPorts {
			r.pace.Fail(time.Now(), p, unconfirmedError{err})
		}
	}
	if len(off) > 0 {
		r.cfg.Log.Warn("change put off: the kernel did not confirm its netdev", "ports", reason.Names(off), "error", why)
	}
	return out
}

// stillAsked leaves out the changes for ports of which the Southbound shows something else now
// than it showed to the plan, or the card that something else is meant. To plan and to ask the
// kernel takes seconds where a DPU is short of CPU. A leak is closed and a name taken away
// whatever is asked.
func (r *Reconciler) stillAsked(changes []ovs.Change) []ovs.Change {
	was, is := r.lastInput.Asked, r.cfg.Southbound.View()
	trusts := was.Identity == is.Identity && was.ChassisKnown == is.ChassisKnown && was.Complete == is.Complete &&
		was.Connected == is.Connected
	card := r.cfg.Devices.Index()
	stands := func(lport string) bool {
		b := is.Bindings[lport]
		return sameWord(was.Bindings[lport], b) && sameMeaning(r.lastInput.Index, card, b)
	}
	return without(changes, func(c ovs.Change) bool {
		if plan.ClosesLeak(c) || parksOnly(c) {
			return false
		}
		return !trusts || slices.ContainsFunc(portsOf(c), func(p string) bool { return !stands(p) })
	})
}

// sameWord reports whether two bindings of one port ask for the same.
func sameWord(a, b southbound.Binding) bool {
	return a.Disposition == b.Disposition && a.Additional == b.Additional && a.Request.Query == b.Request.Query &&
		(a.Request.Invalid == nil) == (b.Request.Invalid == nil)
}

// sameMeaning reports whether what a port asks for is the same function on two indexes, or
// can be told on neither.
func sameMeaning(was, is *representor.Index, b southbound.Binding) bool {
	if was == is || !isAsked(b) {
		return true
	}
	then, known := was.Meant(b.Request.Query)
	now, tells := is.Meant(b.Request.Query)
	return known == tells && then == now
}

// portsOf are the ports that a change is for, and those whose rows make room for them.
func portsOf(c ovs.Change) []string {
	ports := slices.Clone(c.LogicalPorts)
	for _, u := range c.Unplug {
		ports = append(ports, u.Interface.LogicalPort())
	}
	return ports
}

func (r *Reconciler) confirmAll(ctx context.Context, given map[string]representor.Representor) error {
	for _, rep := range given {
		if !r.cfg.Devices.Index().Shows(rep) {
			return errOtherNetdev
		}
		if is, err := r.cfg.Devices.Confirm(ctx, rep); err != nil || !is {
			return cmp.Or(err, errOtherNetdev)
		}
	}
	return nil
}

// givenBy are the representors whose netdevs a change gives to a logical port, by the name
// of the row: while a row is open for a netdev that was renamed, that is an older one.
func givenBy(c ovs.Change, gives map[string]representor.Representor) map[string]representor.Representor {
	reps := map[string]representor.Representor{}
	add := func(row string) {
		if rep, ok := gives[row]; ok {
			reps[row] = rep
		}
	}
	for _, p := range c.Plug {
		add(p.Netdev)
	}
	for _, e := range c.Edit {
		if _, sets := e.Set[ovs.KeyIfaceID]; sets {
			add(e.Interface.Name)
		}
	}
	return reps
}

// recheck asks the kernel again about what was committed, and closes at once what has
// become a leak in the meantime. The index shows the same in a moment; this is sooner. A
// netdev that was merely renamed is followed by the next plan.
func (r *Reconciler) recheck(ctx context.Context, done []ovs.Change, d plan.Decision) {
	ctx, cancel := context.WithTimeout(ctx, confirmWait)
	defer cancel()
	view := r.cfg.Switch.View()
	var leaks []ovs.Change
	for _, c := range done {
		for name, rep := range givenBy(c, d.Gives) {
			if ctx.Err() != nil {
				break // the index shows it
			}
			rep.Link.Name = name
			usurped, err := r.cfg.Devices.Usurped(ctx, rep)
			row, there := view.Interfaces[name]
			if err != nil || !usurped || !there || !view.IsOurs(row) {
				continue
			}
			leaks = append(leaks, plan.CloseLeak(row, c.LogicalPorts))
		}
	}
	if len(leaks) > 0 {
		r.commit(ctx, leaks, d)
	}
}
