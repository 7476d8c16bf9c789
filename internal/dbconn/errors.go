package dbconn

import (
	"errors"
	"net"
	"strings"
)

// What the Err of a connection says, or wraps.
var (
	// ErrClosed: the connection was closed on our side.
	ErrClosed = errors.New("the connection was closed")
	// ErrPeerClosed: the server ended the connection, or the connection broke.
	ErrPeerClosed = errors.New("the server closed the connection")
	// ErrSilent: the server stopped answering: it hangs, or the network between us and
	// it is gone.
	ErrSilent = errors.New("the server did not answer an inactivity probe")
	// ErrDesync: the server sent an update that can't be applied to the cache: the cache
	// is no longer what the server has.
	ErrDesync = errors.New("an update from the server can't be applied")
	// ErrTooLargeMessage: the server sent a message that is larger than any may be. The
	// message was not kept.
	ErrTooLargeMessage = errors.New("more than is read: look for a row with an absurdly large value, and shorten it")
	// ErrNotOVSDB: the server said what no OVSDB server says: something else listens
	// there, or the server is broken.
	ErrNotOVSDB = errors.New("doesn't speak OVSDB")
)

// ErrTooLarge is wrapped in the error of a transaction that is larger than one may be.
// Nothing was sent; do it in smaller ones.
var ErrTooLarge = errors.New("that may be under way at once")

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
