//go:build vm

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/virtualdpu"
	"github.com/representord/representord/test/virtualhost"
)

// transcripts is the page that holds the transcripts, each between two comments.
// The environment variable TRANSCRIPTS is where to write it anew, see make transcripts.
const transcripts = "docs/troubleshooting.md"

// ward is a DPU with Open vSwitch and OVN as distributed, every socket and file where
// an operator has it, so that transcripts are of commands as they are typed.
type ward struct {
	top    *testing.T
	daemon *servers.Process
	page   string
}

func newWard(t *testing.T) *ward {
	t.Helper()
	page, err := os.ReadFile(transcripts)
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{top: t, page: string(page)}
	t.Cleanup(func() {
		w.must(t, "ovn-ctl stop_controller; ovn-ctl stop_northd; ovs-appctl exit --cleanup; ovs-ctl stop; rm -rf /etc/representord")
	})
	// What other tests lost of packets is none of this machine's.
	w.must(t, "ovs-dpctl del-dp ovs-system 2>/dev/null; . test/start-dpu && start_dpu && ovs-vsctl set Open_vSwitch . "+
		"other_config:hw-offload=true && ovn-nbctl ls-add net1")
	w.start(t)
	return w
}

// start starts representord with what is in its configuration file, and ends the one
// that runs.
func (w *ward) start(t *testing.T) {
	t.Helper()
	if w.daemon != nil {
		w.daemon.Signal(syscall.SIGTERM)
		<-w.daemon.Done()
	}
	w.daemon = servers.Start(w.top, "representord", virtualdpu.Program(t, "representord"))
	w.until(t, "the daemon is active", func() bool {
		out, status := w.sh(t, "representorctl status")
		return status == 0 && strings.Contains(out, "active")
	})
}

// reset takes away what a story made.
func (w *ward) reset(t *testing.T) {
	t.Helper()
	w.must(t, "ovn-nbctl --if-exists lsp-del vm1; ovs-vsctl --if-exists del-port pf0vf3")
	w.until(t, "no port is left", func() bool {
		out, status := w.sh(t, "representorctl ports -j")
		return status == 0 && !strings.Contains(out, "vm1")
	})
	sim(t, "reset")
	if _, err := os.Stat("/etc/representord"); err == nil {
		w.restart(t, "")
	}
}

// sh runs a command line as an operator's shell does, and gives what it printed and its
// exit status, which is that of the last command of a pipe.
func (w *ward) sh(t *testing.T, line string) (string, int) {
	t.Helper()
	bin, err := filepath.Abs("bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
	if t.Context().Err() != nil { // while cleaning up
		cmd = exec.Command("bash", "-c", line)
	}
	cmd.Env = append(cmd.Environ(), "PATH="+bin+":/usr/share/openvswitch/scripts:/usr/share/ovn/scripts:"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (w *ward) must(t *testing.T, line string) {
	t.Helper()
	if out, status := w.sh(t, line); status != 0 {
		t.Fatalf("%s: exit status %d\n%s", line, status, out)
	}
}

func (w *ward) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() { // each is a run of a program, which is pause enough
		if time.Now().After(deadline) {
			ports, _ := w.sh(t, "representorctl status; representorctl ports; representorctl explain vm1; ovs-vsctl show")
			t.Fatalf("waited in vain until %s\n%s\n%s", what, ports, w.daemon.Log())
		}
	}
}

// explained asks for vm1.
func (w *ward) explained() (e explain.Explanation, err error) {
	out, _ := w.sh(w.top, "representorctl explain vm1 -j 2>/dev/null")
	err = json.Unmarshal([]byte(out), &e)
	return e, err
}

func (w *ward) examined(t *testing.T) (d doctor.Printed) {
	t.Helper()
	out, _ := w.sh(t, "representorctl doctor -j")
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return d
}

// story is a transcript in the making.
type story struct {
	*ward
	strings.Builder
	// proof is the flag with which doctor and explain show what is ok, too; empty for none.
	proof string
}

// show runs a command on a machine, all of which this one plays, and writes down what
// is seen. It must end with an exit status.
func (s *story) show(t *testing.T, machine, line string, want int) {
	t.Helper()
	out, status := s.sh(t, line)
	if s.Len() > 0 {
		s.WriteString("\n")
	}
	fmt.Fprintf(s, "%s# %s\n%s", machine, line, out)
	if status != 0 {
		fmt.Fprintf(s, "%s# echo $?\n%d\n", machine, status)
	}
	if status != want {
		t.Errorf("%s: exit status %d, want %d\n%s", line, status, want, out)
	}
}

// between is the part of the page that a transcript has.
func between(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)(<!-- transcript ` + regexp.QuoteMeta(name) + ` -->\n` + "```" + `\n)(.*?)(` + "```" + `\n)`)
}

// compare holds the page to what was printed, apart from what differs from run to run.
func (w *ward) compare(t *testing.T, name, told string) {
	t.Helper()
	place := between(name)
	if !place.MatchString(w.page) {
		t.Fatalf("%s has no place for the transcript %s", transcripts, name)
	}
	was := place.FindStringSubmatch(w.page)[2]
	w.page = place.ReplaceAllStringFunc(w.page, func(string) string {
		m := place.FindStringSubmatch(w.page)
		return m[1] + told + m[3]
	})
	if os.Getenv("TRANSCRIPTS") != "" {
		return
	}
	if diff := cmp.Diff(steady(was), steady(told)); diff != "" {
		t.Errorf("%s has another transcript of it (-page +now); make transcripts writes it anew:\n%s", transcripts, diff)
	}
}

// write writes the page with what was printed, if asked to.
func (w *ward) write(t *testing.T) {
	t.Helper()
	path := os.Getenv("TRANSCRIPTS")
	if path == "" || t.Failed() {
		return
	}
	if err := os.WriteFile(path, []byte(w.page), 0o644); err != nil {
		t.Fatal(err)
	}
}

// steady takes out what differs from run to run and from machine to machine, and how
// lines are broken, which depends on it; each paragraph is a line.
func steady(text string) []string {
	var paragraphs []string
	for line := range strings.Lines(text) {
		words := unbroken(line)
		if n := len(paragraphs); n > 0 && strings.HasPrefix(line, "     ") {
			paragraphs[n-1] += " " + words
			continue
		}
		paragraphs = append(paragraphs, words)
	}
	for _, volatile := range [][2]string{
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "TIME"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, "UUID"},
		{`\bfor (\d+[dhms])+, since`, "for AGES, since"},
		{`^(ok versions) .*`, "$1"},
		{`(Open vSwitch|ovn-northd|schema) \d[^\s,:;]*`, "$1 VERSION"},
		{`(ofport|ifindex)=\d+`, "$1=NUMBER"},
		{`^(ok (vswitchd|ovn-controller) .* pid) \d+, .*$`, "$1 NUMBER"},
		{`^(ok upcalls .* of) \d+ `, "$1 SOME "},
	} {
		pattern := regexp.MustCompile(volatile[0])
		for i, p := range paragraphs {
			paragraphs[i] = pattern.ReplaceAllString(p, volatile[1])
		}
	}
	return paragraphs
}

// unbroken is a text in one line, as a shell reads a command of several.
func unbroken(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\\\n", "\n")), " ")
}

func newHost(t *testing.T, commands ...string) {
	t.Helper()
	virtualhost.New(t, commands...)
}

func enable(t *testing.T, vfs int) {
	t.Helper()
	virtualhost.EnableVFs(t, firstPF, vfs)
}
