package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/representord/representord/internal/reason"
)

// columns is the width that every output but a long name fits.
const columns = 80

// wordOr is a word, or what stands for none.
func wordOr(s, none string) string {
	if s == "" {
		return none
	}
	return reason.Word(s)
}

// orDash shows an empty cell of a table.
func orDash(s string) string { return wordOr(s, "-") }

func width(s string) int { return utf8.RuneCountInString(s) }

// pad fills a cell up to a width.
func pad(s string, to int) string { return fmt.Sprintf("%-*s", to, s) }

// labelWidth is that of the left column of entries.
const labelWidth = 12

// entry writes a label and a text beside it, wrapped.
func entry(out *strings.Builder, label, format string, args ...any) {
	hang(out, pad(label, labelWidth), labelWidth, wrap(fmt.Sprintf(format, args...), columns-labelWidth))
}

// known is entry for a text that may not be there: then nothing is written.
func known(out *strings.Builder, label, text string) {
	if text != "" {
		entry(out, label, "%s", text)
	}
}

// hang writes lines, the first of them behind a text and the others indented.
func hang(out *strings.Builder, first string, indent int, lines []string) {
	for _, line := range lines {
		fmt.Fprintln(out, strings.TrimRight(first+line, " "))
		first = pad("", indent)
	}
}

// wrap breaks a text at spaces into lines of at most a width. A word that is
// longer has a line of its own. What could harm a terminal is escaped.
func wrap(s string, to int) []string { return fold(strings.Fields(s), to, "", "", "") }

// fold is wrap for words. Each line but the last ends in goesOn; the first begins with one
// text and the others with another.
func fold(words []string, to int, first, others, goesOn string) []string {
	var lines []string
	line := ""
	for _, word := range words {
		word = reason.Line(word)
		switch {
		case line == "":
			line = first + word
		case width(line)+1+width(word)+len(goesOn) <= to:
			line += " " + word
		default:
			lines = append(lines, line+goesOn)
			line = others + word
		}
	}
	return append(lines, line)
}

// brief is wrap, cut off after two lines, and tells whether it was cut: where a clause
// ends in the second line, else between words.
func brief(s string, to int) (lines []string, cut bool) {
	const most = 2
	lines = wrap(s, to)
	more := len(lines) > most
	lines = lines[:min(len(lines), most)]
	for i, line := range lines {
		if r := []rune(line); len(r) > to {
			lines[i], cut = string(r[:to-3])+"...", true
		}
	}
	if more {
		lines[most-1] = clause(lines[most-1], to-len(cutMark)) + cutMark
	}
	return lines, cut || more
}

// cutMark marks where a text was cut.
const cutMark = " ..."

// clause cuts a line to at most a width, after the last semicolon or else colon that ends
// a word, which it drops, or else after a word.
func clause(line string, to int) string {
	for width(line) > to {
		i := strings.LastIndexByte(line, ' ')
		if i < 0 {
			return string([]rune(line)[:to])
		}
		line = line[:i]
	}
	for _, end := range []string{"; ", ": "} {
		if i := strings.LastIndex(line+" ", end); i > 0 {
			return line[:i]
		}
	}
	return line
}

// ago shows how long something lasts, in six characters at most: its two
// largest units.
func ago(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	case s < 100*86400:
		return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
	}
	return fmt.Sprintf("%dd", s/86400)
}

// plural gives a number with its noun.
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
