package main

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/reason"
)

// orDash shows an empty cell of a table.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return shown(s)
}

// shown is a name that others chose: as it is, quoted where it must be escaped.
func shown(s string) string {
	if reason.Line(s) == s {
		return s
	}
	return reason.Quote(s)
}

// remark writes a reason on a line.
func remark(out *strings.Builder, indent, label string, why reason.Reason) {
	fmt.Fprintf(out, "%s%s: %s\n", indent, label, reason.Line(why.Error()))
}

// writeFaults writes what is wrong with a card's serial numbers.
func writeFaults(out *strings.Builder, indent string, faults []hypervisor.Finding) {
	for _, f := range faults {
		remark(out, indent, map[bool]string{true: "missing", false: "warning"}[f.Missing], f.Reason)
	}
}
