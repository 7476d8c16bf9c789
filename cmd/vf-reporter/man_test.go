package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/representord/representord/internal/hypervisor"
)

const manPage = "../../docs/man/vf-reporter.8"

func TestManPage_NamesEveryCommandFlagFormatAndExitStatus(t *testing.T) {
	b, err := os.ReadFile(manPage)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(b), `\-`, "-")
	want := func(what string) {
		t.Helper()
		if !strings.Contains(page, what) {
			t.Errorf("no %q", what)
		}
	}
	p := program{}
	root := p.command()
	for _, c := range append([]*cobra.Command{root}, root.Commands()...) {
		want(c.Name())
		flag := func(f *pflag.Flag) { want("--" + f.Name) }
		c.Flags().VisitAll(flag)
		c.PersistentFlags().VisitAll(flag)
	}
	for _, format := range formats() {
		want("\n.B " + format + "\n")
	}
	for status := exitOK; status <= exitObstacle; status++ {
		want(fmt.Sprintf("\n.B %d\n", status))
	}
}

func TestManPage_IsGoodRoff(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Fatalf("%v: install the Debian package groff-base", err)
	}
	out, err := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z", manPage).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

func TestDocuments_ShowCommandsThatWork(t *testing.T) {
	tree, command := good(t), regexp.MustCompile(`^(?:profile=\$\()?(?:ssh \S+ )?vf-reporter (.*)`)
	shown := 0
	for _, path := range []string{"../../README.md", "../../docs/hypervisor.md"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			m := command.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			line, _, _ = strings.Cut(m[1], " | ")
			line, _, _ = strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ")"), "  ")
			// The tree's VF, and a file that is there.
			line = strings.NewReplacer("0000:03:00.5", "0000:03:00.3", "@device_spec.json", "{}").Replace(line)
			words, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			args := strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
			if got := run1(t, tree, hypervisor.Software{Libvirt: newLibvirt()}, args...); got.status != exitOK && args[0] != "check" ||
				got.status == exitUsage {
				t.Errorf("%s shows vf-reporter %q:\n%s", path, args, got)
			}
			shown++
		}
	}
	if shown < 13 {
		t.Errorf("only %d commands were found", shown)
	}
}

// What nova.conf is to have, as the documents show it: nova-compute starts with it, and the
// VFs are remote-managed; with the object that keeps VF 0 away before it, all but that.
func TestDocuments_ShowDeviceSpecsThatNovaStartsWith(t *testing.T) {
	b, err := os.ReadFile("../../docs/hypervisor.md")
	if err != nil {
		t.Fatal(err)
	}
	keeps := regexp.MustCompile("`(\\{\"address\": [^`]*\"unused\"\\})`").FindSubmatch(b)
	if keeps == nil {
		t.Fatal("no object keeps VF 0 away")
	}
	shown := 0
	for line := range strings.Lines(string(b)) {
		spec, is := strings.CutPrefix(strings.TrimSpace(line), "device_spec = ")
		if !is {
			continue
		}
		shown++
		for _, c := range []struct {
			specs []string
			want  int
		}{{[]string{spec}, 3}, {[]string{string(keeps[1]), spec}, 2}} {
			args := []string{"list", "-j"}
			for _, s := range c.specs {
				args = append(args, "--device-spec", s)
			}
			got := run1(t, good(t), hypervisor.Software{Libvirt: newLibvirt()}, args...)
			if n := strings.Count(got.stdout, `"remote-managed": true`); n != c.want {
				t.Errorf("%q: %d VFs are remote-managed, want %d\n%s", c.specs, n, c.want, got)
			}
		}
	}
	if shown < 2 {
		t.Errorf("only %d objects were found", shown)
	}
}
