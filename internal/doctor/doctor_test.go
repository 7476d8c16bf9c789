package doctor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
)

func TestExamine_NothingIsWrongWithAHealthyHost(t *testing.T) {
	d := Examine(healthy())
	names := map[string]bool{}
	for _, c := range d.Checks {
		if c.Verdict != diagnose.OK || c.Remedy != "" || c.Finding == "" || names[c.Name] {
			t.Errorf("%+v", c)
		}
		names[c.Name] = true
	}
	if !d.Healthy || len(d.Checks) < 20 {
		t.Errorf("healthy: %v, of %d checks", d.Healthy, len(d.Checks))
	}
}

func TestExamine_EveryCheckIsInTheDocumentation(t *testing.T) {
	for page, entry := range map[string]string{"../../docs/troubleshooting.md": "\n| `%s` |", "../../docs/man/representorctl.8": "\n.B %s\n"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range Examine(healthy()).Checks {
			if want := fmt.Sprintf(entry, strings.ReplaceAll(c.Name, "-", `\-`)); !strings.Contains(string(text), want) &&
				!strings.Contains(string(text), fmt.Sprintf(entry, c.Name)) {
				t.Errorf("%s has no %q", page, want)
			}
		}
	}
}
