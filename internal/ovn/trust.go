package ovn

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"
)

// ErrUntrusted is the error of Verify when no server can be asked whose word
// counts: nothing is known then, and nothing may be concluded.
var ErrUntrusted = errors.New("no trustworthy connection to the Southbound")

// maxClusters bounds how many clusters are remembered; there should be one.
const maxClusters = 16

const (
	// restoredAfter is how long the leader of a cluster must stay behind what was seen
	// of it before it is taken for one that was restored from older files.
	restoredAfter = 2 * time.Minute
	// overtakenAfter is how long it must have stayed behind for that when it is behind no
	// more. A leader that was only elected knows within seconds what its cluster agreed
	// on; what a restored one has is as far as that again, and is something else.
	overtakenAfter = 10 * time.Second
	// unseenMost is how long we may not have seen it in that time.
	unseenMost = 2 * time.Minute
)

// memory is what was seen of databases, on whatever server.
type memory struct {
	mu sync.Mutex
	// highest is the highest index seen of a cluster, by its id.
	highest map[string]int
	// lags are the clusters whose leader is behind.
	lags map[string]lag
	// restoredAfter is a constant but for an Option.
	restoredAfter time.Duration
	// identities are those given so far. What the next contents of a cluster are to be called
	// is in clusters, empty for a name of their own; globals are databases by their row alone.
	identities map[Names]string
	clusters   map[string]string
	globals    map[string]global
}

// lag is when a cluster's leader was first and last seen to be behind.
type lag struct{ first, last time.Time }

// global is a database known by its SB_Global row.
type global struct {
	identity string
	// clustered is true once the row was seen in a cluster.
	clustered bool
}

func newMemory() *memory {
	return &memory{highest: map[string]int{}, lags: map[string]lag{}, restoredAfter: restoredAfter,
		identities: map[Names]string{}, clusters: map[string]string{}, globals: map[string]global{}}
}

// distrust says why a server in that state isn't to be listened to, "" if it is.
// It remembers how far the server is. A leader has all that its cluster ever agreed
// on; one that stays behind shows that the cluster lost something, and is accepted in
// the end as another database, or as soon as its index is no longer behind.
func (m *memory) distrust(s *ServerState) string {
	if !s.Connected {
		if s.Model == modelRelay {
			return "the relay has no connection to the database that it relays"
		}
		return "the server is cut off from its cluster"
	}
	if s.Cluster == nil || s.Index == nil {
		return ""
	}
	cluster, index := *s.Cluster, *s.Index
	m.mu.Lock()
	defer m.mu.Unlock()
	highest := m.highest[cluster]
	if index < highest {
		problem := fmt.Sprintf("the server is behind what was seen already (index %d, seen %d)", index, highest)
		if !s.Leader {
			return problem
		}
		if wait := m.lagging(cluster); wait > 0 {
			return problem + fmt.Sprintf("; it leads the cluster: if that was restored from older files, it is accepted in %v as another database",
				wait.Round(time.Second))
		}
		m.restored(cluster, index)
	} else if l := m.lags[cluster]; l.last.Sub(l.first) >= overtakenAfter {
		m.restored(cluster, index)
	}
	if highest == 0 && len(m.highest) >= maxClusters {
		clear(m.highest)
		clear(m.lags)
	}
	delete(m.lags, cluster)
	m.highest[cluster] = index
	return ""
}

// restored gives a cluster that was restored from older files an identity of its own.
func (m *memory) restored(cluster string, index int) {
	m.clusters[cluster] = fmt.Sprintf("%s restored at %d", cluster, index)
	maps.DeleteFunc(m.identities, func(n Names, _ string) bool { return n.Cluster == cluster })
}

// lagging takes note that a cluster's leader is behind, and gives for how much
// longer that is no reason to believe it.
func (m *memory) lagging(cluster string) time.Duration {
	now := time.Now()
	l, known := m.lags[cluster]
	if !known || now.Sub(l.last) > unseenMost {
		l.first = now
	}
	l.last = now
	m.lags[cluster] = l
	return m.restoredAfter - now.Sub(l.first)
}

// identity names a database: by its cluster's id, else by its SB_Global row. A
// relay doesn't tell the cluster of what it relays, and a database may be turned
// into a clustered one and back: the same SB_Global row is the same database
// then, and keeps its identity. The same row in another cluster is a copy, which
// may be an old one: that is another identity. So is another row in the same cluster: the
// row lives as long as the contents, which were wiped, or restored in place
// (ovsdb-client(1), restore: every row is another one then).
func (m *memory) identity(cluster, row string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if row == "" {
		return cmp.Or(m.clusters[cluster], cluster)
	}
	if len(m.identities)+len(m.globals) >= 2*maxClusters {
		clear(m.identities)
		clear(m.clusters)
		clear(m.globals)
	}
	known, seen := m.globals[row]
	if cluster == "" {
		if !seen {
			known = global{identity: row}
			m.globals[row] = known
		}
		return known.identity
	}
	names := Names{Cluster: cluster, Global: row}
	identity, same := m.identities[names]
	if !same {
		next, before := m.clusters[cluster]
		switch {
		case !before && seen && !known.clustered:
			identity = known.identity
		case !before:
			identity = cluster
		default:
			identity = cmp.Or(next, names.String())
		}
		m.identities[names], m.clusters[cluster] = identity, ""
	}
	m.globals[row] = global{identity: identity, clustered: true}
	return identity
}
