package southbound

import (
	"context"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

func TestConnection_AServerThatIsKilledIsReconnectedToAndTheLastViewStays(t *testing.T) {
	d, w := southbound(t)
	w.add("lp", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	first := f.untilDispositions(map[string]Disposition{"lp": Asked})

	began := time.Now()
	d.Kill()
	v := f.until("the loss is noticed", func(v View) bool { return !v.Connected })
	if noticed := time.Since(began); noticed > slack {
		t.Errorf("a closed connection was noticed after %v", noticed)
	}
	if v.Bindings["lp"].Disposition != Asked || v.Identity != first.Identity || !v.Since.After(first.Since) {
		t.Errorf("the last view was not kept: %+v", v)
	}
	f.until("the problem is named", func(v View) bool { return strings.Contains(v.Problem, d.Endpoint) })
	d.Restart()
	v = f.untilDispositions(map[string]Disposition{"lp": Asked})
	if v.Problem != "" || v.Identity != first.Identity {
		t.Errorf("after the restart: %+v", v)
	}
}

func TestConnection_AServerThatHangsIsLeftWithinTwoProbesForAnother(t *testing.T) {
	t.Parallel()
	d, w := southbound(t)
	w.add("lp", w.us(), nil)
	f := follow(t, probing(d.Endpoint))
	f.untilReady()
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	began := time.Now()

	// Whoever asks it meanwhile isn't held up for longer either.
	_, err := f.Verify(t.Context(), []string{"lp"})
	if took := time.Since(began); err == nil || took > 2*probe+slack {
		t.Errorf("Verify: %v after %v", err, took)
	}
	f.until("the loss is noticed", func(v View) bool { return !v.Connected })
	if took := time.Since(began); took > 2*probe+slack {
		t.Errorf("a server that hangs was noticed after %v", took)
	}
	second, w2 := southbound(t)
	w2.add("lp", w2.us(), nil)
	f.Configure(probing(d.Endpoint, second.Endpoint))
	v := f.until("the other server is followed", ready)
	if v.Endpoint != second.Endpoint {
		t.Errorf("followed is %s, want %s", v.Endpoint, second.Endpoint)
	}
	f.verify("lp")
}

func TestIdentity_AWipedDatabaseIsAnotherOne(t *testing.T) {
	c := servers.OVN(t)
	c.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	c.Nbctl(t, "ls-add", "ls", "--", "lsp-add", "ls", "lp")
	c.Nbctl(t, plugOptions("lp", "dpu1")...)
	f := follow(t, dpu1(c.SB.Endpoint))
	first := f.untilDispositions(map[string]Disposition{"lp": Asked})
	c.SB.Wipe()
	v := f.until("the new database is followed", func(v View) bool { return ready(v) && v.Identity != first.Identity })
	if v.Identity == "" || v.Names.IsIn(first.Names.String()) {
		t.Error("the new database has no name")
	}
	c.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	f.untilDispositions(map[string]Disposition{"lp": Asked})
	if got := f.verify("lp"); got.Identity != f.View().Identity || got.Identity == first.Identity {
		t.Errorf("the verdict is of database %s, the view of %s", got.Identity, f.View().Identity)
	}
}

func TestConnection_WhatIsWrongWithEachServerIsSaid(t *testing.T) {
	sb, _ := southbound(t)
	nb := servers.NewOVSDB(t, "nb", servers.SchemaOVNNorthbound)
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"no chassis": {Config{Servers: ovn.Servers{Remotes: []string{sb.Endpoint}}}, []string{"system-id"}},
		"no remote":  {Config{Chassis: "dpu1"}, []string{"ovn-remote"}},
		"nobody there": {
			dpu1("unix:/nonexistent/sb.sock", "tcp:127.0.0.1:1"),
			[]string{"unix:/nonexistent/sb.sock", "no such file", "tcp:127.0.0.1:1", "refused"},
		},
		"not an endpoint":  {dpu1("http://127.0.0.1"), []string{"unix:, tcp: or ssl:"}},
		"the Northbound":   {dpu1(nb.Endpoint), []string{nb.Endpoint, "no database OVN_Southbound"}},
		"TLS without keys": {dpu1("ssl:127.0.0.1:1"), []string{"private key"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, c.config)
			v := f.until("the problem is told", func(v View) bool {
				for _, w := range c.want {
					if !strings.Contains(v.Problem, w) {
						return false
					}
				}
				return true
			})
			if v.Connected || v.Complete {
				t.Errorf("the view: %+v", v)
			}
			// Of several servers the first that is tried anew is all that is told for a moment.
			servers.Until(t, "Verify tells it too", func() bool {
				_, err := f.Verify(t.Context(), []string{"lp"})
				if err == nil {
					t.Fatal("Verify gave a verdict")
				}
				return strings.Contains(err.Error(), c.want[0])
			})
		})
	}
}

