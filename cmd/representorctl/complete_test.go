package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

func TestCompletion_EveryCommandThatTakesAPortOrANetdevHasIt(t *testing.T) {
	p := program{}
	var ports, netdevs []string
	for _, cmd := range p.command().Commands() {
		if strings.Contains(cmd.Use, "LOGICAL-PORT") {
			ports = append(ports, cmd.Name())
			if cmd.ValidArgsFunction == nil {
				t.Errorf("%s completes no logical port", cmd.Name())
			}
		}
		if cmd.Flags().Lookup("netdev") != nil {
			netdevs = append(netdevs, cmd.Name())
			if _, ok := cmd.GetFlagCompletionFunc("netdev"); !ok {
				t.Errorf("%s completes no netdev", cmd.Name())
			}
		}
	}
	slices.Sort(ports)
	if want := []string{"bind", "explain", "ports", "unbind"}; !slices.Equal(ports, want) || !slices.Equal(netdevs, []string{"explain"}) {
		t.Errorf("ports of %v, netdevs of %v", ports, netdevs)
	}
}

func TestCompletion_HasPortsButNoneThatAShellWouldMisread(t *testing.T) {
	f := facts()
	f.Report.Ports = append(f.Report.Ports, plug.Port{Status: plan.Status{LogicalPort: "$(reboot)", State: plan.Held}})
	socket := daemon(t, f)
	for _, command := range []string{"ports", "explain"} {
		golden(t, "complete-"+command, run1(t, socket, "", nil, cobra.ShellCompRequestCmd, command, "").String())
	}
	golden(t, "complete-netdev", run1(t, socket, "", nil, cobra.ShellCompRequestCmd, "explain", "--netdev", "").String())
	golden(t, "complete-log-level", run1(t, socket, "", nil, cobra.ShellCompRequestCmd, "log-level", "").String())
	if out := run1(t, absent(t), "", nil, cobra.ShellCompRequestCmd, "explain", ""); out.status != exitOK || out.stdout != ":4\n" {
		t.Errorf("without a daemon: %s", out)
	}
}

func TestCompletion_OfBindAndUnbindHasThePortsOfTheNorthbound(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Nbctl(t, "lsp-add", "net", "vm2", "--", "lsp-set-options", "vm2", "vif-plug-type=representor", "--", "lsp-add", "net", "x y", "--",
		"lsp-add", "net", "other")
	for _, tt := range []struct {
		words []string
		want  string
	}{
		{[]string{"bind", "--profile=-", "--nb=" + c.NB.Endpoint, ""}, "other\nvm1\nvm2\n:4\n"},
		{[]string{"bind", "--profile=-", "--nb=" + c.NB.Endpoint, "vm"}, "vm1\nvm2\n:4\n"},
		{[]string{"unbind", "--nb=" + c.NB.Endpoint, ""}, "vm2\n:4\n"},
		{[]string{"unbind", "--nb=" + c.NB.Endpoint, "vm2", ""}, ":4\n"},
		{[]string{"bind", "--profile=-", "--nb=unix:/no/where", ""}, ":4\n"},
		{[]string{"bind", "--wait", ""}, "plugged\n:4\n"},
	} {
		if out := run1(t, noDaemon, "", nil, append([]string{cobra.ShellCompRequestCmd}, tt.words...)...); out.status != exitOK ||
			out.stdout != tt.want {
			t.Errorf("%q: %s\nwant %q", tt.words, out, tt.want)
		}
	}
}

// What bash-completion's function of that name does, for words without colons.
const withoutBashCompletion = `_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}") cword=$COMP_CWORD ` +
	`cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}; }
`

func TestCompletion_InBashHasWhatTheDaemonKnows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, name), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for words, want := range map[string]string{
		"explain '6ba'":         uuid + "\n",
		"ports 'set'":           "settling\n",
		"explain --netdev 'en'": "en3f0c1pf0vf000\n",
		"log-level 'd'":         "debug\n",
	} {
		script := withoutBashCompletion + "source <(" + name + ` completion bash)
COMP_WORDS=(` + name + ` --control-socket ` + daemon(t, facts()) + " " + words + `) COMP_TYPE=9
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
__start_` + name + `
printf '%s\n' "${COMPREPLY[@]%% *}"`
		cmd := exec.Command("bash", "--norc", "-c", script)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: %v, %q, want %q", words, err, out, want)
		}
	}
}
