package main

import (
	"fmt"
	"strings"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/reason"
)

// verdictWidth is that of the left column of checks; their names have the next one.
const verdictWidth = 9

// belowIndent is that of what stands below a check; its further lines have two spaces more.
const belowIndent = 4

// writeCheck writes a check, with its name in a column of a width, and below it what was
// read, what is in the way, and what to do.
func (p *program) writeCheck(out *strings.Builder, c *diagnose.Check, nameWidth int) {
	finding := c.Finding
	if c.Code != "" {
		finding = fmt.Sprintf("%s: %s", c.Code, finding)
	}
	indent := verdictWidth + nameWidth
	hang(out, p.painted(c.Verdict)+pad(c.Name, nameWidth), indent, wrap(finding, columns-indent))
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
	indent = belowIndent + 2
	for _, text := range below {
		hang(out, pad("", belowIndent), indent, wrap(text, columns-indent))
	}
	if c.Remedy != "" {
		hang(out, pad("", belowIndent), indent, remedyLines("remedy: "+c.Remedy, columns-indent))
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
	colours := map[diagnose.Verdict]colour{
		diagnose.OK: green, diagnose.Warning: yellow, diagnose.Unknown: yellow, diagnose.Failed: red,
	}
	return p.paint(colours[v], pad(v.String(), verdictWidth))
}