func TestConfigure_AConfigurationIsFollowedWhenItChanges(t *testing.T) {
	d, w := southbound(t)
	other := w.chassis("dpu2")
	w.add("one", w.us(), nil)
	w.add("two", other, nil)
	w.add("by-hostname", nil, map[string]string{"requested-chassis": "new-name"})
	f := follow(t, Config{})
	f.until("it is said what is missing", func(v View) bool { return strings.Contains(v.Problem, "system-id") })
	f.Configure(dpu1(d.Endpoint))
	f.untilDispositions(map[string]Disposition{"one": Asked})

	renamed := dpu1(d.Endpoint)
	renamed.Hostname = "new-name"
	f.Configure(renamed)
	f.untilDispositions(map[string]Disposition{"one": Asked, "by-hostname": Kept})

	moved := renamed
	moved.Chassis = "dpu2"
	f.Configure(moved)
	if v := f.untilDispositions(map[string]Disposition{"two": Asked, "by-hostname": Kept}); v.Chassis != "dpu2" {
		t.Errorf("the view is for chassis %s", v.Chassis)
	}
	f.Configure(Config{})
	v := f.until("it is said what is missing", func(v View) bool { return strings.Contains(v.Problem, "system-id") })
	if v.Connected {
		t.Error("connected without a configuration")
	}
}

func TestView_OfAnotherChassisIsNeverShownAsOurs(t *testing.T) {
	d, w := southbound(t)
	other := w.chassis("dpu2")
	w.add("one", w.us(), nil)
	w.add("two", other, nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	names := []string{"dpu1", "dpu2"}
	for i := range 30 {
		c := dpu1(d.Endpoint)
		c.Chassis = names[(i+1)%2]
		f.Configure(c)
		f.until("a view for the new name is there", func(v View) bool {
			if v.Bindings["one"].Disposition == Asked && v.Chassis != "dpu1" || v.Bindings["two"].Disposition == Asked && v.Chassis != "dpu2" {
				t.Fatalf("chassis %s is shown another's ports: %+v", v.Chassis, v.Bindings)
			}
			return ready(v) && v.Chassis == c.Chassis
		})
		if got, err := f.Verify(t.Context(), []string{"one", "two"}); err == nil {
			ours := map[string]string{"dpu1": "one", "dpu2": "two"}[c.Chassis]
			if got.Bindings[ours].Disposition != Asked {
				t.Fatalf("the verdict for chassis %s: %+v", c.Chassis, got)
			}
		}
	}
}

func TestConfigure_MoreRemotesDoNotInterruptAConnection(t *testing.T) {
	d, _ := southbound(t)
	f := follow(t, dpu1(d.Endpoint))
	first := f.untilReady()
	before := f.current()
	f.Configure(dpu1("unix:/nonexistent/sb.sock", d.Endpoint))
	f.verify("lp")
	if f.current() != before || !f.View().Since.Equal(first.Since) {
		t.Error("the connection was given up although its server is still a remote")
	}
	f.Configure(dpu1("unix:/nonexistent/sb.sock"))
	f.until("the server is left", func(v View) bool { return !v.Connected })
}

// Until the local database was read nothing is missing from it.
func TestChassis_NobodyIsSaidToBeMissingBeforeWeAreToldWhoWeAre(t *testing.T) {
	var log strings.Builder
	s := New(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	says := func(part string) {
		t.Helper()
		servers.Until(t, "the problem is "+part, func() bool { return strings.Contains(s.View().Problem, part) })
	}
	says("the local database, which says who we are and where the Southbound is, was not read yet")
	s.Configure(Config{})
	says("external_ids:system-id is not set")
	s.Configure(Config{Chassis: "dpu1"})
	says("external_ids:ovn-remote is not set")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.HasPrefix(log.String(), "time=") ||
		!strings.Contains(strings.Split(log.String(), "\n")[0], "system-id is not set") {
		t.Errorf("the log has %d lines:\n%s", n, log.String())
	}
}
