package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

// remotes tells the host where the Southbound's servers are.
func (h *host) remotes(t *testing.T, named ...*servers.OVSDB) {
	t.Helper()
	var endpoints []string
	for _, d := range named {
		endpoints = append(endpoints, d.Endpoint)
	}
	h.Ctl(t, "set", "open", ".", fmt.Sprintf("external_ids:ovn-remote=%q", strings.Join(endpoints, ",")))
}

// newClusteredCloud is a cloud whose Southbound is a cluster.
func newClusteredCloud(t *testing.T, h *host, members int) (*cloud, *servers.Cluster) {
	t.Helper()
	cluster := servers.NewCluster(t, "sb", servers.SchemaOVNSouthbound, members)
	return newCloudOn(t, h, cluster.Leader(t)), cluster
}

// on is whether the daemon follows the Southbound on one of these servers, and n
// ports are plugged.
func on(n int, some ...*servers.OVSDB) func(api.Status) bool {
	return func(s api.Status) bool {
		follows := slices.ContainsFunc(some, func(d *servers.OVSDB) bool { return d.Endpoint == s.Southbound.Endpoint })
		return follows && s.Southbound.Connected && s.Southbound.Complete && s.Ports[plan.Plugged] == n
	}
}

// but are the members of a cluster without one.
func but(c *servers.Cluster, d *servers.OVSDB) []*servers.OVSDB {
	return slices.DeleteFunc(slices.Clone(c.Members), func(m *servers.OVSDB) bool { return m == d })
}

func TestCluster_ThatLosesItsLeaderChangesNoRow(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*servers.OVSDB) (restore func()){
		"which is killed": func(d *servers.OVSDB) func() { d.Kill(); return d.Restart },
		"which hangs": func(d *servers.OVSDB) func() {
			d.Signal(syscall.SIGSTOP)
			return func() { d.Signal(syscall.SIGCONT) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(3))
			cl, cluster := newClusteredCloud(t, h, 3) // the leader is all that is named
			c := startService(t, f, h.flags("--probe-interval=1s")...)
			w := plugged(t, h, cl, c, 3)
			h.remotes(t, cluster.Members...)
			w.wantUntouched(t)

			leader := cl.OVSDB
			restore := lose(leader)
			await(t, c, "another member is followed", on(3, but(cluster, leader)...))
			w.wantUntouched(t)
			cl.OVSDB = cluster.Leader(t)
			restore()
			w.wantUntouched(t)
			// The word of the others counts as that of the leader did.
			cl.forget(t, "vm2")
			servers.Until(t, "vm2 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0", "pf0vf1"}) })
		})
	}
}

// A follower that is cut off answers whatever it is asked, and doesn't know that it is
// behind.
func TestCluster_AFollowerThatIsCutOffIsLeftAndItsWordIsNotTaken(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl, cluster := newClusteredCloud(t, h, 3)
	follower := cluster.Follower(t)
	h.remotes(t, follower)
	c := startService(t, f, h.flags("--probe-interval=1s")...)
	plugged(t, h, cl, c, 2)
	h.remotes(t, cluster.Members...)

	cluster.CutOff(t, follower)
	hears := h.witness.Deaf()
	cl.forget(t, "vm1") // of which it won't hear
	cl.ask(t, "vm2", 2)
	h.opened(t, "pf0vf2", 102)
	servers.Until(t, "vm1 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0", "pf0vf2"}) })
	awaitPort(t, c, "vm2", plan.Plugged, "")
	w := watchOver(t, h, c, 2)
	hears()
	await(t, c, "another member is followed", on(2, but(cluster, follower)...))

	// Alone it says that vm1 is asked for and vm2 isn't.
	h.remotes(t, follower)
	s := await(t, c, "it isn't trusted", func(s api.Status) bool {
		return s.Southbound.Endpoint == follower.Endpoint && !s.Southbound.Connected && strings.Contains(s.Southbound.Problem, "the server is ")
	})
	if !strings.Contains(s.Southbound.Problem, "cut off from its cluster") && !strings.Contains(s.Southbound.Problem, "behind what was seen") {
		t.Errorf("why: %s", s.Southbound.Problem)
	}
	w.wantUntouched(t)
	cluster.Rejoin(t, follower)
	await(t, c, "it is followed again", on(2, follower))
	w.wantUntouched(t)
}

// Restored from older files, a cluster is the same by its id, and has forgotten what
// came since.
func TestCluster_ThatIsRestoredFromOlderFilesHoldsItsRemovals(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(2))
	cl, _ := newClusteredCloud(t, h, 1)
	c := startService(t, f, h.flags("--mass-unplug-hold=20s")...)
	cl.ask(t, "vm0", 0)
	h.openedMany(t, 1)
	older, err := os.ReadFile(cl.File())
	if err != nil {
		t.Fatal(err)
	}
	cl.ask(t, "vm1", 1)
	h.openedMany(t, 2)
	for i := range 10 { // what a restored server writes by itself must not make up for it
		cl.sbctl(t, "set", "SB_Global", ".", fmt.Sprint("options:unrelated=", i))
	}
	watchOver(t, h, c, 2)

	cl.Kill()
	if err := os.WriteFile(cl.File(), older, 0o600); err != nil {
		t.Fatal(err)
	}
	cl.Restart()
	await(t, c, "it is said that the leader is behind", func(s api.Status) bool {
		return strings.Contains(s.Southbound.Problem, "it leads the cluster: if that was restored from older files")
	})
	awaitPort(t, c, "vm1", plan.Held, reason.CodeSouthboundReplaced)
	awaitPort(t, c, "vm0", plan.Plugged, "")
	h.witness.Nothing(func() {
		if _, err := release(t, c); err != nil {
			t.Error(err)
		}
		servers.Until(t, "vm1 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0"}) })
	}, "vm1")
}

func TestRelay_IsFollowedAndTakesNoRowWhenItDies(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	relay := servers.NewRelay(t, "OVN_Southbound", cl.OVSDB)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote="+relay.Endpoint)
	// A probe that a loaded machine misses makes the relay one that may be behind.
	c := startService(t, f, h.flags("--probe-interval=5s")...)
	plugged(t, h, cl, c, 3)
	cl.forget(t, "vm2")
	servers.Until(t, "vm2 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0", "pf0vf1"}) })
	w := watchOver(t, h, c, 2)

	relay.Process.Signal(syscall.SIGSTOP)
	await(t, c, "it is noticed that the relay hangs", func(s api.Status) bool { return !s.Southbound.Connected })
	w.wantUntouched(t)
	relay.Restart(t)
	await(t, c, "the new relay is doubted", func(s api.Status) bool {
		return !s.Southbound.Connected && strings.Contains(s.Southbound.Problem, "is a relay, which may be behind what was seen already")
	})
	w.wantUntouched(t)
	// The server itself is better than what passes it on.
	h.remotes(t, cl.OVSDB)
	await(t, c, "the Southbound is followed", on(2, cl.OVSDB))
	w.wantUntouched(t)
}
