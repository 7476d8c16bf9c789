package dbconn

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// ErrClosed is the Err of a connection that was closed on our side.
var ErrClosed = errors.New("the connection was closed")

// ErrPeerClosed is the Err of a connection that the server ended, or that broke.
var ErrPeerClosed = errors.New("the server closed the connection")

// SilentError is the Err of a connection whose server stopped answering: it
// hangs, or the network between us and it is gone.
type SilentError struct {
	// Probe is how long an answer was waited for.
	Probe time.Duration
}

func (e *SilentError) Error() string {
	return fmt.Sprintf("the server did not answer an inactivity probe within %v", e.Probe)
}

// DesyncError is the Err of a connection whose server sent an update that can't
// be applied to the cache: the cache is no longer what the server has.
type DesyncError struct{ Cause error }

func (e *DesyncError) Error() string {
	return fmt.Sprintf("an update from the server can't be applied: %v", e.Cause)
}

func (e *DesyncError) Unwrap() error { return e.Cause }

// TooLargeError is returned for a transaction that is larger than one may be.
// Nothing was sent; do it in smaller ones.
type TooLargeError struct {
	// Size and Limit are bytes of JSON.
	Size, Limit int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a transaction of %d bytes is more than the %d that may be under way at once", e.Size, e.Limit)
}

// TooLargeMessageError is the Err of a connection whose server sent a message that is
// larger than any may be. The message was not kept.
type TooLargeMessageError struct {
	// Endpoint is the server.
	Endpoint string
	// Limit is in bytes, or in values where Values is true.
	Limit  int
	Values bool
}

func (e *TooLargeMessageError) Error() string {
	unit := "bytes"
	if e.Values {
		unit = "values"
	}
	return fmt.Sprintf("%s sent a message of more than %d %s, which is more than is read: "+
		"look for a row with an absurdly large value, and shorten it",
		e.Endpoint, e.Limit, unit)
}

// NotOVSDBError is the Err of a connection whose server said what no OVSDB server
// says: something else listens there, or the server is broken.
type NotOVSDBError struct {
	// Endpoint is the server.
	Endpoint string
	// Said is the beginning of what it said.
	Said string
	// Cause says what is wrong with it.
	Cause error
}

func (e *NotOVSDBError) Error() string {
	return fmt.Sprintf("the server at %s doesn't speak OVSDB: it said %q (%v)", e.Endpoint, e.Said, e.Cause)
}

func (e *NotOVSDBError) Unwrap() error { return e.Cause }

// maxSaid bounds how much of what a server said is repeated, in bytes.
const maxSaid = 96

func beginning(said []byte) string {
	if len(said) > maxSaid {
		return string(said[:maxSaid]) + "..."
	}
	return string(said)
}

// dialError says why there is no connection. The library's words name the endpoint
// twice more, before the reason: it is told once, and the rest is there for errors.As.
type dialError struct {
	endpoint string
	cause    error
}

func (e *dialError) Error() string {
	return "connecting to " + e.endpoint + ": " + bare(e.cause).Error()
}

func (e *dialError) Unwrap() error { return e.cause }

// bare leaves the library's wrappings off, and the address that net repeats.
func bare(err error) error {
	for _, wrapping := range []string{"failed to connect to ", "failed to open connection: "} {
		if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), wrapping) {
			err = inner
		}
	}
	//nolint:errorlint // only the outermost is a mere repetition
	if op, ok := err.(*net.OpError); ok && op.Op == "dial" && op.Err != nil {
		return op.Err
	}
	return err
}
