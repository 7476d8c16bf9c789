package southbound

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
)

func c1g1() ovn.Names { return ovn.Names{Cluster: "c1", Global: "g1"} }

func member(cluster string, index int) *ovn.ServerState {
	return &ovn.ServerState{Model: "clustered", Connected: true, Cluster: &cluster, Index: &index}
}

func TestTrust_AServerIsTrustedUnlessItIsCutOffOrBehind(t *testing.T) {
	h := newHistory()
	for _, step := range []struct {
		name  string
		state *ovn.ServerState
		want  string // part of the problem
	}{
		{"a standalone server", &ovn.ServerState{Model: "standalone", Connected: true, Leader: true}, ""},
		{"a relay", &ovn.ServerState{Model: "relay", Connected: true}, ""},
		{"a relay without its source", &ovn.ServerState{Model: "relay"}, "relay"},
		{"the first member seen", member("c1", 100), ""},
		{"a member that is further", member("c1", 110), ""},
		{"a member that is behind", member("c1", 109), "behind"},
		{"a member that caught up", member("c1", 110), ""},
		{"a leader that is behind", &ovn.ServerState{Model: "clustered", Connected: true, Leader: true, Cluster: new("c1"), Index: new(5)},
			"restored"},
		{"a member that is cut off", &ovn.ServerState{Model: "clustered", Cluster: new("c1"), Index: new(500)}, "cut off"},
		{"what a server said that was cut off doesn't count", member("c1", 111), ""},
		{"another cluster starts anew", member("c2", 3), ""},
		{"the first cluster is still known", member("c1", 3), "behind"},
		{"a member that is joining has no index", &ovn.ServerState{Model: "clustered", Cluster: new("c1")}, "cut off"},
	} {
		got := ""
		if err := h.reject(step.state); err != nil {
			got = err.Error()
		}
		if (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("%s: %q, want a problem with %q", step.name, got, step.want)
		}
	}
}

// No server that is cut off is listened to, whatever else it says of itself; one that is listened to stays so.
func FuzzTrust(f *testing.F) {
	f.Add("clustered", true, false, "c1", 17)
	f.Add("standalone", true, true, "", 0)
	f.Add("relay", false, true, "", -1)
	f.Fuzz(func(t *testing.T, kind string, connected, leader bool, cluster string, index int) {
		h, s := newHistory(), &ovn.ServerState{Model: kind, Connected: connected, Leader: leader, Cluster: &cluster, Index: &index}
		trusted := h.reject(s) == nil
		if trusted && !connected {
			t.Errorf("%+v is trusted", s)
		}
		if again := h.reject(s); trusted && again != nil {
			t.Errorf("%+v was trusted, and then: %v", s, again)
		}
	})
}

func TestTrust_ALeaderThatStaysBehindIsAnotherDatabaseInTheEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(h *history) // after a minute and a half
		want bool
	}{
		{"seen again and again", func(*history) {}, true},
		{"a follower that is behind doesn't count", func(h *history) { _ = h.reject(member("c1", 7)) }, true},
		{"not seen for long", func(*history) { <-time.After(time.Hour) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHistory()
				_ = h.reject(leading(100))
				before := h.identity(c1g1())
				for range 9 {
					if h.reject(leading(7)) == nil {
						t.Fatal("accepted too early")
					}
					<-time.After(10 * time.Second)
				}
				tt.then(h)
				for range 4 {
					_ = h.reject(leading(7))
					<-time.After(10 * time.Second)
				}
				accepted := h.reject(leading(8)) == nil
				if accepted != tt.want {
					t.Errorf("accepted: %v, want %v", accepted, tt.want)
				}
				if after := h.identity(c1g1()); (after != before) != tt.want {
					t.Errorf("its identity was %q and is %q", before, after)
				}
				if accepted && h.reject(member("c1", 7)) == nil {
					t.Error("a member that is behind the restored leader is trusted")
				}
			})
		})
	}
}

