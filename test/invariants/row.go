package invariants

import (
	"fmt"
	"time"
)

// Row is an Interface row, with the bridge it is on.
type Row struct {
	UUID   string
	Name   string
	Type   string
	Bridge string // "" for a row that is on none
	// IfIndex is what ovs-vswitchd has opened, Ofport is -1 when it failed to.
	IfIndex int
	Ofport  int
	// Parked: the row carries nobody's name, for its iface-id, which Marks has all the
	// same, is in the key representord-parked-iface-id.
	Parked bool
	Marks
}

// Marks are what representord writes: keys of external_ids and mtu_request.
type Marks struct {
	IfaceID    string
	IfaceIDVer string
	MTU        int
	// LogicalPort, Function and Request are the marker, as docs/options.md has it.
	LogicalPort string
	Function    string
	Request     string
}

// ours: any part of the marker makes a row representord's.
func (m Marks) ours() bool { return m.LogicalPort+m.Function+m.Request != "" }

// foreign: somebody's port, not ours, and not one of ovn-controller's tunnels or
// the bridge itself.
func (r Row) foreign() bool {
	return !r.ours() && (r.Type == "" || r.Type == "internal") && r.Name != r.Bridge
}

// Change is what happened to one row: Old is nil for a new one, New for one gone.
type Change struct {
	Old, New *Row
}

// uuid is the row's.
func (c Change) uuid() string {
	if c.Old != nil {
		return c.Old.UUID
	}
	return c.New.UUID
}

// Batch is what one transaction changed. Where the stream was interrupted it is
// what changed meanwhile, in however many transactions.
type Batch struct {
	// After and Before bound the time of it; they are the same for a transaction
	// that was seen as it happened.
	After, Before time.Time
	Changes       []Change
}

// String tells a row in one line.
func (r Row) String() string {
	text := fmt.Sprintf("%s (%.8s) on %q ofport %d ifindex %d", r.Name, r.UUID, r.Bridge, r.Ofport, r.IfIndex)
	if r.Type != "" {
		text += " type " + r.Type
	}
	if r.Parked {
		text += " parked"
	}
	return text + " " + r.Marks.String()
}

func (m Marks) String() string {
	if !m.ours() {
		return fmt.Sprintf("[iface-id %q mtu %d, not ours]", m.IfaceID, m.MTU)
	}
	return fmt.Sprintf("[iface-id %q version %q mtu %d, for %q: %q, asked as %q]", m.IfaceID, m.IfaceIDVer, m.MTU, m.LogicalPort,
		m.Function, m.Request)
}

func (c Change) String() string {
	switch {
	case c.Old == nil:
		return fmt.Sprintf("new: %s", c.New)
	case c.New == nil:
		return fmt.Sprintf("gone: %s", c.Old)
	}
	text := fmt.Sprintf("now: %s", c.New)
	if c.Old.Parked && !c.New.Parked {
		text += ", was parked"
	}
	if c.Old.Marks != c.New.Marks {
		text += fmt.Sprintf(", was %s", c.Old.Marks)
	}
	return text
}
