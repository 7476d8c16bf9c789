package plug

import (
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
)

// State is where a request stands.
type State string

// The states. Every request is in exactly one.
const (
	// Plugged: the row is there, ovs-vswitchd has opened the right netdev.
	Plugged State = "plugged"
	// Pending: nothing is wrong with the request, something isn't there yet.
	Pending State = "pending"
	// Conflict: something that isn't ours, or another request, is in the way.
	Conflict State = "conflict"
	// Held: a row of ours stays although nothing trusted asks for it now.
	Held State = "held"
	// Invalid: the request can't be followed as written.
	Invalid State = "invalid"
)

// Status is one logical port as of the last pass.
type Status struct {
	LogicalPort string
	State       State
	// Reason says why, nil only for Plugged.
	Reason *reason.Reason
	// Warnings are remarks that don't change the state.
	Warnings []reason.Reason
	// Since is when State or Reason.Code last changed.
	Since time.Time
	// Request is the canonical text of the function asked for, or of what the row's
	// marker says was asked; Function that of the function found or plugged.
	Request  string
	Function string
	// Netdev, IfIndex and Ofport are the representor's; zero when not known.
	Netdev  string
	IfIndex uint32
	Ofport  int
	// Installed: ovn-controller has installed the flows of the row (ovs.Interface).
	Installed bool
	// Up is Port_Binding.up.
	Up bool
}

// Holding is a hold: removals that wait because they look like a fault of the
// control plane.
type Holding struct {
	// Code says why: CodeSouthboundReplaced, CodeMassUnplug.
	Code reason.Code
	// Identity is that of the Southbound that waits to be accepted (ovn.View), empty
	// for CodeMassUnplug.
	Identity string
	// Until is when the removals go ahead by themselves.
	Until time.Time
	// Ports are the logical ports whose rows stay only because of this, sorted. A hold
	// may have none yet.
	Ports []string
}

// Report is what the last pass saw and did. It is not modified once made.
type Report struct {
	// At is when the pass ended, Passes how many have ended.
	At     time.Time
	Passes uint64
	// Ports are sorted by logical port.
	Ports []Status
	// Holds are the removals that wait at present.
	Holds []Holding
	// BuiltIn are the rows on our bridge that bear the mark of ovn-controller's
	// built-in plug provider, by netdev name, sorted. They are not ours, whatever
	// other marks they bear.
	BuiltIn []string
	// Planned are the changes of the pass; with DryRun they were not applied.
	Planned []ovs.Change
	// Due are the changes that were still to be made when the pass ended: they wait,
	// were refused, or, with DryRun, are not made.
	Due []ovs.Change
	// Counters since the start.
	Transactions uint64 // changes committed
	Failures     uint64 // changes refused
	Retries      uint64 // changes tried that had been refused just before
	Retargets    uint64 // plugged ports whose request came to name another function
	// Leaks counts rows removed because their netdev was not their function's any more.
	Leaks uint64
}
