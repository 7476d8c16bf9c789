package api

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

// Error is an answer of the API that is an error.
type Error struct {
	// Status is the HTTP status: 400 for a question that is wrong, 404 for something that isn't there,
	// 429 when too many ask at the same time, 503 when it can't be known now.
	Status int
	Problem
}

// Error gives the problem's sentence.
func (e *Error) Error() string { return e.Problem.Error }

// refuse makes the answer to what is refused, in one sentence for an operator.
func refuse(status int, format string, args ...any) *Error {
	return &Error{Status: status, Problem: Problem{Error: fmt.Sprintf(format, args...)}}
}

// UnreachableError tells that no daemon answers on a socket.
type UnreachableError struct {
	// Socket is the path that was tried.
	Socket string
	// Hangs: a daemon has the socket, and says nothing in time.
	Hangs bool
	// Closed: a daemon closed the connection without an answer.
	Closed bool
	Err    error
}

// Error names the socket and what went wrong.
func (e *UnreachableError) Error() string {
	if e.Hangs {
		return fmt.Sprintf("the daemon on %s doesn't answer: %v", e.Socket, e.Err)
	}
	if e.Closed {
		return fmt.Sprintf("the daemon on %s closed the connection: it ended just then, or has as many as it takes of users other than root",
			e.Socket)
	}
	return fmt.Sprintf("no answer on %s: %v", e.Socket, e.Err)
}

// Unwrap gives what went wrong, an os.ErrPermission for instance.
func (e *UnreachableError) Unwrap() error { return e.Err }

// unreachable says of an error why there is no answer, after what time.
func unreachable(socket string, err error, after time.Duration) *UnreachableError {
	var timed interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.EAGAIN): // unix(7): the socket's backlog is full
		return &UnreachableError{Socket: socket, Hangs: true, Err: errors.New("too many wait for it already")}
	case errors.As(err, &timed) && timed.Timeout():
		return &UnreachableError{Socket: socket, Hangs: true, Err: fmt.Errorf("nothing came within %s", after.Round(100*time.Millisecond))}
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &UnreachableError{Socket: socket, Closed: true, Err: cause(err)}
	}
	return &UnreachableError{Socket: socket, Err: cause(err)}
}
