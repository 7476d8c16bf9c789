package main

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// verdictWidth is that of the left column of checks; their names have the next one.
const verdictWidth = 9

// Indents of what stands below a check, and of its further lines.
const (
	belowIndent  = "    "
	belowIndent2 = "      "
)

// writeCheck writes a check, with its name in a column of a width, and below it what was
// read, what is in the way, and what to do.
func (p *program) writeCheck(out *strings.Builder, c *diagnose.Check, nameWidth int) {
	finding := c.Finding
	if c.Code != "" {
		finding = fmt.Sprintf("%s: %s", c.Code, finding)
	}
	hang(out, p.painted(c.Verdict)+pad(c.Name, nameWidth), pad("", verdictWidth+nameWidth),
		wrap(finding, columns-verdictWidth-nameWidth))
	if c.Verdict == diagnose.Skipped {
		return
	}
	var below []string
	for _, f := range c.Read {
		below = append(below, reason.Line(f.Key)+"="+reason.Word(f.Value))
	}
	if len(below) > 0 {
		below = []string{"read in " + c.Source + ": " + strings.Join(below, ", ")}
	}
	for _, pf := range c.Candidates {
		below = append(below, candidate(pf))
	}
	for _, w := range c.InTheWay {
		below = append(below, "in the way: "+w)
	}
	for _, text := range below {
		hang(out, belowIndent, belowIndent2, wrap(text, columns-len(belowIndent2)))
	}
	if c.Remedy != "" {
		hang(out, belowIndent, belowIndent2, remedyLines("remedy: "+c.Remedy, columns-len(belowIndent2)))
	}
}

func candidate(c diagnose.Candidate) string {
	text := "candidate " + c.Function
	if c.MAC != "" {
		text += ", MAC " + c.MAC
	}
	if c.CardSerial != "" {
		text += ", card " + c.CardSerial
	}
	if c.Refused != "" {
		return text + ": refused: " + c.Refused
	}
	return text + ": this one is meant"
}

// painted is a verdict in its column, in its colour.
func (p *program) painted(v diagnose.Verdict) string {
	text := pad(v.String(), verdictWidth)
	switch v {
	case diagnose.OK:
		return p.paint(green, text)
	case diagnose.Warning, diagnose.Unknown:
		return p.paint(yellow, text)
	case diagnose.Failed:
		return p.paint(red, text)
	case diagnose.Skipped:
	}
	return text
}
