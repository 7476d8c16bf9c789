package systemd_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/representord/representord/config"
)

// An example that is switched on, by removing the # in front of it, must mean something.
func TestEnvironmentFile_EveryExampleInItIsASetting(t *testing.T) {
	examples := regexp.MustCompile(`(?m)^#([A-Z_]+)=(.*)$`).FindAllStringSubmatch(read(t, "representord.default"), -1)
	if len(examples) < 3 {
		t.Fatalf("%q: want some examples", examples)
	}
	for _, e := range examples {
		if e[1] != "REPRESENTORD_CONFIG" { // names a file that is not there
			t.Setenv(e[1], e[2])
		}
	}
	flags := pflag.NewFlagSet("representord", pflag.ContinueOnError)
	config.Flags(flags)
	c, err := config.Load(flags)
	if err != nil || len(c.Warnings) > 0 {
		t.Errorf("with every example set: %v, %q", err, c.Warnings)
	}
}

func TestEnvironmentFile_IsReadByTheUnitAndMayBeMissing(t *testing.T) {
	if got := strings.Join(settings(t)["EnvironmentFile"], " "); got != "-/etc/default/representord" {
		t.Errorf("EnvironmentFile=%s, want -/etc/default/representord", got)
	}
}
