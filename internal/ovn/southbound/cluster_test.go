package southbound

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

func TestCluster_IsFollowedThroughTheLossOfItsMembers(t *testing.T) {
	c := servers.NewCluster(t, "sb", servers.SchemaOVNSouthbound, 3)
	w := write(t, c.Leader(t).Endpoint)
	global := w.insert("SB_Global", ovsdb.Row{"ipsec": false}).GoUUID
	w.chassis("dpu1")
	w.add("one", w.us(), nil)
	f := follow(t, probing(c.Endpoints()...))
	first := f.untilDispositions(map[string]Disposition{"one": Asked})
	if first.Identity == "" || first.Identity == global {
		t.Errorf("identity %q, want the cluster's id", first.Identity)
	} else if want := (ovn.Names{Cluster: first.Identity, Global: global}); first.Names != want {
		t.Errorf("names %+v, want %+v", first.Names, want)
	}

	t.Run("the leader dies", func(t *testing.T) {
		old := c.Leader(t)
		old.Kill()
		w.reconnect(c.Leader(t).Endpoint)
		w.add("two", w.us(), nil)
		v := f.untilDispositions(map[string]Disposition{"one": Asked, "two": Asked})
		if v.Identity != first.Identity {
			t.Errorf("identity %s, it was %s", v.Identity, first.Identity)
		}
		if got := f.verifyInTheEnd("one", "three"); got.Bindings["one"].Disposition != Asked || got.Bindings["three"].Disposition != Gone {
			t.Errorf("the verdict is %v", got.Bindings)
		}
		old.Restart()
	})
	t.Run("the server in use dies", func(t *testing.T) {
		used := slices.IndexFunc(c.Members, func(d *servers.OVSDB) bool { return d.Endpoint == f.View().Endpoint })
		c.Members[used].Kill()
		defer c.Members[used].Restart()
		w.reconnect(c.Leader(t).Endpoint)
		w.add("three", w.us(), nil)
		f.untilDispositions(map[string]Disposition{"one": Asked, "two": Asked, "three": Asked})
	})
	t.Run("a member without the others isn't trusted", func(t *testing.T) {
		c.Leader(t)
		f.until("the cluster is followed", ready)
		used := f.View().Endpoint
		others := slices.DeleteFunc(slices.Clone(c.Members), func(d *servers.OVSDB) bool { return d.Endpoint == used })
		signal := func(s syscall.Signal) {
			for _, d := range others {
				d.Signal(s)
			}
		}
		signal(syscall.SIGSTOP)
		defer signal(syscall.SIGCONT)
		f.until("it is said that the member is cut off", func(v View) bool {
			return !v.Connected && strings.Contains(v.Problem, "cut off from its cluster")
		})
		if _, err := f.Verify(t.Context(), []string{"one"}); !errors.Is(err, ErrUntrusted) {
			t.Errorf("Verify: %v, want ErrUntrusted", err)
		}
		if len(f.View().Bindings) != 3 {
			t.Error("the last view was not kept")
		}
	})
	t.Run("and again when they are back", func(t *testing.T) {
		if v := f.until("the cluster is followed", ready); v.Identity != first.Identity {
			t.Errorf("identity %s, it was %s", v.Identity, first.Identity)
		}
	})
	t.Run("members that are behind what was seen aren't trusted", func(t *testing.T) {
		setHighest := func(index int) {
			f.history.mu.Lock()
			defer f.history.mu.Unlock()
			f.history.cluster(first.Identity).index = index
		}
		setHighest(1 << 40)
		if _, err := f.Verify(t.Context(), []string{"one"}); !errors.Is(err, ErrUntrusted) {
			t.Errorf("Verify: %v, want ErrUntrusted", err)
		}
		w.reconnect(c.Leader(t).Endpoint)
		w.update("one", ovsdb.Row{"up": true})
		f.until("it is said that they are behind", func(v View) bool {
			return !v.Connected && strings.Contains(v.Problem, "behind")
		})
		setHighest(1)
		f.until("the change is followed", func(v View) bool { return ready(v) && v.Bindings["one"].Up })
	})
}

// verifyInTheEnd asks until there is a member to ask: one that gets no processor for a
// while makes the others elect a leader.
func (f *follower) verifyInTheEnd(ports ...string) (v Verdict) {
	f.t.Helper()
	servers.Until(f.t, "there is a verdict", func() bool {
		var err error
		v, err = f.Verify(f.t.Context(), ports)
		return err == nil
	})
	return v
}

func TestRelay_IsTrustedOnceItCannotBeBehindAndIsTheSameDatabase(t *testing.T) {
	d, w := southbound(t)
	w.add("one", w.us(), nil)
	endpoint := servers.NewRelay(t, ovn.Database, d).Endpoint

	doubting := followDoubting(t, dpu1(d.Endpoint), time.Hour)
	doubting.untilDispositions(map[string]Disposition{"one": Asked})
	doubting.Configure(dpu1(endpoint))
	doubting.until("the relay is doubted", func(v View) bool { return strings.Contains(v.Problem, "may be behind") })
	if _, err := doubting.Verify(t.Context(), []string{"one"}); !errors.Is(err, ErrUntrusted) {
		t.Errorf("Verify: %v, want ErrUntrusted", err)
	}

	f := follow(t, dpu1(d.Endpoint))
	direct := f.untilDispositions(map[string]Disposition{"one": Asked})
	f.Configure(dpu1(endpoint))
	v := f.until("the relay is followed", func(v View) bool { return ready(v) && v.Endpoint == endpoint })
	if v.Identity != direct.Identity || !v.Names.IsIn(direct.Names.String()) || v.Bindings["one"].Disposition != Asked {
		t.Errorf("through the relay: %+v", v)
	}
	if waited := v.Since.Sub(direct.Since); waited < f.relayDoubt {
		t.Errorf("the relay was trusted after %v", waited)
	}
	f.verify("one")

	// With nothing seen before there is nothing to doubt it by.
	followDoubting(t, dpu1(endpoint), time.Hour).untilDispositions(map[string]Disposition{"one": Asked})
}
