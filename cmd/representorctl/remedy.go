package main

import (
	"strings"

	"github.com/representord/representord/internal/reason"
)

// remedyLines lays out a remedy (see diagnose.Check): its text is wrapped, and each
// command has lines of its own. Where a command doesn't fit it goes on behind a
// backslash, as a shell reads it, so that what is copied from the terminal can be run.
func remedyLines(remedy string, to int) []string {
	var lines []string
	for i, part := range strings.Split(remedy, "`") {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case i%2 == 0:
			lines = append(lines, wrap(part, to)...)
		default:
			lines = append(lines, commandLines(part, to)...)
		}
	}
	return lines
}

func commandLines(command string, to int) []string {
	const indent = "  "
	if width(command) <= to-len(indent) {
		return []string{indent + reason.Line(command)}
	}
	return fold(shellWords(command), to, indent, indent+indent, ` \`)
}

// shellWords takes a command apart at spaces that are not between quotes, as sh does: a
// backslash takes their meaning from quotes, but not between single ones.
func shellWords(command string) []string {
	var words []string
	start, quote := 0, byte(0)
	for i := 0; i < len(command); i++ {
		switch b := command[i]; {
		case b == '\\' && quote != '\'':
			i++
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '\'' || b == '"':
			quote = b
		case b == ' ':
			words = append(words, command[start:i])
			start = i + 1
		}
	}
	return append(words, command[start:])
}
