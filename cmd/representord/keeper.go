package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/lockfile"
	"github.com/representord/representord/internal/retry"
)

// How often the keeper looks at what nobody tells it: whether the lock of a
// bridge has become free, and whether its own is still what it was.
const (
	standbyPoll = 250 * time.Millisecond
	lockPoll    = 5 * time.Second
)

// standing is what the keeper does at present, for others to show.
type standing struct {
	role api.Role
	// why says what keeps it from being active.
	why string
	// id is who we are, nil while that isn't known. It is not modified.
	id *config.Identity
}

// keeper runs the reconciler while we may change the bridge, and only then. Where the local
// database names another bridge, the one is given up before the other is taken.
type keeper struct {
	*agent.Agent
	// left are the bridges that were ours, by name, and movesFrom those of them that the
	// reconciler was told to move rows from. Both are the running round's.
	left      map[string]*leftBridge
	movesFrom []string

	standing atomic.Pointer[standing]
	// beats counts rounds, for the watchdog.
	beats atomic.Uint64
}

func newKeeper(a *agent.Agent) *keeper {
	k := &keeper{Agent: a, left: map[string]*leftBridge{}}
	k.standing.Store(&standing{role: api.Starting, why: notStarted})
	return k
}

// tenure is the time in which a bridge is ours.
type tenure struct {
	bridge string
	lock   *lockfile.Lock // nil in a dry run
	// stop ends the reconciler and the registrar, which are running; nil before they began.
	stop    context.CancelFunc
	running sync.WaitGroup
}

// run keeps the bridge until the context is done, and returns nil then.
func (k *keeper) run(ctx context.Context) error {
	var t *tenure
	defer func() {
		k.giveUp(t)
		for _, l := range k.left {
			l.release()
		}
	}()
	retry.Loop(ctx, k.Changed, func() time.Duration {
		t = k.round(ctx, t)
		waits := k.clearLeft(k.Local.View(), t)
		k.beats.Add(1)
		if t == nil || waits {
			return standbyPoll
		}
		return lockPoll
	})
	return nil
}

// round looks at everything and gives the tenure that holds from now on.
func (k *keeper) round(ctx context.Context, t *tenure) *tenure {
	local := k.Local.View()
	id, changed := k.Identify(local)
	if changed {
		if t != nil && t.bridge != id.Bridge {
			k.Log.Warn("integration bridge changed", "old", t.bridge, "new", id.Bridge)
			k.giveUp(t)
			t = nil
		}
		k.leaveFor(id.Bridge)
		k.Become(id)
	}
	if local.Complete {
		k.Configure(id, local.SSL)
	}
	if k.Identity() == nil {
		k.stand(api.Starting, "the local database: "+local.Problem)
		return nil
	}
	if k.Identity().Bridge == "" {
		k.stand(api.Starting, "external_ids:ovn-bridge is empty: there is no integration bridge")
		return nil
	}
	if t != nil && t.lock != nil && !t.lock.Intact() {
		k.Log.Error("the lock file was removed or replaced; the bridge is given up until it is locked again", "file", t.lock.Path())
		k.giveUp(t)
		t = nil
	}
	if t == nil {
		t = k.take(k.Identity().Bridge)
	}
	if t != nil {
		k.stand(api.Active, "")
	}
	// Until the switch follows a new bridge, a pass would change the old one, which isn't ours.
	if t != nil && t.stop == nil && k.Local.View().Bridge == t.bridge {
		k.start(ctx, t)
	}
	return t
}

// giveUp ends a tenure, if there is one. Whoever has the bridge next can write to it: its lock
// in the database, which knows nothing of lock files, is given back before that in the file.
func (k *keeper) giveUp(t *tenure) {
	if t == nil {
		return
	}
	if t.stop != nil {
		t.stop()
		t.running.Wait()
	}
	k.Local.GiveBack()
	t.lock.Release()
}

// take makes a bridge ours, nil if that can't be done now.
func (k *keeper) take(bridge string) *tenure {
	if k.DryRun {
		return &tenure{bridge: bridge}
	}
	l, err := acquire(k.Config.RunDir, bridge)
	switch {
	case errors.Is(err, errLocked):
		k.stand(api.Standby, err.Error())
		return nil
	case err != nil:
		k.stand(api.Starting, err.Error())
		return nil
	}
	return &tenure{bridge: bridge, lock: l}
}

// errLocked tells that another representord has the bridge.
var errLocked = errors.New("another representord has this bridge")

// lockPath is the file of a bridge. Names from the database may hold anything.
func lockPath(runDir, bridge string) string {
	return filepath.Join(runDir, url.PathEscape(bridge)+".lock")
}

// acquire takes the right to change a bridge: the lock on a file named after it.
// errLocked, with the holder's pid, if another process has it.
func acquire(runDir, bridge string) (*lockfile.Lock, error) {
	l, err := lockfile.Take(lockPath(runDir, bridge))
	if held, ok := errors.AsType[*lockfile.HeldError](err); ok {
		return nil, fmt.Errorf("%w: %w", errLocked, held)
	}
	if err != nil {
		return nil, fmt.Errorf("run-dir: %w", err)
	}
	return l, nil
}

// start lets the reconciler and the registrar run until the tenure ends.
func (k *keeper) start(ctx context.Context, t *tenure) {
	ctx, t.stop = context.WithCancel(ctx)
	// They have no errors but that of a context that is done.
	t.running.Go(func() { _ = k.Reconciler.Run(ctx) })
	t.running.Go(func() { _ = k.Registrar.Run(ctx) })
}

// notStarted is why a keeper that has not looked at anything doesn't keep the bridge.
const notStarted = "not started yet"

// stand notes what the keeper does, and logs it when that has changed.
func (k *keeper) stand(role api.Role, why string) {
	id := k.Identity()
	old := k.standing.Swap(&standing{role: role, why: why, id: id})
	if old.role == role && old.why == why {
		return
	}
	switch role {
	case api.Active:
		k.Log.Info("keeping the bridge", "bridge", id.Bridge)
	case api.Standby:
		k.Log.Warn("standing by", "bridge", id.Bridge, "why", why)
	case api.Starting, api.Offline:
		level := slog.LevelWarn
		if old.why == notStarted { // at every start there is something that isn't known yet
			level = slog.LevelInfo
		}
		k.Log.Log(context.Background(), level, "waiting", "why", why)
	}
}
