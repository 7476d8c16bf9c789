package reason

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// nameMost bounds a name, number or MAC that others chose, in bytes.
	nameMost = 128
	// problemMost bounds a whole sentence that is quoted.
	problemMost = 480
	// listMost bounds how many things a sentence lists.
	listMost = 8
)

// escape makes text that others chose fit for a Reason, a log or a terminal:
// control characters, invalid UTF-8, quotes and backslashes are written as Go
// string literals write them, and what is longer than most bytes is cut and its
// true length told.
func escape(s string, most int) string {
	cut := s
	if len(s) > most {
		cut = s[:most]
		// Don't cut through a character.
		for n := 1; n < utf8.UTFMax && n <= len(cut); n++ {
			if i := len(cut) - n; utf8.RuneStart(cut[i]) {
				if !utf8.FullRuneInString(cut[i:]) {
					cut = cut[:i]
				}
				break
			}
		}
	}
	quoted := strconv.Quote(cut)
	quoted = quoted[1 : len(quoted)-1]
	if len(cut) < len(s) {
		quoted += fmt.Sprintf("... (%d bytes)", len(s))
	}
	return quoted
}

// Name is a name, number or MAC that others chose as a Reason shows it without quotes.
func Name(s string) string { return escape(s, nameMost) }

// Quote is a name or a value that others chose as a Reason or a log shows it.
func Quote(s string) string { return `"` + Name(s) + `"` }

// Prose makes a sentence that may quote others fit for a Reason. It is escape but for
// quotes and backslashes, which are left alone: what is quoted in it is escaped
// already.
func Prose(s string) string {
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(escape(s, problemMost))
}

// Word shows a text as a word among others, in a table perhaps: as it is when it can
// neither harm a terminal nor be misread, quoted otherwise.
func Word(s string) string {
	harmful := func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == '"' }
	if s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, harmful) {
		return strconv.QuoteToGraphic(s)
	}
	return s
}

// Line shows a sentence of any length that may hold what others chose: what could harm a
// terminal is escaped, one line stays one line.
func Line(s string) string {
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

// OneLine shows an error as Line does: errors that were joined (errors.Join) are parted by
// semicolons.
func OneLine(err error) string { return Line(strings.ReplaceAll(err.Error(), "\n", "; ")) }

// unquoted are the characters that no shell gives a meaning, but for a first = which zsh does.
const unquoted = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@%+=/-"

// Shell is a name that others chose as a word of a command for sh, see ShellWord. What is too
// long to be shown is none: a part of it could be the name of something else.
func Shell(s string) string {
	if len(s) > nameMost {
		return noWord
	}
	return ShellWord(s)
}

// noWord stands for what can't be a word of a command.
const noWord = "NAME"

// ShellWord is a text of any length as a word of a command for sh, which lacks the $'...' of
// bash. The word has no backtick: remedies have their commands between such. A text that no
// word can hold, with a NUL or a last newline, is none.
func ShellWord(s string) string {
	switch {
	case strings.Contains(s, "\x00"), strings.HasSuffix(s, "\n"):
		return noWord
	case s != "" && s[0] != '=' && strings.Trim(s, unquoted) == "":
		return s
	case utf8.ValidString(s) && !strings.Contains(s, "`") && !strings.ContainsFunc(s, unprintable):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var word strings.Builder
	for _, b := range []byte(s) {
		if strings.IndexByte(unquoted+" ", b) >= 0 && b != '%' && b != '-' { // which begin a conversion, or an option
			word.WriteByte(b)
			continue
		}
		fmt.Fprintf(&word, `\%03o`, b)
	}
	return `"$(printf '` + word.String() + `')"`
}

// Operand is Shell for a program that takes what begins with a hyphen for an option. What
// follows it is no option either.
func Operand(s string) string {
	if strings.HasPrefix(s, "-") {
		return "-- " + Shell(s)
	}
	return Shell(s)
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

// List joins the first few of many.
func List(all []string) string {
	text := strings.Join(all[:min(len(all), listMost)], ", ")
	if more := len(all) - listMost; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Names joins the first few of many names that others chose, each as Quote shows it.
func Names(all []string) string {
	quoted := slices.Clone(all)
	for i := range min(len(all), listMost) {
		quoted[i] = Quote(all[i])
	}
	return List(quoted)
}

// JSON is a value as JSON on one line. It is for people too: < and > stay as they are.
func JSON(v any) string {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return Quote(err.Error()) // what is made of texts and numbers always has a form
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// Ranges writes sorted numbers as "0-7, 9".
func Ranges(numbers []uint32) string {
	var all []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		r := strconv.FormatUint(uint64(numbers[i]), 10)
		if j > i {
			r += "-" + strconv.FormatUint(uint64(numbers[j]), 10)
		}
		all = append(all, r)
		i = j + 1
	}
	return List(all)
}
