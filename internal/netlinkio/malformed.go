package netlinkio

import (
	"errors"
	"fmt"
	"slices"
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

// Malformed is a *MalformedError about things that could not be decoded, each with its cause; nil
// without any. what names them, in the plural.
func Malformed(what string, causes []error) error {
	if len(causes) == 0 {
		return nil
	}
	return &MalformedError{What: what, Count: len(causes), Causes: slices.Clone(causes[:min(len(causes), maxCauses)])}
}

// Decode decodes the bodies of a dump's messages. Those that can't be decoded are left out and told of in a
// *MalformedError.
func Decode[T any](what string, messages [][]byte, decode func([]byte) (T, error)) ([]T, error) {
	things := make([]T, 0, len(messages))
	var causes []error
	for _, m := range messages {
		thing, err := decode(m)
		if err != nil {
			causes = append(causes, err)
			continue
		}
		things = append(things, thing)
	}
	return things, Malformed(what, causes)
}
