package ovs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/reason"
)

// ErrLocked is an error of Apply: another representord writes to the bridge, and nothing
// was done. It has the lock in the database, which knows nothing of run directories: two
// daemons of one machine, a container's and the host's, may each have their own.
var ErrLocked = errors.New("another representord writes to this bridge, from another run directory or a container: stop one of the two")

// lockFor is the name of the lock of a bridge in the database. An <id> has letters,
// digits and underscores only (RFC 7047 section 3.1).
func lockFor(bridge string) string {
	return "representord_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, bridge)
}

// lock is what a connection was asked to lock.
type lock struct {
	conn *dbconn.Conn
	name string
}

// own makes sure that a connection has the lock of the bridge. It is asked for when
// something is to be written for the first time, so that whoever only reads needs none. For
// another bridge another connection is made: so the lock of the one before is given back.
func (s *Switch) own(ctx context.Context, c *dbconn.Conn, bridge string) error {
	want := lock{conn: c, name: lockFor(bridge)}
	s.mu.Lock()
	have := s.lock
	s.lock = want
	s.mu.Unlock()
	switch {
	case have == want:
	case have.conn == c:
		c.Close()
		return fmt.Errorf("%w: connecting anew, for the lock of bridge %s", ErrNotConnected, reason.Quote(bridge))
	default:
		if err := c.Lock(ctx, want.name); err != nil {
			c.Close() // nobody knows whether it was asked, and it can't be asked twice
			return fmt.Errorf("%w: the lock of bridge %s: %w", ErrNotConnected, reason.Quote(bridge), err)
		}
	}
	switch {
	case c.Locked(want.name):
		return nil
	case c.Err() != nil: // the lock went with it
		return fmt.Errorf("%w: %w", ErrNotConnected, c.Err())
	}
	return ErrLocked
}

// GiveBack gives back the lock of the bridge that was written to last, so that somebody else
// may write: the connection that has it is ended, and another one made. It must not run
// beside Apply, which asks for the lock again.
func (s *Switch) GiveBack() {
	s.mu.Lock()
	c := s.lock.conn
	s.lock = lock{}
	s.mu.Unlock()
	if c != nil {
		c.Close()
	}
}

// ownLeft makes sure, for as long as rows are taken from bridges that were ours, that a
// connection has their locks as well: nobody else keeps such a bridge now. It gives the
// error of each whose lock can't be had, and what gives the locks back.
func ownLeft(ctx context.Context, c *dbconn.Conn, present string, bridges []string) (failed map[string]error, giveBack func()) {
	failed = map[string]error{}
	var asked []string
	for _, b := range bridges {
		name := lockFor(b)
		if name == lockFor(present) || slices.Contains(asked, name) {
			continue // names that differ in other characters than a lock's name has
		}
		asked = append(asked, name)
		switch err := c.Lock(ctx, name); {
		case err != nil:
			failed[b] = fmt.Errorf("%w: the lock of bridge %s: %w", ErrNotConnected, reason.Quote(b), err)
		case !c.Locked(name):
			failed[b] = fmt.Errorf("bridge %s: %w", reason.Quote(b), ErrLocked)
		}
	}
	return failed, func() {
		for _, name := range asked {
			if c.Unlock(ctx, name) != nil {
				c.Close() // nobody knows whether it is given back
				return
			}
		}
	}
}
