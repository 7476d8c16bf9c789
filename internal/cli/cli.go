// Package cli is what the commands of representorctl and of vf-reporter have in common: how they
// print an answer and a table, how they end, and which names a shell may complete. representord
// shares with them how a program says its version.
package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/representord/representord/internal/reason"
)

// Version is what --version prints after the name of a program: its version, and the commit it was
// built from, which a program that was built by hand doesn't know.
func Version(version, commit string) string {
	if commit == "" {
		return version
	}
	return version + ", commit " + commit
}

// Print writes an answer as JSON or as a text: all of it, or nothing but an error.
func Print(to io.Writer, asJSON bool, answer any, text func(*strings.Builder)) error {
	var out strings.Builder
	if asJSON {
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(answer); err != nil {
			return fmt.Errorf("encoding the answer: %w", err)
		}
	} else {
		text(&out)
	}
	return Write(to, "the answer", out.String())
}

// Exit is an error with an exit status of its own; without a text it was told already.
type Exit struct {
	Status int
	Text   string
}

func (e Exit) Error() string { return e.Text }

// Tell tells the error if it wasn't, and gives the exit status.
func (e Exit) Tell(to io.Writer, program string) int {
	if e.Text != "" {
		fmt.Fprintf(to, "%s: %s\n", program, reason.Line(e.Text))
	}
	return e.Status
}

// End is Print for an answer that stands for an exit status.
func End(to io.Writer, asJSON bool, answer any, status int, text func(*strings.Builder)) error {
	if err := Print(to, asJSON, answer, text); err != nil || status == 0 {
		return err
	}
	return Exit{Status: status}
}

// Write writes a text, and says of an error what it kept from being written.
func Write(to io.Writer, what, text string) error {
	if _, err := io.WriteString(to, text); err != nil {
		return fmt.Errorf("writing %s: %w", what, err)
	}
	return nil
}

// Table writes rows of cells, each column as wide as it must be. Cells hold nothing that could
// harm a terminal.
func Table(out *strings.Builder, indent string, rows [][]string) {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(columns, strings.Join(row, "\t"))
	}
	_ = columns.Flush() // a strings.Builder doesn't fail
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(out, indent+strings.TrimRight(line, " \n"))
	}
}

// Completable keeps from a shell's command line what it might take for anything but a word:
// others choose these names.
func Completable(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:/@+", r)
	})
}
