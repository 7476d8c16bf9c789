package southbound

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/representord/representord/internal/ovn"
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

// history is what was seen of databases, on whatever server.
type history struct {
	mu sync.Mutex
	// clusters are by their ids.
	clusters map[string]*clusterHistory
	// databases are those that have an identity, the one that was named last first.
	databases []knownDatabase
	// restoredAfter is a constant but for an Option.
	restoredAfter time.Duration
}

type clusterHistory struct {
	// index is the highest that was seen.
	index int
	// behindFirst and behindLast are when the leader was first and last seen to be behind that, zero
	// while it isn't.
	behindFirst, behindLast time.Time
	// epoch is what the cluster is called since it was restored from older files, empty if it never was.
	epoch string
}

// knownDatabase is a database with all names that it was seen by.
type knownDatabase struct {
	names    ovn.Names
	epoch    string // of its cluster
	identity string
}

func newHistory() *history {
	return &history{clusters: map[string]*clusterHistory{}, restoredAfter: restoredAfter}
}

// reject says why a server in that state isn't to be listened to; nil lets it be heard.
// The history remembers how far the server is. A leader has all that its cluster ever agreed
// on; one that stays behind shows that the cluster lost something, and is accepted in
// the end as another database, or as soon as its index is no longer behind.
func (h *history) reject(s *ovn.ServerState) error {
	if !s.Connected {
		if s.Model == ovn.ModelRelay {
			return errors.New("the relay has no connection to the database that it relays")
		}
		return errors.New("the server is cut off from its cluster")
	}
	if s.Cluster == nil || s.Index == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c, index := h.cluster(*s.Cluster), *s.Index
	restored := c.behindLast.Sub(c.behindFirst) >= overtakenAfter
	if index < c.index {
		problem := fmt.Sprintf("the server is behind what was seen already (index %d, seen %d)", index, c.index)
		if !s.Leader {
			return errors.New(problem)
		}
		if wait := h.restoredAfter - c.behindFor(time.Now()); wait > 0 {
			return fmt.Errorf("%s; it leads the cluster: if that was restored from older files, it is accepted in %v as another database",
				problem, wait.Round(time.Second))
		}
		restored = true
	}
	if restored {
		c.epoch = fmt.Sprintf("%s restored at %d", *s.Cluster, index)
	}
	c.behindFirst, c.behindLast, c.index = time.Time{}, time.Time{}, index
	return nil
}

func (h *history) cluster(id string) *clusterHistory {
	c := h.clusters[id]
	if c == nil {
		if len(h.clusters) >= maxClusters { // which of them were restored is kept
			maps.DeleteFunc(h.clusters, func(_ string, c *clusterHistory) bool { return c.epoch == "" })
		}
		c = &clusterHistory{}
		h.clusters[id] = c
	}
	return c
}

// behindFor takes note that the cluster's leader is behind, and gives for how long it has been.
func (c *clusterHistory) behindFor(now time.Time) time.Duration {
	if now.Sub(c.behindLast) > unseenMost {
		c.behindFirst = now
	}
	c.behindLast = now
	return now.Sub(c.behindFirst)
}

// identity names a database: by its cluster's id, else by its SB_Global row. A database that goes by
// other names later, as the same one does through a relay or when it is made a clustered one
// (Names.Same), keeps its identity, unless it is a cluster that was restored from older files in this run: that is
// another database. What a relay shows of a cluster can't be told to be older, for a relay tells no index.
func (h *history) identity(n ovn.Names) string {
	if n == (ovn.Names{}) {
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	d := knownDatabase{names: n}
	if c := h.clusters[n.Cluster]; c != nil {
		d.epoch = c.epoch
	}
	if i := slices.IndexFunc(h.databases, d.same); i >= 0 {
		known := h.databases[i]
		d = knownDatabase{names: n.Or(known.names), epoch: cmp.Or(d.epoch, known.epoch), identity: known.identity}
		h.databases = slices.Delete(h.databases, i, i+1)
	} else {
		d.identity = cmp.Or(d.epoch, n.Cluster, n.Global)
		if slices.ContainsFunc(h.databases, func(k knownDatabase) bool { return k.identity == d.identity }) {
			d.identity = n.String()
		}
	}
	h.databases = slices.Insert(h.databases, 0, d)
	h.databases = h.databases[:min(len(h.databases), 2*maxClusters)]
	return d.identity
}

// same reports whether a known database is this one. Only its cluster tells its epoch.
func (d knownDatabase) same(known knownDatabase) bool {
	return d.names.Same(known.names) && (d.names.Cluster == "" || d.epoch == known.epoch)
}
