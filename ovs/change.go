package ovs

import "slices"

// Plug is a Port and an Interface row to be added to the bridge, both named Netdev.
type Plug struct {
	Netdev     string
	IfaceID    string
	IfaceIDVer string
	Marker     Marker
	// Southbound names the database that asks for it, empty for none.
	Southbound string
	// MTURequest is mtu_request in bytes, 0 to leave it empty.
	MTURequest int
}

// Unplug is a row of ours to be removed from the bridge with its Port. The
// transaction fails if the row is no longer what it was when it was planned:
// same uuid, same name, same marker.
type Unplug struct {
	Interface Interface
	// Leak: the row carries another function's traffic. It is not to wait for what else
	// the change does.
	Leak bool
	// LeftOver: the row is the built-in plug provider's, and has not our marks.
	LeftOver bool
	// Moved: the row is on a bridge that was ours. It leaks, or its port has a row on the
	// present one, by this change or already, or another port gets its function there.
	Moved bool
}

// Edit changes single columns and keys of a row that stays, under the same guard
// as Unplug.
type Edit struct {
	Interface Interface
	// Set and Delete are keys of external_ids; other keys are left alone.
	Set    map[string]string
	Delete []string
	// MTURequest, when not nil, is the new mtu_request in bytes, 0 to clear it.
	MTURequest *int
	// ClearType empties the interface's type, which makes it a netdev of the system.
	ClearType bool
}

// Change is what must happen together or not at all: the removals come first, so
// that a name may be used again in the same transaction.
type Change struct {
	// LogicalPorts are the ports this is done for, sorted; Why says it in a few words.
	LogicalPorts []string
	Why          string
	Unplug       []Unplug
	Plug         []Plug
	Edit         []Edit
}

// onlyLeaksOnLeft reports whether a change does nothing but remove rows that leak from bridges
// that were ours.
func (c Change) onlyLeaksOnLeft() bool {
	return len(c.Plug)+len(c.Edit) == 0 && !slices.ContainsFunc(c.Unplug, func(u Unplug) bool { return !u.Moved || !u.Leak })
}

// Keys gives the marker as keys of external_ids.
func (m Marker) Keys() map[string]string {
	return map[string]string{KeyLogicalPort: m.LogicalPort, KeyFunction: m.Function, KeyRequest: m.Request}
}
