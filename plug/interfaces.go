// Package plug makes what must be on the integration bridge so. Package plan decides what that is; the
// Reconciler runs it, level-triggered: events only say that something changed, a pass reads
// three whole snapshots.
package plug

import (
	"context"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Southbound is what OVN asks of us.
type Southbound interface {
	// View returns the present snapshot; it never blocks.
	View() southbound.View
	// Verify asks the server, unconditioned, about these logical ports. It fails
	// when the server doesn't answer or isn't to be trusted (behind what was seen,
	// cut off from its cluster): then nothing is known.
	Verify(ctx context.Context, logicalPorts []string) (southbound.Verdict, error)
	// Sync waits until View shows what the server had committed when Sync was called. It
	// returns soon after ctx ends, with its error, even if the server doesn't answer.
	Sync(ctx context.Context) error
}

// Switch is the local switch.
type Switch interface {
	// View returns the present snapshot; it never blocks.
	View() ovs.View
	// Apply commits the changes, together if it can, apart if together they fail.
	// It returns one error for each change, nil for those committed.
	Apply(ctx context.Context, changes []ovs.Change) []error
}

// Devices are the card's representors.
type Devices interface {
	// Index returns the present index, never nil; it never blocks.
	Index() *representor.Index
	// Confirm asks the kernel, now, whether a representor's netdev has still the index, the
	// name and the devlink port that the index gave. It returns soon after ctx ends, with
	// its error, even if the kernel doesn't answer.
	Confirm(ctx context.Context, r representor.Representor) (bool, error)
	// Usurped asks the kernel, likewise, whether something else has the netdev's name now.
	Usurped(ctx context.Context, r representor.Representor) (bool, error)
	// LinkUp sets the netdev's administrative state up. It returns soon after ctx ends,
	// with its error, even if the kernel doesn't answer. os.ErrPermission tells that we
	// lack CAP_NET_ADMIN.
	LinkUp(ctx context.Context, ifindex uint32) error
}
