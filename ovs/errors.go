package ovs

import (
	"errors"

	"github.com/representord/representord/internal/reason"
)

// Errors of Apply. Each may be wrapped with what it is about.
var (
	// ErrNotConnected: the local database didn't answer. If the connection was lost
	// in the middle, ErrUncertain is there too: look at the next complete View.
	ErrNotConnected = errors.New("the local Open vSwitch database is not connected")
	// ErrUncertain: it is not known whether the change was made. Of a change with any other
	// error nothing was done.
	ErrUncertain = errors.New("it is not known whether the change was made")
	// ErrBridgeMissing: there is no integration bridge to plug into.
	ErrBridgeMissing = errors.New("the integration bridge is missing")
	// ErrChanged: a row is no longer what it was when the change was planned.
	// Nothing was done; plan again.
	ErrChanged = errors.New("the row changed since it was planned")
	// ErrInvalidChange: the change asks for something that is never done, to remove a
	// row that isn't ours for instance. Nothing was sent.
	ErrInvalidChange = errors.New("invalid change")
)

// RefusedError is a change that the database server refused. Nothing was done.
type RefusedError struct {
	// Kind is the server's error, RFC 7047 section 3.1: "constraint violation" when a
	// name is taken, "referential integrity violation", "I/O error" when the disk is
	// full, and others.
	Kind string
	// Details names the rows and values, in the server's words.
	Details string
}

func (e *RefusedError) Error() string {
	s := "the local Open vSwitch database refused the change: " + reason.Prose(e.Kind)
	if e.Details != "" {
		s += ": " + reason.Prose(e.Details)
	}
	if e.Kind == errIO {
		s += " (see whether its disk is full, and ovsdb-server's log)"
	}
	return s
}
