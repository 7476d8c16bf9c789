package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// colour is a number of ECMA-48's SGR.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// paint colours a text where colours are wanted, and it has one.
func (p *program) paint(c colour, text string) string {
	if !p.colours || c == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// wantsColours tells whether a file is a terminal that may be coloured: not if
// NO_COLOR is set to anything (no-color.org), or the terminal is a dumb one.
func wantsColours(f *os.File, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" || getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
