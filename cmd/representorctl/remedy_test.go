package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRemedy_CommandsHaveLinesOfTheirOwn(t *testing.T) {
	for name, c := range map[string]struct {
		remedy string
		want   []string
	}{
		"text alone":        {"nothing to do", []string{"nothing to do"}},
		"a command":         {"start it: `systemctl start x`", []string{"start it:", "  systemctl start x"}},
		"several, and text": {"a: `b` `c` or d", []string{"a:", "  b", "  c", "or d"}},
		"one that is too long": {
			"do: `ovs-vsctl set Open_vSwitch . 'external_ids:a=b c d'`",
			[]string{"do:", `  ovs-vsctl set Open_vSwitch \`, "    . 'external_ids:a=b c d'"},
		},
		"a quote within quotes": {"`x 'it'\\''s a name' and more than fits here`",
			[]string{`  x 'it'\''s a name' and \`, "    more than fits here"}},
		"a backslash before a quote": {"`x 'a \\' and more than fits here`", []string{`  x 'a \' and more than fits \`, "    here"}},
		"what harms a terminal":      {"`x \x1b[2J`", []string{`  x \x1b[2J`}},
	} {
		if diff := cmp.Diff(c.want, remedyLines(c.remedy, 30)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// What is broken into lines is still one command with the same words.
func TestRemedy_AShellReadsABrokenCommandAsItWas(t *testing.T) {
	const words = `printf '%s\n' 'options:"vif-plug:representor:pf-mac"=00:53:00:00:00:42' a b 'it'\''s one word' "and another one" ` +
		`'and \' "$(printf 'a third\033')" c`
	read := func(command string) string {
		out, err := exec.Command("sh", "-c", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s\n%s", err, out, command)
		}
		return string(out)
	}
	broken := strings.Join(commandLines(words, 24), "\n")
	if strings.Count(broken, "\n") < 4 {
		t.Errorf("it isn't broken:\n%s", broken)
	}
	if diff := cmp.Diff(read(words), read(broken)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
