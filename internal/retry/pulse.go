package retry

import (
	"context"
	"sync"
	"time"
)

// beatEvery is how exact a Pulse is.
const beatEvery = 100 * time.Millisecond

// Pulse tells for how long this process stood still: it was stopped, or got no CPU.
type Pulse struct {
	mu      sync.Mutex
	last    time.Time
	longest time.Duration
}

// NewPulse returns a Pulse that begins now, and that somebody must Run.
func NewPulse() *Pulse { return &Pulse{last: time.Now()} }

// Run beats until ctx ends. What is waited for between beats counts as standing still from its
// second tenth of a second on.
func (p *Pulse) Run(ctx context.Context) {
	for Sleep(ctx, beatEvery) {
		p.beat(time.Now())
	}
}

// beat takes note that the process runs.
func (p *Pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.longest, p.last = max(p.longest, now.Sub(p.last)-beatEvery), now
}

// Stood is the longest time that the process stood still since the Pulse began, until now, to 0.1 s.
func (p *Pulse) Stood(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.longest, now.Sub(p.last)-beatEvery)
}
