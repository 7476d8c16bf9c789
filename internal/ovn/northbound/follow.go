package northbound

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/profile"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
)

const (
	// again is how soon a Southbound that was lost is tried again.
	again = time.Second
	// staleMost is how long a port that was up before may stay so until nothing is
	// expected any more: it goes down as soon as its representor is replaced.
	staleMost = 10 * time.Second
)

// Target is what a port was bound to.
type Target struct {
	Port    string
	Profile *profile.Profile
	// Chassis is the DPU as it was chosen; its row may be another one since.
	Chassis ovn.Chassis
	// Was is the port's row before it was bound to something else, nil if it had none, or
	// was bound so already.
	Was *ovn.PortBinding
}

// find gives the index of the chassis, below 0 if it isn't there.
func (t *Target) find(all []ovn.Chassis) int {
	return slices.IndexFunc(all, func(c ovn.Chassis) bool { return c.Name == t.Chassis.Name })
}

// asked tells whether a row asks for the function.
func (t *Target) asked(b *ovn.PortBinding) bool {
	_, sf := b.Options[option.SFNum]
	return !sf && b.Options[option.Type] == option.Representor && b.Options[option.PFMAC] == t.Profile.PFMAC &&
		b.Options[option.VFNum] == strconv.Itoa(t.Profile.VFNum)
}

// isUpOn tells whether ovn-controller has installed the port's flows on a row of Chassis; b is
// nil for a port without a row.
func isUpOn(b *ovn.PortBinding, chassis string) bool {
	return b != nil && b.Up != nil && *b.Up && text(b.Chassis) == chassis
}

// text is what an optional column has, "" for nothing.
func text(column *string) string {
	if column == nil {
		return ""
	}
	return *column
}

// onDPU says where more is known.
func (t *Target) onDPU() string {
	return "run on " + reason.Quote(t.Chassis.Hostname) + ": representorctl explain " + reason.Operand(t.Port)
}

// Missing says what is still missing until the chassis has the port plugged and its
// flows installed, as far as the Southbound tells; empty for nothing. It is a pure
// function. What happens on the DPU before ovn-controller claims the port isn't
// known there.
func (t *Target) Missing(all []ovn.Chassis, b *ovn.PortBinding) string {
	if b == nil {
		return "the Southbound has no Port_Binding of that name yet: is ovn-northd running, and is the port on a logical switch?"
	}
	i, requested, claimed := t.find(all), text(b.RequestedChassis), text(b.Chassis)
	switch {
	case !t.asked(b):
		return "ovn-northd has not copied the options to the Port_Binding yet, or somebody changed them since"
	case i < 0:
		return fmt.Sprintf("chassis %s has no row in the Southbound any more: is ovn-controller running there?", reason.Quote(t.Chassis.Name))
	case !slices.Contains(cardserial.Published(all[i].CMSOptions()), t.Profile.Serial):
		return fmt.Sprintf("chassis %s lacks card serial number %s by now: see representorctl serial there", reason.Quote(t.Chassis.Name),
			reason.Quote(t.Profile.Serial))
	case requested == "":
		return fmt.Sprintf("ovn-northd found no chassis for "+option.Chassis+"=%s", t.Chassis.Hostname)
	case requested != all[i].UUID:
		return fmt.Sprintf("the Port_Binding asks for another chassis than %s", reason.Quote(t.Chassis.Name))
	case claimed == "":
		return "no chassis has claimed the port: the representor isn't plugged yet, or ovn-controller has not seen it; " + t.onDPU()
	case claimed != all[i].UUID:
		return fmt.Sprintf("another chassis than %s has the port still", reason.Quote(t.Chassis.Name))
	case !isUpOn(b, claimed):
		return "ovn-controller has claimed the port and is installing its flows; " + t.onDPU()
	}
	return ""
}

// wait is one Await.
type wait struct {
	target   *Target
	progress func(missing string)
	// said is what progress was told last.
	said string
	// stale: all that the Southbound said of the port being up was said before it asked
	// for what the target is.
	stale bool
	// limit ends the wait for it to say something new.
	limit <-chan time.Time
}

// Await waits until the port is plugged, connecting again when the Southbound is lost.
// south was opened before the port was changed, so that nothing is missed; Await closes
// it. progress is told what is missing whenever that changes. An error is a NotPlugged, when
// ctx ended, or an Unsure.
func Await(ctx context.Context, s ovn.Servers, south *Southbound, t *Target, progress func(missing string)) error {
	w := &wait{target: t, progress: progress, stale: isUpOn(t.Was, t.Chassis.UUID)}
	for {
		ended, err := w.follow(ctx, south)
		if ended {
			return err
		}
		for south = nil; south == nil; {
			if ctx.Err() != nil {
				return w.failed(NotPlugged, "not plugged in time")
			}
			w.tell(err.Error())
			if retry.Sleep(ctx, again) {
				south, err = OpenSouthbound(ctx, s, t.Port)
			}
		}
	}
}

// failed is how a wait ended, after follow has told why it lasts.
func (w *wait) failed(kind Kind, so string) error {
	e := fail(kind, "logical port %s is bound, and %s", reason.Quote(w.target.Port), so)
	e.Why = w.said
	return e
}

func (w *wait) tell(missing string) {
	if missing != w.said {
		w.said = missing
		w.progress(missing)
	}
}

// follow watches one connection until the wait has ended, and closes it. Unless it has ended
// the error says why nothing is seen any more.
func (w *wait) follow(ctx context.Context, south *Southbound) (ended bool, err error) {
	defer south.Close()
	for {
		// In this order: what is seen as plugged below is no older than what it proves.
		all := south.Chassis()
		for _, b := range south.history() {
			w.see(all, b)
		}
		missing := w.target.Missing(south.Chassis(), south.Binding())
		var limit <-chan time.Time
		switch {
		case missing != "":
			w.tell(missing)
		case !w.stale:
			return true, nil
		default:
			w.tell("the port was up before this bind, and ovn-controller has said nothing since; " + w.target.onDPU())
			if w.limit == nil {
				w.limit = retry.After(staleMost)
			}
			limit = w.limit
		}
		select {
		case <-south.poke:
			continue
		case <-south.conn.Done():
			return false, unreachable(ovn.Database, south.conn.Err())
		case <-limit:
		case <-ctx.Done():
			if limit == nil {
				return false, context.Cause(ctx)
			}
		}
		return true, w.failed(Unsure, "it is not known whether it is plugged")
	}
}

// see takes notice of a row that the port had, one after the other. That the port is up
// on our chassis is stale when it was so already when the Southbound began to ask for
// the target, until it is seen otherwise.
func (w *wait) see(all []ovn.Chassis, b *ovn.PortBinding) {
	ours := ""
	if i := w.target.find(all); i >= 0 {
		ours = all[i].UUID
	}
	w.stale = isUpOn(b, ours) && (w.stale || !w.target.asked(b) || text(b.RequestedChassis) != ours)
}
