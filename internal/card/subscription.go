package card

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/representord/representord/internal/retry"
)

// Counters count what happened since the Watcher was made.
type Counters struct {
	// Ports are those of devlink, Links those of rtnetlink.
	Ports, Links SourceCounters
}

// SourceCounters are the counters of one source.
type SourceCounters struct {
	// Reads counts full dumps that were asked for, Failures those that failed.
	Reads, Failures uint64
	// Interrupted counts dumps that the kernel said were not consistent, and that
	// were repeated (NLM_F_DUMP_INTR).
	Interrupted uint64
	// Malformed counts ports or netdevs that were left out of dumps.
	Malformed uint64
	// Events counts notifications that mattered; Overruns those times that the
	// kernel dropped some (ENOBUFS); Unheard those times that the subscription broke
	// or could not be had.
	Events, Overruns, Unheard uint64
}

// Failed reads are tried again, first soon and then every few seconds.
const (
	retryFirst = 250 * time.Millisecond
	retryMost  = 5 * time.Second
	// unheard is how often a source is read while its notifications can't be had.
	unheard = 5 * time.Second
)

// subscription is to what a source notifies of. It counts the reads of that source.
type subscription struct {
	events listener
	audit  time.Duration
	pauses retry.Growing

	mu    sync.Mutex
	reads SourceCounters // of these, what reads tell
}

// after counts a read, and tells how soon the next must follow if nothing is notified of.
func (s *subscription) after(ctx context.Context, r reading) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads.Reads++
	s.reads.Malformed += uint64(r.leftOut)
	if r.err != nil {
		s.reads.Failures++
	}
	switch {
	case errors.Is(r.err, os.ErrNotExist): // no devlink
		return retryMost
	case r.err != nil:
		return s.pauses.Next()
	}
	s.pauses.Reset()
	if !s.events.Status().Joined {
		return min(s.audit, unheard)
	}
	return s.audit
}

func (s *subscription) counters(interrupted uint64) SourceCounters {
	s.mu.Lock()
	c := s.reads
	s.mu.Unlock()
	heard := s.events.Status()
	c.Interrupted, c.Events, c.Overruns, c.Unheard = interrupted, heard.Events, heard.Overruns, heard.Failures
	return c
}
