package plug

import (
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
)

// Port is one logical port as of the last pass.
type Port struct {
	plan.Status
	// Since is when State or Reason.Code last changed.
	Since time.Time
}

// Holding is a hold: removals that wait because they look like a fault of the
// control plane.
type Holding struct {
	// Code says why: CodeSouthboundReplaced, CodeMassUnplug.
	Code reason.Code `json:"code"`
	// Identity is that of the Southbound that waits to be accepted (southbound.View), empty
	// for CodeMassUnplug.
	Identity string `json:"identity,omitempty"`
	// Until is when the removals go ahead by themselves, unless they are released before.
	Until time.Time `json:"until"`
	// Ports are the logical ports whose rows stay only because of this, sorted. A hold
	// may have none yet.
	Ports []string `json:"logical-ports"`
}

// Report is what the last pass saw and did. It is not modified once made.
type Report struct {
	// At is when the pass ended.
	At time.Time
	Counters
	// Ports are sorted by logical port.
	Ports []Port
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
}

// Counters count since the start.
type Counters struct {
	Passes       uint64 `json:"passes"`       // that have ended
	Transactions uint64 `json:"transactions"` // changes committed
	Failures     uint64 `json:"failures"`     // changes refused
	Retries      uint64 `json:"-"`            // changes tried that had been refused just before
	Retargets    uint64 `json:"retargets"`    // plugged ports whose request came to name another function
	// Leaks counts rows removed because their netdev was not their function's any more.
	Leaks uint64 `json:"leaks"`
}
