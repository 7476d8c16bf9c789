package register

import (
	"fmt"
	"slices"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/reason"
)

// Report is how it stands with the serial numbers at one time.
type Report struct {
	// Off: the setting is off, so nothing is written.
	Off bool
	// Key is the key of external_ids that counts for our chassis, and Options its value.
	Key     string
	Options string
	// Cards are the devlink instances, sorted.
	Cards []Card
	// Stale are the numbers that we wrote and that no card has at present; Foreign
	// those that somebody else wrote and no card has.
	Stale   []string
	Foreign []string
	// Problem says why nothing can be written at present; Failed is set where that is
	// because the local database refused it.
	Problem string
	Failed  bool
}

// Report looks at the present snapshots. It never blocks for longer than a moment,
// and may be called by anybody at any time.
func (r *Registrar) Report() Report {
	v, x := r.cfg.Switch.View(), r.cfg.Devices.Index()
	in, cards := r.input(v, x)
	d := Plan(in)
	out := Report{Off: r.cfg.Off, Key: d.Key, Options: v.ExternalIDs[d.Key], Cards: cards, Stale: d.Absent, Foreign: d.Foreign}
	whole, problem := x.Complete()
	switch failed := r.failed.Load(); {
	case !v.Complete:
		out.Problem = "the local database: " + v.Problem
	case in.Chassis == "":
		out.Problem = "nothing names the chassis yet"
	case !whole && len(in.Known) == 0:
		out.Problem = "the card: " + problem
	case failed != nil:
		out.Problem, out.Failed = *failed, true
	}
	there, ours := cardserial.Published(out.Options), remembered(v.ExternalIDs)
	for i := range cards {
		c := &cards[i]
		c.Published = slices.Contains(there, c.Serial)
		c.Ours = c.Published && slices.Contains(ours, c.Serial)
		if c.Reason == nil && !c.Published {
			c.Reason = r.whyUnpublished(out.Problem)
		}
	}
	return out
}

// whyUnpublished says why a serial number that could be is not published.
func (r *Registrar) whyUnpublished(problem string) *reason.Reason {
	switch {
	case r.cfg.Off:
		return reason.New(CodeOff, "the setting register-card-serial is off")
	case r.cfg.DryRun:
		return reason.New(CodeWaiting, "this is a dry run: nothing is written")
	case problem != "":
		return reason.New(CodeWaiting, "%s", reason.Prose(problem))
	}
	return reason.New(CodeWaiting, "it is about to be published")
}

// Problems says, for an operator, what needs attention: cards that serve a host and
// can't be found by it.
func (r Report) Problems() []string {
	if r.Off {
		return nil
	}
	var all []string
	for _, c := range r.Cards {
		if c.HostFacing && c.Reason != nil && c.Reason.Code != CodeWaiting {
			all = append(all, c.Reason.Message)
		}
	}
	if r.Failed {
		all = append(all, "the serial number can't be published: "+r.Problem)
	}
	if len(r.Foreign) > 0 {
		all = append(all, fmt.Sprintf("external_ids:%s names cards that aren't here: %s; Neutron sends their ports to this chassis",
			r.Key, reason.Names(r.Foreign)))
	}
	return all
}
