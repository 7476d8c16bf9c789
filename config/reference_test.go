package config

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//nolint:gochecknoglobals // flags of a test binary are global
var update = flag.Bool("update", false, "write the configuration reference and the sample file")

// Both are made from the settings' own definition: go test ./config -run TestReference -update.
const (
	reference = "../docs/configuration.md"
	sample    = "../systemd/representord.yaml"
)

// generated is the part of the reference between two comments. What stands around it is written by hand.
var generated = regexp.MustCompile(`(?s)(<!-- The settings, from config/settings\.go[^\n]*-->\n)(.*)(<!-- The end of the settings -->\n)`)

func TestReference_IsWhatTheSettingsSayOfThemselves(t *testing.T) {
	b, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	if !generated.MatchString(page) {
		t.Fatalf("%s has no place for the settings", reference)
	}
	compare(t, reference, generated.ReplaceAllStringFunc(page, func(old string) string {
		m := generated.FindStringSubmatch(old)
		return m[1] + described() + m[3]
	}))
}

func TestReference_TheSampleFileHasEverySettingWithItsDefault(t *testing.T) {
	compare(t, sample, sampled())
}

// What the sample file shows as defaults is what counts without a file.
func TestReference_TheSampleFileWithoutItsCommentSignsChangesNothing(t *testing.T) {
	uncommented := regexp.MustCompile(`(?m)^#([a-z.-]+: )`).ReplaceAllString(sampled(), "$1")
	if n := len(regexp.MustCompile(`(?m)^[a-z]`).FindAllString(uncommented, -1)); n != len(settings(&Config{})) {
		t.Errorf("it sets %d keys, want all %d", n, len(settings(&Config{})))
	}
	got, err := load(t, uncommented)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(defaults(), got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The reference and the errors have one source, so a rule that the reference states is the one that is kept.
func TestReference_ARuleIsWhatTheErrorSays(t *testing.T) {
	for _, s := range settings(&Config{}) {
		err := s.set("no such\x00value")
		if err == nil || s.key != "ovs-db" && err.Error() != "must be "+s.says {
			t.Errorf("%s: %v, want it to say: must be %s", s.key, err, s.says)
		}
		if s.about == "" || !strings.HasSuffix(s.about, ".") {
			t.Errorf("%s: nothing is said about it in sentences: %q", s.key, s.about)
		}
	}
}

// compare holds a file to what was generated, or writes it.
func compare(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s isn't what the settings say (-want +got); go test ./config -run TestReference -update writes it:\n%s", path, d)
	}
}

// described is the reference: a list of all settings, and a part for each.
func described() string {
	var b strings.Builder
	b.WriteString("\n| setting | default | is |\n|---|---|---|\n")
	for _, s := range settings(&Config{}) {
		b.WriteString("| [`" + s.key + "`](#" + anchor(s.key) + ") | " + code(s.value) + " | " + plain(s.usage) + " |\n")
	}
	for _, part := range sections(&Config{}) {
		b.WriteString("\n## " + part.title + "\n")
		for _, s := range part.settings {
			b.WriteString("\n### `" + s.key + "`\n\n" + wrap(s.about, "", 118) + "\n")
			b.WriteString("| flag | environment variable | default | must be |\n|---|---|---|---|\n")
			b.WriteString("| `--" + s.key + flagValue(s) + "` | `" + environment(s.key) + "` | " + code(s.value) + " | " + s.says + " |\n")
		}
	}
	return b.String() + "\n"
}

// anchor is what GitHub makes of a heading.
func anchor(key string) string { return strings.ReplaceAll(key, ".", "") }

// plain is a text without the signs of code in it.
func plain(text string) string { return strings.ReplaceAll(text, "`", "") }

func code(value string) string {
	if value == "" {
		return "none"
	}
	return "`" + value + "`"
}

// flagValue is how the flag's value is written, by the name that its help text has for it.
func flagValue(s setting) string {
	if s.boolean {
		return "[=false]"
	}
	return "=" + strings.ToUpper(strings.Split(s.usage, "`")[1])
}

// sampled is the configuration file that is installed, in which every setting is a comment.
func sampled() string {
	var b strings.Builder
	b.WriteString(`# representord's configuration. The values shown are the defaults: remove the #
# in front of a key to change it. Nothing needs to be set on a machine that is set
# up for ovn-controller.
#
# Every key is also a flag (--log-level=debug) and an environment variable
# (REPRESENTORD_LOG_LEVEL=debug). A flag wins over the variable, the variable over
# this file. Changes take effect when representord is restarted; ports stay plugged
# meanwhile.
`)
	for _, part := range sections(&Config{}) {
		title := "# --- " + part.title + " "
		b.WriteString("\n" + title + strings.Repeat("-", 79-len(title)) + "\n")
		for _, s := range part.settings {
			value := s.value
			if value == "" {
				value = `""`
			}
			b.WriteString("\n" + wrap(plain(s.about), "# ", 88))
			if !s.boolean {
				b.WriteString(wrap("Value: "+s.says+".", "# ", 88))
			}
			b.WriteString("#" + s.key + ": " + value + "\n")
		}
	}
	return b.String()
}

// wrap breaks a text into lines of at most so many bytes, each of which begins alike.
func wrap(text, begin string, most int) string {
	var b strings.Builder
	line := begin
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(begin) && len(line)+1+len(word) > most {
			b.WriteString(line + "\n")
			line = begin
		}
		if len(line) > len(begin) {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
