package reason

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEscapeIsPrintableAndBounded(t *testing.T) {
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

func TestProseKeepsItsQuotesAndIsEscapedOnce(t *testing.T) {
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
func TestAShellTakesANameForOneWord(t *testing.T) {
	t.Parallel()
	names := []string{
		"pf0vf3", "", " ", "a b", "a'b", "'", `a"b\`, `\`, "$(touch x)", "`id`", "a;b", "a\nb\x1b[2J", "\na", "é\u202e", "\xff", "*", "~", "!!",
		"-rf", "-r\x1bf", "100%", "%s\x1b", `\n`, "a\t",
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
	if got := Shell("pf0vf3"); got != "pf0vf3" {
		t.Errorf("an everyday name is written as %s", got)
	}
	if got := Shell(strings.Repeat("x", 1<<20)); got != "NAME" {
		t.Errorf("a name too long to be shown is written as %.100s", got)
	}
}
