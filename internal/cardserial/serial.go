// Package cardserial has the rules for a card's serial number, by which a hypervisor and
// a DPU that share nothing but a card find each other: the hypervisor reads it and
// Neutron looks for the chassis that published the same. Both ends must refuse the
// same things, so both use these rules.
package cardserial

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/representord/representord/internal/reason"
)

// Most is how long a serial number may be, in bytes: PCI VPD has one byte for a
// field's length.
const Most = 255

// Why a serial number is refused.
const (
	// CodeEmpty: there is nothing in it.
	CodeEmpty reason.Code = "serial-empty"
	// CodePlaceholder: it is what vendors write where they have no number. Two cards
	// with it would be taken for one.
	CodePlaceholder reason.Code = "serial-placeholder"
	// CodeMalformed: it is too long, or has a character by which it can't be told apart
	// in a list.
	CodeMalformed reason.Code = "serial-malformed"
)

// Error tells that a serial number is refused.
type Error struct {
	Code reason.Code
	// Value is the number as it was given, Rule what is wrong with it, to be read after "it".
	Value, Rule string
}

// Error names the value and the rule.
func (e *Error) Error() string { return "serial number " + reason.Quote(e.Value) + " " + e.Rule }

// Normalize gives a serial number as it is published and compared: without spaces and
// NULs around it. Neutron compares the exact text, so upper and lower case stay.
// What it refuses is a *Error.
func Normalize(s string) (string, error) {
	refuse := func(code reason.Code, format string, args ...any) (string, error) {
		return "", &Error{Code: code, Value: s, Rule: fmt.Sprintf(format, args...)}
	}
	n := strings.Trim(s, " \x00")
	switch {
	case n == "":
		return refuse(CodeEmpty, "is empty")
	case isPlaceholder(n):
		return refuse(CodePlaceholder, "is a placeholder, as cards without a number have it")
	case len(n) > Most:
		return refuse(CodeMalformed, "has %d bytes; at most %d are possible", len(n), Most)
	case strings.Contains(n, ","):
		return refuse(CodeMalformed, "has a comma, which separates the entries of ovn-cms-options")
	case strings.ContainsFunc(n, unicode.IsSpace):
		return refuse(CodeMalformed, "has white space inside")
	case !utf8.ValidString(n) || strings.ContainsFunc(n, func(r rune) bool { return !unicode.IsPrint(r) }):
		return refuse(CodeMalformed, "has unprintable characters")
	}
	return n, nil
}

// isPlaceholder knows what is found in the field in practice, in any case, and takes
// any text of one and the same character for it.
func isPlaceholder(s string) bool {
	for _, p := range []string{"N/A", "NONE", "UNKNOWN", "TBD", "To be filled by O.E.M."} {
		if strings.EqualFold(s, p) {
			return true
		}
	}
	first, size := utf8.DecodeRuneInString(s)
	return strings.Repeat(s[:size], utf8.RuneCountInString(s)) == s && first != utf8.RuneError
}
