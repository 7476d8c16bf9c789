package netlinkio

import (
	"errors"
	"fmt"
)

// ErrDumpInterrupted tells that every attempt at a dump was interrupted by changes
// (NLM_F_DUMP_INTR in linux/netlink.h), so that none of them was consistent.
var ErrDumpInterrupted = errors.New("the kernel's tables changed during every attempt to list them")

// maxCauses is how many causes a MalformedError keeps.
const maxCauses = 8

// MalformedError tells that part of an answer could not be decoded. It comes
// together with the part that could be: it is a warning, not a failure.
type MalformedError struct {
	// What names the things that were left out, in the plural: "devlink ports".
	What string
	// Count is how many were left out, at least one.
	Count int
	// Causes says why, for the first few.
	Causes []error
}

// Error names the count and the first cause.
func (e *MalformedError) Error() string {
	if len(e.Causes) == 0 {
		return fmt.Sprintf("left out malformed %s: %d", e.What, e.Count)
	}
	return fmt.Sprintf("left out malformed %s: %d, the first: %v", e.What, e.Count, e.Causes[0])
}

// Unwrap gives the causes to errors.Is and errors.As.
func (e *MalformedError) Unwrap() []error { return e.Causes }

// Malformed collects the causes of a MalformedError while an answer is decoded.
type Malformed struct {
	// What names the things that are decoded, in the plural.
	What   string
	count  int
	causes []error
}

// Add counts one thing that could not be decoded.
func (m *Malformed) Add(cause error) {
	m.count++
	if len(m.causes) < maxCauses {
		m.causes = append(m.causes, cause)
	}
}

// Err is nil when nothing was added, else a *MalformedError.
func (m *Malformed) Err() error {
	if m.count == 0 {
		return nil
	}
	return &MalformedError{What: m.What, Count: m.count, Causes: m.causes}
}
