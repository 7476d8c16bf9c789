package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
)

func TestExit_WrongUsageAndConfigurationAreStatus78(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "representord.yaml")
	if err := os.WriteFile(file, []byte("log-levle: debug\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--bogus"}, "--bogus"},
		{[]string{"start"}, `"start" is not understood: representord takes flags only`},
		{[]string{"--once", "--cleanup"}, "--once and --cleanup are two things to do: give one of them\nTry"},
		{[]string{"--log-level=loud", "--log-format=xml"}, "\nrepresentord: log-format: "},
		{[]string{"--timeout=5s"}, "--once or --cleanup"},
		{[]string{"--once", "--timeout=0s"}, "more than 0"},
		{[]string{"--log-level=loud"}, `log-level: "loud"`},
		{[]string{"--control-socket=relative"}, "control-socket"},
		{[]string{"--config=" + filepath.Join(dir, "missing.yaml")}, "missing.yaml"},
		{[]string{"--config=" + file}, "log-levle"},
	} {
		f := newFakeCard(cardWith(0))
		o := inProcess(t.Context(), f, c.args...)
		if o.status != 78 || !strings.HasPrefix(o.stderr, "representord: ") || !strings.Contains(o.stderr, c.says) {
			t.Errorf("%v: %+v, want exit status %d and %q", c.args, o, 78, c.says)
		}
	}
}

func TestUsage_VersionAndHelp(t *testing.T) {
	t.Parallel()
	f := newFakeCard(cardWith(0))
	if o := inProcess(t.Context(), f, "--version"); o.status != exitOK || o.stdout != "representord 1.2.3\n" {
		t.Errorf("%+v", o)
	}
	if o := inProcess(t.Context(), f, "--help"); o.status != exitOK || !strings.Contains(o.stdout, "Exit status:") {
		t.Errorf("%+v", o)
	}
}

func TestUsage_ASystemIDOverrideThatCantBeReadStopsTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A directory in the place of the file can't be read by anybody, root included.
	if err := os.Mkdir(filepath.Join(dir, "system-id-override"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := inProcess(t.Context(), newFakeCard(cardWith(0)), "--once", "--path.ovn-sysconf="+dir)
	if o.status != exitError || !strings.Contains(o.stderr, "chassis name: ") || !strings.Contains(o.stderr, "system-id-override") {
		t.Errorf("%+v", o)
	}
}

// Those that are settings are in the reference by themselves, see config/reference_test.go.
func TestUsage_TheReferenceHasEveryFlagForASingleRun(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, single, there := strings.Cut(string(page), "\n## Flags only\n")
	if !there {
		t.Fatal("docs/configuration.md has no section Flags only")
	}
	settings := pflag.NewFlagSet("", pflag.ContinueOnError)
	config.Flags(settings)
	p := program{open: func(card.Options) (agent.Devices, error) { return nil, nil }} //nolint:nilnil // never called
	p.command().Flags().VisitAll(func(f *pflag.Flag) {
		if (settings.Lookup(f.Name) == nil || f.Name == "config") && !strings.Contains(single, "| `--"+f.Name) {
			t.Errorf("docs/configuration.md lacks --%s", f.Name)
		}
	})
	if timeout := p.command().Flags().Lookup("timeout").DefValue; !strings.Contains(single, "; "+timeout+" without it |") {
		t.Errorf("docs/configuration.md has another default than %s for --timeout", timeout)
	}
}

func TestUsage_TheDefaultSocketIsWhereRepresentorctlLooks(t *testing.T) {
	t.Parallel()
	p := program{open: func(card.Options) (agent.Devices, error) { return nil, nil }} //nolint:nilnil // never called
	if got := p.command().Flags().Lookup("control-socket").DefValue; got != api.DefaultSocket {
		t.Errorf("the default is %s, want %s", got, api.DefaultSocket)
	}
}
