package api

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/representord/representord/internal/reason"
)

// WriteChanges writes changes for an operator to read, a few lines for each.
func WriteChanges(w io.Writer, changes []Change) {
	for _, c := range changes {
		for _, r := range c.Unplug {
			writeRow(w, "unplug", r, "from")
		}
		for _, r := range c.Plug {
			writeRow(w, "plug  ", r, "for")
		}
		for _, e := range c.Edit {
			writeEdit(w, e)
		}
		if c.Why != "" {
			fmt.Fprintf(w, "         because %s\n", reason.Line(c.Why))
		}
	}
}

func writeRow(w io.Writer, verb string, r Row, preposition string) {
	fmt.Fprintf(w, "  %s %s\n         %s logical port %s\n", verb, reason.Word(r.Netdev), preposition, reason.Word(r.LogicalPort))
	if r.Function != "" {
		fmt.Fprintf(w, "         function %s\n", reason.Line(r.Function))
	}
	if r.MTU != 0 {
		fmt.Fprintf(w, "         mtu_request %d\n", r.MTU)
	}
}

func writeEdit(w io.Writer, e Edit) {
	fmt.Fprintf(w, "  edit   %s\n", reason.Word(e.Netdev))
	for _, key := range slices.Sorted(maps.Keys(e.Set)) {
		fmt.Fprintf(w, "         set %s=%s\n", reason.Word(key), reason.Word(e.Set[key]))
	}
	for _, key := range e.Delete {
		fmt.Fprintf(w, "         delete %s\n", reason.Word(key))
	}
	if e.ClearsType {
		fmt.Fprintln(w, "         clear type")
	}
	switch {
	case e.MTU == nil:
	case *e.MTU == 0:
		fmt.Fprintln(w, "         clear mtu_request")
	default:
		fmt.Fprintf(w, "         mtu_request %d\n", *e.MTU)
	}
}
