package ovn

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func member(cluster string, index int) *ServerState {
	return &ServerState{Model: "clustered", Connected: true, Cluster: &cluster, Index: &index}
}

func TestAServerIsTrustedUnlessItIsCutOffOrBehind(t *testing.T) {
	m := newMemory()
	for _, step := range []struct {
		name  string
		state *ServerState
		want  string // part of the problem
	}{
		{"a standalone server", &ServerState{Model: "standalone", Connected: true, Leader: true}, ""},
		{"a relay", &ServerState{Model: "relay", Connected: true}, ""},
		{"a relay without its source", &ServerState{Model: "relay"}, "relay"},
		{"the first member seen", member("c1", 100), ""},
		{"a member that is further", member("c1", 110), ""},
		{"a member that is behind", member("c1", 109), "behind"},
		{"a member that caught up", member("c1", 110), ""},
		{"a leader that is behind", &ServerState{Model: "clustered", Connected: true, Leader: true, Cluster: new("c1"), Index: new(5)},
			"restored"},
		{"a member that is cut off", &ServerState{Model: "clustered", Cluster: new("c1"), Index: new(500)}, "cut off"},
		{"what a server said that was cut off doesn't count", member("c1", 111), ""},
		{"another cluster starts anew", member("c2", 3), ""},
		{"the first cluster is still known", member("c1", 3), "behind"},
		{"a member that is joining has no index", &ServerState{Model: "clustered", Cluster: new("c1")}, "cut off"},
	} {
		got := m.distrust(step.state)
		if (got == "") != (step.want == "") || !strings.Contains(got, step.want) {
			t.Errorf("%s: %q, want a problem with %q", step.name, got, step.want)
		}
	}
}

func TestALeaderThatStaysBehindIsAnotherDatabaseInTheEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(m *memory) // after a minute and a half
		want bool
	}{
		{"seen again and again", func(*memory) {}, true},
		{"a follower that is behind doesn't count", func(m *memory) { m.distrust(member("c1", 7)) }, true},
		{"not seen for long", func(*memory) { <-time.After(time.Hour) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.distrust(leading(100))
				before := m.identity("c1", "g1")
				for range 9 {
					if m.distrust(leading(7)) == "" {
						t.Fatal("accepted too early")
					}
					<-time.After(10 * time.Second)
				}
				tt.then(m)
				for range 4 {
					m.distrust(leading(7))
					<-time.After(10 * time.Second)
				}
				accepted := m.distrust(leading(8)) == ""
				if accepted != tt.want {
					t.Errorf("accepted: %v, want %v", accepted, tt.want)
				}
				if after := m.identity("c1", "g1"); (after != before) != tt.want {
					t.Errorf("its identity was %q and is %q", before, after)
				}
				if accepted && m.distrust(member("c1", 7)) == "" {
					t.Error("a member that is behind the restored leader is trusted")
				}
			})
		})
	}
}

func TestALeaderThatOvertakesWhatWasSeenIsAnotherDatabaseIfItWasBehindForLong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		behind func(m *memory)
		then   *ServerState
		want   bool
	}{
		{"it was behind for a moment, as after an election", func(m *memory) { lead(m, 7, 2*time.Second) }, leading(100), false},
		{"it was behind for long", func(m *memory) { lead(m, 7, 11*time.Second) }, leading(100), true},
		{"and a follower says so first", func(m *memory) { lead(m, 7, 11*time.Second) }, member("c1", 101), true},
		{"it was seen twice, with long between", func(m *memory) {
			lead(m, 7, 0)
			<-time.After(unseenMost + time.Second)
			lead(m, 7, 0)
		}, leading(100), false},
		{"a follower was behind for long", func(m *memory) {
			for range 60 {
				m.distrust(member("c1", 7))
				<-time.After(time.Second)
			}
		}, leading(100), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.distrust(leading(100))
				before := m.identity("c1", "g1")
				tt.behind(m)
				if problem := m.distrust(tt.then); problem != "" {
					t.Fatalf("it isn't trusted: %s", problem)
				}
				if after := m.identity("c1", "g1"); (after != before) != tt.want {
					t.Errorf("its identity was %q and is %q", before, after)
				}
				again := m.identity("c1", "g1")
				m.distrust(leading(200))
				if now := m.identity("c1", "g1"); now != again {
					t.Errorf("later its identity is %q, it was %q", now, again)
				}
			})
		})
	}
}

func leading(index int) *ServerState {
	s := member("c1", index)
	s.Leader = true
	return s
}

// lead is a leader that is seen every second for so long.
func lead(m *memory, index int, d time.Duration) {
	m.distrust(leading(index))
	for ; d > 0; d -= time.Second {
		<-time.After(time.Second)
		m.distrust(leading(index))
	}
}

func TestWhatIsRememberedOfClustersIsBounded(t *testing.T) {
	m := newMemory()
	for i := range 1000 {
		m.distrust(member(fmt.Sprint(i), 1))
		m.identity(fmt.Sprint(i), fmt.Sprint("g", i))
	}
	if len(m.highest) > maxClusters || len(m.clusters)+len(m.globals) > 2*maxClusters+2 {
		t.Errorf("%d indices, %d clusters and %d rows are remembered", len(m.highest), len(m.clusters), len(m.globals))
	}
}

func TestIdentityIsThatOfTheDatabaseNotOfTheServer(t *testing.T) {
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
		"a cluster before its row is known":           {[]seen{{"c1", ""}, {"c1", "g1"}}, []string{"c1", "c1"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			for i, s := range c.seen {
				if got := m.identity(s.cluster, s.row); got != c.want[i] {
					t.Errorf("step %d: cluster %q with row %q is %q, want %q", i, s.cluster, s.row, got, c.want[i])
				}
			}
		})
	}
}
