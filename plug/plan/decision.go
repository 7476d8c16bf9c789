package plan

import (
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Decision is what Plan makes of an Input.
type Decision struct {
	// Changes are in a stable order. Those that close a leak come first, one for each
	// row; what makes use of the names that they free comes after. Apart from that the
	// changes are independent of each other.
	Changes []ovs.Change
	LinkUps []LinkUp
	// Addresses are those that functions of plugged ports should have, whatever they have.
	Addresses []Address
	// Nudges are rows that need no change and that ovs-vswitchd failed to open, or has
	// open for a netdev that is no more.
	Nudges []Nudge
	// Ports has a Status for every request and every row of ours,
	// sorted by logical port.
	Ports []Status
	// Unconfirmed are logical ports whose rows should go if the Southbound confirms it:
	// ask it (Verify) and plan again with the verdict.
	Unconfirmed []string
	// Removing are logical ports whose rows go or move to another function, or would but for
	// a hold, because the Southbound says so, or the card of what their requests mean.
	Removing []string
	// MassHeld are logical ports whose rows stay only because too many would go or move
	// within a short time.
	MassHeld []string
	// SouthboundHeld are logical ports whose rows stay only because the Southbound is
	// another database than before.
	SouthboundHeld []string
	// BuiltIn are the rows on our bridge with the mark of the built-in plug provider,
	// by netdev name, sorted.
	BuiltIn []string
	// Reopen are the names of rows that are removed because ovs-vswitchd has another
	// netdev open under them. None may come back until ovs-vswitchd has noticed, or
	// it would keep what it has open.
	Reopen []string
	// Absent are the uuids of the rows, parked ones too, whose function is away; Unseen are
	// those of which the card can't tell at present whether it is.
	Absent []string
	Unseen []string
	// Unclaimed are the netdevs that no devlink port claims, in rows of ours: the row's uuid, a
	// space, and the ifindex.
	Unclaimed []string
	// Gives has what representor each netdev is taken for that Changes give to a logical
	// port, by a new row or by a name put into one that is there.
	Gives map[string]representor.Representor
	// Exhaustive tells that all of the bridge was compared with all of the card: what is
	// a leak is among Leaks, and each other row of ours is open, or for a function that is
	// there, or parked.
	Exhaustive bool
	// Leaks are the uuids of the rows that Changes remove, marked as leaks, because
	// their netdev is not the function's any more; Retargets the logical ports, sorted, that
	// lose their rows because their request came to name another function.
	Leaks     []string
	Retargets []string
}

// LinkUp is a representor of a row of ours whose link is down.
type LinkUp struct {
	LogicalPort string
	Netdev      string
	IfIndex     uint32
}

// Nudge is a row of ours that is right, and that ovs-vswitchd failed to open or has
// open for a netdev that is no more.
type Nudge struct {
	LogicalPort string
	Interface   ovs.Interface
	IfIndex     uint32 // of the representor that should be open
}

// Has reports whether there is a Status of a logical port.
func (d Decision) Has(lport string) bool {
	_, there := placeOf(d.Ports, lport)
	return there
}
