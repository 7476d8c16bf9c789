package invariants

import (
	"slices"
	"sync"
	"time"
)

const (
	// beat is how often a Pulse looks at the clock.
	beat = 20 * time.Millisecond
	// late is how much a beat may be late on a machine that is merely busy.
	late = 250 * time.Millisecond
)

// Pulse notes the times in which nothing ran here: the machine stood still, or gave its
// processors to others. Whoever is judged by the clock can have done nothing then.
type Pulse struct {
	stop chan struct{}
	done chan struct{}

	mu     sync.Mutex
	last   time.Time
	stalls []Span
}

// NewPulse begins to beat.
func NewPulse() *Pulse {
	p := &Pulse{stop: make(chan struct{}), done: make(chan struct{}), last: time.Now()}
	go func() {
		defer close(p.done)
		again := time.NewTicker(beat)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				p.feel(time.Now())
			case <-p.stop:
				return
			}
		}
	}()
	return p
}

// Close ends it. What was noted stays.
func (p *Pulse) Close() {
	close(p.stop)
	<-p.done
}

// feel notes a beat.
func (p *Pulse) feel(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.last) > late {
		p.stalls = append(p.stalls, Span{From: p.last, To: now})
	}
	if now.After(p.last) {
		p.last = now
	}
}

// Stalls are those so far, that which has just ended too.
func (p *Pulse) Stalls() []Span {
	select {
	case <-p.done:
	default:
		p.feel(time.Now())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.stalls)
}

// Ran is the time from one moment to another without the stalls.
func (p *Pulse) Ran(from, to time.Time) time.Duration { return running(from, to, p.Stalls()) }

// Stalled is the truth with the stalls of a machine, in which representord could do
// nothing at all.
func (t Truth) Stalled(by *Pulse) Truth {
	stalls := by.Stalls()
	t.Stalls = slices.Concat(t.Stalls, stalls)
	t.LocalStalls = slices.Concat(t.LocalStalls, stalls)
	return t
}