func TestTrust_ALeaderThatOvertakesWhatWasSeenIsAnotherDatabaseIfItWasBehindForLong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		behind func(h *history)
		then   *ovn.ServerState
		want   bool
	}{
		{"it was behind for a moment, as after an election", func(h *history) { lead(h, 7, 2*time.Second) }, leading(100), false},
		{"it was behind for long", func(h *history) { lead(h, 7, 11*time.Second) }, leading(100), true},
		{"and a follower says so first", func(h *history) { lead(h, 7, 11*time.Second) }, member("c1", 101), true},
		{"it was seen twice, with long between", func(h *history) {
			lead(h, 7, 0)
			<-time.After(unseenMost + time.Second)
			lead(h, 7, 0)
		}, leading(100), false},
		{"a follower was behind for long", func(h *history) {
			for range 60 {
				_ = h.reject(member("c1", 7))
				<-time.After(time.Second)
			}
		}, leading(100), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHistory()
				_ = h.reject(leading(100))
				before := h.identity(c1g1())
				tt.behind(h)
				if problem := h.reject(tt.then); problem != nil {
					t.Fatalf("it isn't trusted: %v", problem)
				}
				if after := h.identity(c1g1()); (after != before) != tt.want {
					t.Errorf("its identity was %q and is %q", before, after)
				}
				again := h.identity(c1g1())
				_ = h.reject(leading(200))
				if now := h.identity(c1g1()); now != again {
					t.Errorf("later its identity is %q, it was %q", now, again)
				}
			})
		})
	}
}

func leading(index int) *ovn.ServerState {
	s := member("c1", index)
	s.Leader = true
	return s
}

// lead is a leader that is seen every second for so long.
func lead(h *history, index int, d time.Duration) {
	_ = h.reject(leading(index))
	for ; d > 0; d -= time.Second {
		<-time.After(time.Second)
		_ = h.reject(leading(index))
	}
}

func TestTrust_WhatIsRememberedOfClustersIsBounded(t *testing.T) {
	h := newHistory()
	for i := range 1000 {
		_ = h.reject(member(fmt.Sprint(i), 1))
		h.identity(ovn.Names{Cluster: fmt.Sprint(i), Global: fmt.Sprint("g", i)})
	}
	if len(h.clusters) > maxClusters || len(h.databases) > 2*maxClusters {
		t.Errorf("%d clusters and %d databases are remembered", len(h.clusters), len(h.databases))
	}
}

func TestIdentity_IsThatOfTheDatabaseNotOfTheServer(t *testing.T) {
	type seen struct{ cluster, row string }
	for name, c := range map[string]struct {
		seen []seen
		want []string
	}{
		"a standalone database is its row":       {[]seen{{"", "g1"}, {"", "g1"}}, []string{"g1", "g1"}},
		"a wiped standalone database is another": {[]seen{{"", "g1"}, {"", "g2"}}, []string{"g1", "g2"}},
		"a cluster with another row is another": {[]seen{{"c1", "g1"}, {"c1", "g2"}, {"c1", "g1"}},
			[]string{"c1", "cluster c1 SB_Global g2", "c1"}},
		"a rebuilt cluster is another":                {[]seen{{"c1", "g1"}, {"c2", "g2"}}, []string{"c1", "c2"}},
		"a cluster restored from a copy is another":   {[]seen{{"c1", "g1"}, {"c2", "g1"}, {"c1", "g1"}}, []string{"c1", "c2", "c1"}},
		"a relay of a known cluster is that cluster":  {[]seen{{"c1", "g1"}, {"", "g1"}}, []string{"c1", "c1"}},
		"a cluster behind a known relay is the same":  {[]seen{{"", "g1"}, {"c1", "g1"}, {"", "g1"}}, []string{"g1", "g1", "g1"}},
		"a copy of what is behind a relay is another": {[]seen{{"", "g1"}, {"c1", "g1"}, {"c2", "g1"}}, []string{"g1", "g1", "c2"}},
		"a cluster restored in place behind a relay":  {[]seen{{"c1", "g1"}, {"", "g2"}, {"c1", "g2"}}, []string{"c1", "g2", "g2"}},
		"what tells nothing is nothing":               {[]seen{{"", ""}, {"c1", "g1"}, {"", ""}}, []string{"", "c1", ""}},
		"a cluster before its row is known":           {[]seen{{"c1", ""}, {"c1", "g1"}}, []string{"c1", "c1"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory()
			for i, s := range c.seen {
				if got := h.identity(ovn.Names{Cluster: s.cluster, Global: s.row}); got != c.want[i] {
					t.Errorf("step %d: cluster %q with row %q is %q, want %q", i, s.cluster, s.row, got, c.want[i])
				}
			}
		})
	}
}

// What a relay showed may be newer than what its cluster was restored from.
func TestIdentity_ARestoredClusterIsNotWhatARelayShowedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHistory()
		if err := h.reject(leading(100)); err != nil {
			t.Fatal(err)
		}
		before := h.identity(ovn.Names{Global: "g1"})
		lead(h, 7, restoredAfter)
		if restored := h.identity(c1g1()); restored == before || h.identity(c1g1()) != restored {
			t.Errorf("the relay's was %q, and the restored cluster's is %q", before, restored)
		}
	})
}
