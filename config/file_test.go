package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFile_WithMistakesIsRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		says       []string
	}{
		{"an unknown key", "log-level: info\nno-such-key: 1\n", []string{`line 2: unknown key "no-such-key"`}},
		{"another separator", "log_level: info\n", []string{`line 1: unknown key "log_level"; did you mean log-level?`}},
		{"another case", "Log-Level: info\n", []string{"did you mean log-level?"}},
		{"a typing error", "chasis: dpu1\n", []string{"did you mean chassis?"}},
		{"a key inside another", "path:\n  sysfs: /sys\n", []string{`line 1: unknown key "path"`}},
		{"a flag that isn't a key of the file", "config: /x\n", []string{`unknown key "config"`}},
		{"a run mode", "dry-run: true\n", []string{`unknown key "dry-run"`}},
		{"all mistakes at once", "a-key: 1\nb-key: 2\n", []string{"line 1", "a-key", "line 2", "b-key"}},
		{"a key twice", "log-level: info\nlog-level: warn\n", []string{"log-level", "line 1"}},
		{"a key twice without a value", "log-level:\nlog-level:\n", []string{"log-level"}},
		{"a list for a value", "chassis: [a, b]\n", []string{"line 1: chassis must have a single value"}},
		{"a mapping for a value", "chassis:\n  a: b\n", []string{"line 2: chassis must have a single value"}},
		{"an alias for a value", "chassis: &a x\ncontrol-group: *a\n", []string{"line 2: control-group must have a single value"}},
		{"a list", "- log-level\n", []string{"line 1", "key: value"}},
		{"a word", "log-level\n", []string{"line 1", "key: value"}},
		{"flags' own form", "log-level=debug\n", []string{"key: value"}},
		{"a list as a key", "[a]: b\n", []string{"unknown key"}},
		{"two documents", "log-level: info\n---\nlog-level: warn\n", []string{"more than one"}},
		{"no YAML", "log-level: \"info\n", []string{"not YAML"}},
		{"a tab", "log-level:\n\tinfo\n", []string{"not YAML"}},
		{"control characters", "\x1b[31m: 1\n", []string{"not YAML"}},
		{"no UTF-8", "chassis: \xff\xfe\n", []string{"not YAML"}},
		{"too much of it", "# " + strings.Repeat("x", 1<<20), []string{"larger than 1048576 bytes"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(t, tc.text)
			if err == nil {
				t.Fatalf("accepted: %+v", c)
			}
			for _, s := range tc.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%v: doesn't tell %q", err, s)
				}
			}
			if !strings.HasPrefix(err.Error(), `configuration file "/`) {
				t.Errorf("%v: doesn't tell the file", err)
			}
		})
	}
}

func TestFile_ErrorsAboutItAreBounded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("x", 100_000) + ": 1\n",
		"? " + strings.Repeat("[", 1000) + "\n",
		strings.Repeat("key: 1\n", 10_000),
		"log-level: " + strings.Repeat("y", 100_000) + "\n",
		manyKeys(10_000),
	} {
		_, err := load(t, text)
		if err == nil {
			t.Fatalf("accepted: %.80s", text)
		}
		if n := len(err.Error()); n > 8<<10 {
			t.Errorf("%.80s: error of %d bytes", text, n)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("key-" + strings.Repeat("z", i%50) + string(rune('a'+i%26)) + strings.Repeat("q", i/26) + ": 1\n")
		if b.Len() > 1<<19 {
			break
		}
	}
	return b.String()
}

func TestFile_TheDefaultShowsEveryKeyWithItsDefault(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../systemd/representord.yaml")
	if err != nil {
		t.Fatal(err)
	}
	known := keys(settings(&Config{}))
	var shownKeys []string
	commented := regexp.MustCompile(`^#([a-z][a-z.-]*): \S`)
	var uncommented strings.Builder
	for line := range strings.Lines(string(data)) {
		switch m := commented.FindStringSubmatch(line); {
		case m != nil:
			shownKeys = append(shownKeys, m[1])
			line = line[1:]
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "# ") && strings.TrimSpace(line) != "#":
			t.Errorf("neither prose nor a key: %q", line)
		}
		uncommented.WriteString(line)
	}
	if d := cmp.Diff(known, shownKeys); d != "" {
		t.Errorf("keys (-known +shown):\n%s", d)
	}
	if entries, err := parseFile(data, known); err != nil || len(entries) != 0 {
		t.Errorf("as it is: %v, %v", entries, err)
	}
	for name, text := range map[string]string{"as it is": string(data), "with every key": uncommented.String()} {
		got, err := load(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(defaults(), got); d != "" {
			t.Errorf("%s (-default +got):\n%s", name, d)
		}
	}
	if entries, err := parseFile([]byte(uncommented.String()), known); err != nil || len(entries) != len(known) {
		t.Errorf("with every key: %d of %d, %v", len(entries), len(known), err)
	}
}

// They are printed one a line, or parted by semicolons: none may need the one before.
func TestFile_EachThingThatIsWrongIsASentenceOfItsOwn(t *testing.T) {
	t.Parallel()
	_, err := load(t, "log-levle: debug\nchassis: [a]\nlog-format: xml\n")
	if err == nil {
		t.Fatal("it was taken")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{"line 1: unknown key", "line 2: chassis must have", "log-format: "} {
		if i >= len(lines) || !strings.Contains(lines[i], want) || i < 2 && !strings.HasPrefix(lines[i], "configuration file ") {
			t.Errorf("line %d of\n%v\nwant the file and %q", i+1, err, want)
		}
	}
}

// FuzzParseFile: whatever a file holds, what is read from it are known keys with
// the text that is in the file, and what is refused is refused in few and
// printable words.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte("log-level: debug\npath.sysfs: /sys\n"))
	f.Add([]byte("{log-level: \"debug\", chassis: 007}"))
	f.Add([]byte("a: &a [*a]\n---\n"))
	known := keys(settings(&Config{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, wrong := parseFile(data, known)
		if len(wrong) > 0 {
			for _, err := range wrong {
				line := err.Error()
				if len(line) > 2000 || !utf8.ValidString(line) || strings.ContainsAny(line, "\x00\x1b\n\r\t\x7f") {
					t.Errorf("not fit to be shown: %q", line)
				}
			}
			return
		}
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u0085") +
			strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 1
		for key, e := range entries {
			if !slices.Contains(known, key) || e.line < 1 || e.line > lines {
				t.Errorf("%q: %+v of %d lines", key, e, lines)
			}
		}
		var c Config
		for _, s := range settings(&c) {
			if e, ok := entries[s.key]; ok {
				if err := s.set(e.value); err == nil && s.key == "chassis" && c.Chassis != e.value {
					t.Errorf("%s: %q was read as %+v", s.key, e.value, c)
				}
			}
		}
	})
}
