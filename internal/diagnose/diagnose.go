// Package diagnose is what explain and doctor have in common: a Check, how it came out, and
// what is to be done then. It is pure.
package diagnose

import (
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
)

// Verdict is how a check came out.
type Verdict string

// The verdicts.
const (
	// OK: nothing is in the way here.
	OK Verdict = "ok"
	// Warning: something is wrong here that doesn't keep a port from being plugged.
	Warning Verdict = "warning"
	// Failed: this keeps a port from being plugged, or is why it is only held.
	Failed Verdict = "failed"
	// Unknown: what there is to be read can't be read here or now, which is no fault by itself.
	Unknown Verdict = "unknown"
	// Skipped: an earlier check leaves nothing to look at here.
	Skipped Verdict = "skipped"
)

// String is the verdict as people see it: failures stand out where there are no colours.
func (v Verdict) String() string {
	switch v {
	case Warning:
		return "warn"
	case Failed:
		return "FAIL"
	default:
		return string(v)
	}
}

// The steps of an explanation, in their order, by the names of their checks.
const (
	Daemon           = "daemon"
	Southbound       = "southbound"
	Chassis          = "chassis"
	PortBinding      = "port-binding"
	RequestedChassis = option.Chassis
	Options          = "options"
	Card             = "card"
	PF               = "pf"
	Function         = "function"
	Netdev           = "netdev"
	Bridge           = "bridge"
	Others           = "others"
	Row              = "row"
	Ofport           = "ofport"
	LinkUp           = "link"
	OVNInstalled     = "ovn-installed"
	Up               = "up"
)

// Check is one thing that was looked at: one of the doctor's, or a link of the chain from a
// request to a port that works.
type Check struct {
	// Name is stable, lower case, for scripts.
	Name    string  `json:"name"`
	Verdict Verdict `json:"result"`
	// Source is where it was read, for a link of the chain.
	Source string `json:"source"`
	// Read is what was read there.
	Read []Fact `json:"read,omitempty"`
	// Candidates are the PFs of the card, where one of them is to be found.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Finding is what follows, in one sentence.
	Finding string `json:"finding"`
	// Code is the reason's when the last pass gave one for this check.
	Code reason.Code `json:"code,omitempty"`
	// InTheWay are the functions, ports or rows that the reason names.
	InTheWay []string `json:"in-the-way,omitempty"`
	// Remedy is what to do, absent where nothing needs mending. The commands in it are
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

// OK says that all is well here.
func (c *Check) OK(finding string) { c.is(OK, finding, "") }

// Warn says what is wrong here, and what mends it.
func (c *Check) Warn(finding, remedy string) { c.is(Warning, finding, remedy) }

// Fail says what keeps ports from being plugged, and what mends it.
func (c *Check) Fail(finding, remedy string) { c.is(Failed, finding, remedy) }

// Unknown says what can't be read.
func (c *Check) Unknown(finding string) { c.is(Unknown, finding, "") }

// UnknownUntil says what can't be read, and what to do so that it can.
func (c *Check) UnknownUntil(finding, remedy string) { c.is(Unknown, finding, remedy) }

// Skip says why there is nothing to look at.
func (c *Check) Skip(finding string) { c.is(Skipped, finding, "") }

// Tell gives a reason as it was made, and what to do about it.
func (c *Check) Tell(v Verdict, r *reason.Reason, remedy string) {
	c.is(v, r.Message, remedy)
	c.Code, c.InTheWay = r.Code, r.Candidates
}

func (c *Check) is(v Verdict, finding, remedy string) {
	c.Verdict, c.Finding, c.Remedy = v, finding, remedy
}

// Note keeps a value that was read, an empty one as none.
func (c *Check) Note(key, value string) {
	if value == "" {
		value = "none"
	}
	c.Read = append(c.Read, Fact{reason.Name(key), reason.Name(value)})
}

// NoteIf keeps a value unless it is empty.
func (c *Check) NoteIf(key, value string) {
	if value != "" {
		c.Note(key, value)
	}
}
