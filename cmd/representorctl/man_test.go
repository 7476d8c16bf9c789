package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestManPage_NamesEveryCommandAndFlag(t *testing.T) {
	b, err := os.ReadFile("../../docs/man/representorctl.8")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(b), `\-`, "-")
	p := program{}
	root := p.command()
	commands := append([]*cobra.Command{root}, root.Commands()...)
	for _, c := range commands {
		if !strings.Contains(page, c.Name()) {
			t.Errorf("no command %s", c.Name())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) { wantFlag(t, page, f) })
		c.PersistentFlags().VisitAll(func(f *pflag.Flag) { wantFlag(t, page, f) })
	}
	for _, status := range []string{"\n.B 0\n", "\n.B 1\n", "\n.B 2\n", "\n.B 3\n", "\n.B 4\n", "\n.B 5\n", "\n.B 6\n", "\n.B 7\n",
		"\n.B 8\n", "\n.B 9\n"} {
		if !strings.Contains(page, status) {
			t.Errorf("no exit status %q", strings.TrimSpace(status))
		}
	}
}

func wantFlag(t *testing.T, page string, f *pflag.Flag) {
	t.Helper()
	if !strings.Contains(page, "--"+f.Name) {
		t.Errorf("no flag --%s", f.Name)
	}
}

func TestManPage_IsGoodRoff(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Fatalf("%v: install the Debian package groff-base", err)
	}
	out, err := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z", "../../docs/man/representorctl.8").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}
