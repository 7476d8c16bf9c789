package northbound

import "fmt"

// Kind is what an Error is about, for those who decide by it.
type Kind int

// The kinds of errors.
const (
	// NoPort: there is no logical switch port of the name.
	NoPort Kind = iota + 1
	// Refused: the port isn't ours to change, or none that can be plugged.
	Refused
	// NoChassis: there isn't exactly one chassis that a binding could name.
	NoChassis
	// Unreachable: none of a database's servers is of use.
	Unreachable
	// NotPlugged: the port was bound, and isn't plugged yet.
	NotPlugged
	// Unsure: the port was bound, and was up before, for something else: it can't be told
	// whether it is plugged as it should be.
	Unsure
)

// Error is why nothing was changed, or what was bound is not known to be plugged.
type Error struct {
	Kind Kind
	// Why is what a port lacks that is NotPlugged, or why that is Unsure, in full: the last
	// thing that Await's progress was told.
	Why string

	text string
}

// Error names the port, the card or the database, the rule and the remedy, on one line.
func (e *Error) Error() string { return e.text }

func fail(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, text: fmt.Sprintf(format, args...)}
}
