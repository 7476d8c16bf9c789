package plug

import (
	"time"

	"github.com/representord/representord/internal/retry"
)

const (
	// paceChanges is how many changes for one logical port are made in a retry.Window: a
	// port whose row somebody keeps changing gets its row put back at that rate.
	paceChanges = 10
	reopenDelay = time.Second
)

// pace holds back changes for single ports. It is given the clock.
type pace struct {
	ports map[string]*retry.Backoff
}

// due is when the port may be changed again, zero for now.
func (c *pace) due(now time.Time, lport string) time.Time {
	if b := c.ports[lport]; b != nil {
		return b.Next(now)
	}
	return time.Time{}
}

// failure is why the last change for the port failed, nil if it did not.
func (c *pace) failure(lport string) error {
	if b := c.ports[lport]; b != nil {
		return b.Failed()
	}
	return nil
}

// failures is how often in a row changes for the port failed.
func (c *pace) failures(lport string) int {
	if b := c.ports[lport]; b != nil {
		return b.Failures()
	}
	return 0
}

func (c *pace) backoff(lport string) *retry.Backoff {
	if c.ports == nil {
		c.ports = map[string]*retry.Backoff{}
	}
	b := c.ports[lport]
	if b == nil {
		b = &retry.Backoff{}
		c.ports[lport] = b
	}
	return b
}

func (c *pace) fail(now time.Time, lport string, err error) { c.backoff(lport).Fail(now, err) }

func (c *pace) succeed(now time.Time, lport string) { c.backoff(lport).Succeed(now, paceChanges) }

// prune forgets ports with nothing to remember, so that memory stays bounded. A
// failure is remembered for as long as there is a change due.
func (c *pace) prune(now time.Time, due map[string]bool) {
	for name, b := range c.ports {
		if _, wanted := due[name]; (b.Failures() == 0 || !wanted) && b.Idle(now) {
			delete(c.ports, name)
		}
	}
}

// next is the earliest time at which something held back may go ahead.
func (c *pace) next(now time.Time) time.Time {
	var first time.Time
	for _, b := range c.ports {
		first = earliest(first, b.Next(now))
	}
	return first
}

// earliest is the first of two moments, either of which may be none at all.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
