package api

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// WriteChanges writes changes for an operator to read, a few lines for each.
func WriteChanges(w io.Writer, changes []Change) {
	for _, c := range changes {
		for _, r := range c.Unplug {
			fmt.Fprintf(w, "  unplug %s\n%s", reason.Word(r.Netdev), rowText(r, "from"))
		}
		for _, r := range c.Plug {
			fmt.Fprintf(w, "  plug   %s\n%s", reason.Word(r.Netdev), rowText(r, "for"))
		}
		for _, e := range c.Edit {
			fmt.Fprintf(w, "  edit   %s\n%s", reason.Word(e.Netdev), editText(e))
		}
		if c.Why != "" {
			fmt.Fprintf(w, "         because %s\n", reason.Line(c.Why))
		}
	}
}

func rowText(r Row, preposition string) string {
	s := fmt.Sprintf("         %s logical port %s\n", preposition, reason.Word(r.LogicalPort))
	if r.Function != "" {
		s += fmt.Sprintf("         function %s\n", reason.Line(r.Function))
	}
	if r.MTU != 0 {
		s += fmt.Sprintf("         mtu_request %d\n", r.MTU)
	}
	return s
}

func editText(e Edit) string {
	var s strings.Builder
	for _, key := range slices.Sorted(maps.Keys(e.Set)) {
		fmt.Fprintf(&s, "         set %s=%s\n", reason.Word(key), reason.Word(e.Set[key]))
	}
	for _, key := range e.Delete {
		fmt.Fprintf(&s, "         delete %s\n", reason.Word(key))
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
