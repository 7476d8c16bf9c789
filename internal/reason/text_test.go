package reason

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEscape_IsPrintableAndBounded(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                   "",
		"3":                  "3",
		"a b":                "a b",
		"a\tb\x00":           `a\tb\x00`,
		"\xff":               `\xff`,
		`"\`:                 `\"\\`,
		"é":                  "é",
		"\u202e":             `\u202e`,
		"0123456789":         "0123456789",
		"01234567890":        "0123456789... (11 bytes)",
		"012345678é":         "012345678... (11 bytes)",
		"0123456\U0001F600!": "0123456... (12 bytes)",
		"012345678\xc3":      `012345678\xc3`,
	} {
		if got := escape(in, 10); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestProse_KeepsItsQuotesAndIsEscapedOnce(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`its type is "localnet"`: `its type is "localnet"`,
		`it says "a\x1b\\b"`:     `it says "a\x1b\\b"`,
		"a\nb\x1b":               `a\nb\x1b`,
	} {
		if got := Prose(in); got != want || Prose(got) != got {
			t.Errorf("%q gives %q and then %q, want %q", in, got, Prose(got), want)
		}
	}
	if got := Prose(strings.Repeat("x", 1<<20)); len(got) > 600 {
		t.Errorf("a long one has %d bytes", len(got))
	}
}

// What is printed is pasted into whatever shell there is: Debian's sh has no $'...'.
func TestShell_TakesANameForOneWord(t *testing.T) {
	t.Parallel()
	names := []string{
		"pf0vf3", "", " ", "a b", "a'b", "'", `a"b\`, `\`, "$(touch x)", "`id`", "a;b", "a\nb\x1b[2J", "\na", "é\u202e", "\xff", "*", "~", "!!",
		"-rf", "=x", "a=b", "-r\x1bf", "100%", "%s\x1b", `\n`, "a\t",
	}
	for b := 1; b < 256; b++ {
		names = append(names, "a"+string([]byte{byte(b)})+"0")
	}
	for _, shell := range []string{"sh", "bash"} {
		var script, want strings.Builder
		for _, name := range names {
			word := Shell(name)
			if strings.ContainsAny(word, "`\n") {
				t.Errorf("%q written as %q can't be shown among other words", name, word)
			}
			script.WriteString("printf '%s\\0' " + word + "\n")
			want.WriteString(name + "\x00")
		}
		got, err := exec.CommandContext(t.Context(), shell, "-c", script.String()).Output()
		if err != nil {
			t.Errorf("%s: %v", shell, err)
		}
		if diff := cmp.Diff(strings.Split(want.String(), "\x00"), strings.Split(string(got), "\x00")); diff != "" {
			t.Errorf("%s takes them for other names (-want +got)\n%s", shell, diff)
		}
	}
	for _, name := range []string{"a\x00b", "a\n"} { // no word of a shell's can be that
		if got := Shell(name); got != "NAME" {
			t.Errorf("%q is written as %s", name, got)
		}
	}
	for name, want := range map[string]string{"pf0vf3": "pf0vf3", "a=b": "a=b", "=x": "'=x'"} { // zsh looks for a command x
		if got := Shell(name); got != want {
			t.Errorf("%q is written as %s, want %s", name, got, want)
		}
	}
	if got := Shell(strings.Repeat("x", 1<<20)); got != "NAME" {
		t.Errorf("a name too long to be shown is written as %.100s", got)
	}
	if got := ShellWord(strings.Repeat("x", 1000)); len(got) != 1000 {
		t.Errorf("a long word is written as %.100s", got)
	}
}

func TestWord_QuotesWhatCouldMislead(t *testing.T) {
	for in, want := range map[string]string{
		"br-int":       "br-int",
		"é":            "é",
		"":             `""`,
		"a b":          `"a b"`,
		"\x1b[2J":      `"\x1b[2J"`,
		"a\nb":         `"a\nb"`,
		"\xff":         `"\xff"`,
		`"vm1"`:        `"\"vm1\""`,
		"\u202eevil":   `"\u202eevil"`,
		"non\u00a0sp":  `"non` + "\u00a0" + `sp"`,
		"zero\u200bsp": `"zero\u200bsp"`,
	} {
		if got := Word(in); got != want {
			t.Errorf("Word(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestLine_KeepsSentencesAndEscapesWhatCouldHarm(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "",
		"pci/0000:03:00.0 c1pf0vf": "pci/0000:03:00.0 c1pf0vf",
		`port "é" is \x1b already`: `port "é" is \x1b already`,
		"\x1b[2J gone":             `\x1b[2J gone`,
		"two\nlines\r":             `two\nlines\r`,
		"\xff\ufffd":               "\\xff\ufffd",
		"\u202eevil":               `\u202eevil`,
		"non\u00a0sp zero\u200bsp": `non\u00a0sp zero\u200bsp`,
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestList_TellsHowManyItLeavesOut(t *testing.T) {
	t.Parallel()
	all := strings.Split("abcdefghij", "")
	for n, want := range map[int]string{0: "", 1: "a", 2: "a, b", 8: "a, b, c, d, e, f, g, h", 10: "a, b, c, d, e, f, g, h and 2 more"} {
		if got := List(all[:n]); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := Ranges([]uint32{0, 1, 2, 3, 7, 9, 10}); got != "0-3, 7, 9-10" {
		t.Errorf("%q", got)
	}
}
