// Package explain says, step by step, why a logical port is plugged or is not: what
// was read where, what followed from it, and at the first step that fails what to do.
// It is pure: it is given the snapshots that the daemon decides on and what the last
// pass made of them, and does no input or output.
//
// It decides nothing. Where the last pass gave a reason, that reason stands at its
// step as it is; what else a step tells is read from the snapshots.
package explain

import (
	"time"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Input is everything that an explanation is made from.
type Input struct {
	LogicalPort string
	// Idle says why this daemon doesn't keep the bridge now, or has not looked at it
	// yet; empty while it keeps it.
	Idle string
	// Asked is the view that passes go by.
	Asked ovn.View
	// Answer is what the Southbound said when it was asked about this port without any
	// condition, nil when it wasn't or gave no answer, for which Silence says why.
	Answer  *ovn.Answer
	Silence string
	// Index is never nil.
	Index *representor.Index
	// Actual is the local database, at LocalEndpoint.
	Actual        ovs.View
	LocalEndpoint string
	// Status is the port as of the last pass, nil when that had nothing to do with it.
	Status *plan.Status
	// Since is when its state or its reason's code last changed.
	Since time.Time
	// Companions are the programs beside this daemon, as they were seen last.
	Companions []companion.Sight
}

// Result is how a step came out.
type Result string

// The results.
const (
	// OK: nothing is in the way here.
	OK Result = "ok"
	// Warning: something is wrong here that doesn't keep the port from being plugged.
	Warning Result = "warning"
	// Failed: this keeps the port from being plugged, or is why it is only held.
	Failed Result = "failed"
	// Unknown: what there is to be read here can't be read now.
	Unknown Result = "unknown"
	// Skipped: an earlier step leaves nothing to look at here.
	Skipped Result = "skipped"
)

// Name is the name of a step: stable, lower case, for scripts.
type Name string

// The steps, in their order.
const (
	Daemon           Name = "daemon"
	Southbound       Name = "southbound"
	Chassis          Name = "chassis"
	PortBinding      Name = "port-binding"
	RequestedChassis Name = "requested-chassis"
	Options          Name = "options"
	Card             Name = "card"
	PF               Name = "pf"
	Function         Name = "function"
	Netdev           Name = "netdev"
	Bridge           Name = "bridge"
	Others           Name = "others"
	Row              Name = "row"
	Ofport           Name = "ofport"
	LinkUp           Name = "link"
	OVNInstalled     Name = "ovn-installed"
	Up               Name = "up"
)

// Explanation is why a port is as it is.
type Explanation struct {
	LogicalPort string `json:"logical-port"`
	// Known is false when this daemon can't tell whether the port is plugged.
	Known   bool `json:"known"`
	Plugged bool `json:"plugged"`
	// State and Since are those of the last pass, absent for a port that it had
	// nothing to do with.
	State plan.State `json:"state,omitempty"`
	Since time.Time  `json:"since,omitzero"`
	// FailedStep is the first step that failed, absent when none did. Why is what
	// failed there, or how it is, in one sentence; Remedy is what to do, as in Step.
	FailedStep Name   `json:"failed-step,omitempty"`
	Why        string `json:"why"`
	Remedy     string `json:"remedy,omitempty"`
	Steps      []Step `json:"steps"`
}

// Step is one link of the chain from a request to a port that works.
type Step struct {
	Name   Name   `json:"name"`
	Result Result `json:"result"`
	// Source is where it was read.
	Source string `json:"source"`
	// Read is what was read there.
	Read []Fact `json:"read,omitempty"`
	// Candidates are the PFs of the card, for the step PF.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Finding is what follows, in one sentence.
	Finding string `json:"finding"`
	// Code is the reason's when the last pass gave one for this step.
	Code reason.Code `json:"code,omitempty"`
	// InTheWay are the functions, ports or rows that the reason names.
	InTheWay []string `json:"in-the-way,omitempty"`
	// Remedy is what to do, for a step that failed or warns. The commands in it are
	// between backticks.
	Remedy string `json:"remedy,omitempty"`
}

// Fact is one value that was read. It is bounded and free of control characters.
type Fact struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Candidate is a PF of the card, and why the request doesn't mean it.
type Candidate struct {
	Function string `json:"function"`
	// MAC and CardSerial are absent while they are not known.
	MAC        string `json:"mac,omitempty"`
	CardSerial string `json:"card-serial-number,omitempty"`
	// Refused is absent for the PF that is meant.
	Refused string `json:"refused,omitempty"`
}

// Explain goes through the steps.
func Explain(in Input) Explanation {
	c := newChain(in)
	c.daemon()
	c.southbound()
	c.chassis()
	c.portBinding()
	c.requestedChassis()
	c.options()
	c.card()
	c.pf()
	c.function()
	c.netdev()
	c.bridge()
	c.others()
	c.row()
	c.ofport()
	c.link()
	c.installed()
	c.up()
	c.lastPass()
	c.inTurn()
	c.companions()
	return c.conclude()
}
