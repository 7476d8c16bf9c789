package card

import (
	"sync/atomic"
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

// counts are the counters that the readers keep.
type counts struct {
	reads, failures, malformed atomic.Uint64
}

func (c *counts) with(interrupted uint64, events listener) SourceCounters {
	s := events.Status()
	return SourceCounters{
		Reads:       c.reads.Load(),
		Failures:    c.failures.Load(),
		Interrupted: interrupted,
		Malformed:   c.malformed.Load(),
		Events:      s.Events,
		Overruns:    s.Overruns,
		Unheard:     s.Failures,
	}
}
