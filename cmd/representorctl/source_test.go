package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/representor"
)

// hanging is the socket of a daemon that hangs: it is connected to, and says nothing.
// The channel is closed when somebody is connected.
func hanging(t *testing.T) (string, <-chan struct{}) {
	t.Helper()
	socket, connected := absent(t), make(chan struct{})
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		close(connected)
		_, _ = l.Accept() // until the listener is closed
		_ = c.Close()
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return socket, connected
}

func TestSource_TheKernelIsAskedWhenTheDaemonHangs(t *testing.T) {
	socket, _ := hanging(t)
	begin := time.Now()
	got := run1(t, socket, "", wholeCard, "lookup", "--pf-mac", mac, "--vf", "0")
	if got.status != exitOK || !strings.Contains(got.stdout, "en3f0c1pf0vf000") ||
		!strings.Contains(got.stderr, "the kernel is asked instead") {
		t.Errorf("%v; want what the kernel has", got)
	}
	if took := time.Since(begin); took > patience { // which is a busy machine's too
		t.Errorf("it took %v; want %v", took, daemonPatience)
	}
}

func TestSource_TheKernelIsNotAskedAfterAnInterrupt(t *testing.T) {
	socket, connected := hanging(t)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-connected
		interrupt()
	}()
	var stdout, stderr strings.Builder
	p := program{
		stdout: &stdout, stderr: &stderr, now: noon,
		readCard: func(context.Context, representor.Settings) (representor.Card, error) {
			t.Error("the kernel was asked")
			return dpu(), nil
		},
	}
	if status := p.run(ctx, []string{"representors", "--control-socket", socket}); status == exitOK || stdout.Len() > 0 {
		t.Errorf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}
}

// However the card is asked for, that it can't be read is one exit status.
func TestSource_ACardThatCantBeReadIsOneExitStatus(t *testing.T) {
	blind := facts()
	blind.Index = representor.NewIndex(representor.Card{Problem: "no devlink"}, representor.Settings{})
	socket := daemon(t, blind)
	partly := func() (representor.Card, error) {
		c := dpu()
		c.Complete, c.Problem = false, "the dump was interrupted"
		return c, errors.New("interrupted")
	}
	for _, command := range [][]string{{"representors"}, {"draw", "-o", os.DevNull}, {"lookup", "--pf-mac", "00:53:00:00:00:99"}} {
		for name, o := range map[string]outcome{
			"the daemon":          run1(t, socket, "", noCard, command...),
			"the daemon, as JSON": run1(t, socket, "", noCard, append(command, "-j")...),
			"the kernel":          run1(t, absent(t), "", noCard, append(command, "--kernel")...),
			"the kernel, instead": run1(t, absent(t), "", noCard, command...),
			"the kernel, in part": run1(t, absent(t), "", partly, append(command, "--kernel")...),
			"a file that is broken": run1(t, absent(t), `{"port":{"pci/0000:03:00.0/1":{"flavour":"pcivf","pfnum":"x"}}}`, noCard,
				append(command, "--devlink-json=-")...),
		} {
			want := exitUnknown
			if command[0] == "draw" && strings.HasSuffix(name, "JSON") {
				want = exitUsage
			}
			if o.status != want {
				t.Errorf("%v, asking %s: exit status %d, want %d\n%s", command, name, o.status, want, o)
			}
		}
	}
}

func TestSource_TheKernelsProblemIsToldInTheWordsOfTheCard(t *testing.T) {
	read := func() (representor.Card, error) {
		return representor.Card{Problem: "no devlink: this machine's kernel does not have it"},
			errors.New("netlink receive: no such file or directory")
	}
	o := run1(t, absent(t), "", read, "representors", "--kernel", "-j")
	if o.stderr != "representorctl: the card can't be read: no devlink: this machine's kernel does not have it\n" ||
		!strings.Contains(o.stdout, `"code": "no-devlink"`) {
		t.Errorf("%s", o)
	}
}
