package api

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable shows a text that others chose: as it is when it can neither harm a
// terminal nor be misread, quoted otherwise.
func Printable(s string) string {
	harmless := s != "" && utf8.ValidString(s)
	for _, r := range s {
		harmless = harmless && unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != '"'
	}
	if harmless {
		return s
	}
	return strconv.QuoteToGraphic(s)
}

// OneLine shows an error in one line: those that were joined (errors.Join) are parted by
// semicolons, wherever it is printed.
func OneLine(err error) string { return Harmless(strings.ReplaceAll(err.Error(), "\n", "; ")) }

// Harmless shows a sentence that may hold what others chose, such as a marker in the
// local database: what could harm a terminal is escaped, one line stays one line.
func Harmless(s string) string {
	var out strings.Builder
	for i, r := range s {
		if unicode.IsPrint(r) && (r != utf8.RuneError || strings.HasPrefix(s[i:], string(utf8.RuneError))) {
			out.WriteRune(r)
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		escaped := strconv.QuoteToASCII(s[i : i+size])
		out.WriteString(escaped[1 : len(escaped)-1])
	}
	return out.String()
}

// WriteChanges writes changes for an operator to read, a few lines for each.
func WriteChanges(w io.Writer, changes []Change) {
	for _, c := range changes {
		for _, r := range c.Unplug {
			fmt.Fprintf(w, "  unplug %s\n%s", Printable(r.Netdev), rowText(r, "from"))
		}
		for _, r := range c.Plug {
			fmt.Fprintf(w, "  plug   %s\n%s", Printable(r.Netdev), rowText(r, "for"))
		}
		for _, e := range c.Edit {
			fmt.Fprintf(w, "  edit   %s\n%s", Printable(e.Netdev), editText(e))
		}
		if c.Why != "" {
			fmt.Fprintf(w, "         because %s\n", Harmless(c.Why))
		}
	}
}

func rowText(r Row, preposition string) string {
	s := fmt.Sprintf("         %s logical port %s\n", preposition, Printable(r.LogicalPort))
	if r.Function != "" {
		s += fmt.Sprintf("         function %s\n", Harmless(r.Function))
	}
	if r.MTU != 0 {
		s += fmt.Sprintf("         mtu_request %d\n", r.MTU)
	}
	return s
}

func editText(e Edit) string {
	var s strings.Builder
	for _, key := range slices.Sorted(maps.Keys(e.Set)) {
		fmt.Fprintf(&s, "         set %s=%s\n", Printable(key), Printable(e.Set[key]))
	}
	for _, key := range e.Delete {
		fmt.Fprintf(&s, "         delete %s\n", Printable(key))
	}
	if e.ClearsType {
		s.WriteString("         clear type\n")
	}
	switch {
	case e.MTU == nil:
	case *e.MTU == 0:
		s.WriteString("         clear mtu_request\n")
	default:
		fmt.Fprintf(&s, "         mtu_request %d\n", *e.MTU)
	}
	return s.String()
}
