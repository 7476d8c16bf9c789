package plug

import (
	"context"
	"errors"
	"time"

	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// confirmWait bounds what is spent at a time on asking the kernel about netdevs, for the
// same reason as linkWait.
const confirmWait = time.Second

// errOtherNetdev is why a change isn't made: the card was dealt anew since it was planned.
var errOtherNetdev = errors.New("the kernel says that the netdev isn't the function's any more")

// confirm asks the kernel once more about each netdev that is to be given to a logical
// port, and leaves out the changes that it doesn't confirm. A plan is made from what was
// read a moment ago, and no guard of the database knows what a name means.
func (r *Reconciler) confirm(ctx context.Context, changes []ovs.Change, gives map[string]representor.Representor) []ovs.Change {
	ctx, cancel := context.WithTimeout(ctx, confirmWait)
	defer cancel()
	var out []ovs.Change
	for _, c := range changes {
		err := r.confirmAll(ctx, givenBy(c, gives))
		if err == nil {
			out = append(out, c)
			continue
		}
		r.cfg.Log.Warn("change put off: its netdev was looked at once more", "ports", names(c.LogicalPorts), "why", c.Why, "error", err)
		for _, p := range c.LogicalPorts {
			r.pace.fail(time.Now(), p, err)
		}
	}
	return out
}

func (r *Reconciler) confirmAll(ctx context.Context, given map[string]representor.Representor) error {
	for _, rep := range given {
		if !r.cfg.Devices.Index().Shows(rep) {
			return errOtherNetdev
		}
		is, err := r.cfg.Devices.Confirm(ctx, rep)
		switch {
		case err != nil:
			return err
		case !is:
			return errOtherNetdev
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
// become a leak in the meantime. The index shows the same in a moment; this is sooner.
func (r *Reconciler) recheck(ctx context.Context, done []ovs.Change, d Decision) {
	ctx, cancel := context.WithTimeout(ctx, confirmWait)
	defer cancel()
	view := r.cfg.Switch.View()
	var leaks []ovs.Change
	for _, c := range done {
		for name, rep := range givenBy(c, d.Gives) {
			is, err := r.cfg.Devices.Confirm(ctx, rep)
			row, there := view.Interfaces[name]
			if err != nil || is || !there || !oursOn(view, row) {
				continue
			}
			leaks = append(leaks, ovs.Change{LogicalPorts: c.LogicalPorts, Why: whyLeak, Unplug: []ovs.Unplug{{Interface: row, Leak: true}}})
		}
	}
	if len(leaks) > 0 {
		r.commit(ctx, leaks, d)
	}
}
