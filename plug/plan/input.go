// Package plan decides what must be on the integration bridge: from what the Southbound asks, what the
// card has and what is there it makes the changes, and for each logical port a state with its
// reason. It is pure: no clock, no log, no input or output.
package plan

import (
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Settings change what Plan may do.
type Settings struct {
	// AdoptOVNVIF takes over rows of ovn-controller's built-in plug provider that
	// already hold the right port: the marks are rewritten, the row stays.
	AdoptOVNVIF bool
}

// Hold says which removals for the Southbound's sake may go ahead.
type Hold struct {
	// All: the Southbound is another database than before; every removal waits, and rows
	// go on to name the one before. Without it, the present one is accepted.
	All bool
	// Waited are the logical ports whose removal was waited for long enough, or which an
	// operator released.
	Waited map[string]bool
	// Grace: a removal that nothing else takes the place of waits some seconds, so that what
	// is taken back or made anew in that time costs nobody the network. Graced are the
	// logical ports for which those are over.
	Grace  bool
	Graced map[string]bool
	// Lately are the logical ports whose rows were removed or moved a short time ago: they
	// count with those that are to go now. Young are those that got their first row a short
	// time ago.
	Lately map[string]bool
	Young  map[string]bool
	// Lost are functions that no row is for, each with the logical port that had it until its
	// row was removed as a leak, or by somebody else: nobody has taken that from it.
	Lost map[representor.Function]string
}

// Input is everything a plan is made from.
type Input struct {
	Asked southbound.View
	// Verdict, when not nil, is the Southbound's unconditioned word about some
	// logical ports. Without it no row is removed for the Southbound's sake.
	Verdict  *southbound.Verdict
	Index    *representor.Index
	Actual   ovs.View
	Settings Settings
	Hold     Hold
	// Starting: ovs-vswitchd waits for us before it opens anything, so a row that it doesn't
	// have open is only left as it is if its function is there.
	Starting bool
	// Absent are the uuids of rows whose function has been away for some seconds.
	Absent map[string]bool
	// Unclaimed are those that earlier plans told of and that have been so for some seconds.
	Unclaimed map[string]bool
	// Left are the bridges that were ours in this run, are not any more, and are nobody
	// else's: rows of ours there may move to the present one, and go where they leak.
	Left map[string]bool
	// TakenByProvider are the uuids of rows that were ours in an earlier plan, and to which the
	// built-in plug provider has put its mark since.
	TakenByProvider map[string]bool
}
