package main

import (
	"maps"
	"slices"
	"time"

	"github.com/representord/representord/internal/lockfile"
	"github.com/representord/representord/ovs"
)

// leftPatience is how long it is waited for the lock of a bridge that was ours. Another
// daemon that follows the same setting gives the bridge back within seconds; who has it for
// longer keeps it, and the rows on it are theirs.
const leftPatience = time.Minute

// leftBridge is a bridge that was ours in this run, or that we stood by for, and still has
// rows of ours. What is on it moves to the present bridge, and only while nobody else can
// keep the one that was: with the locks of both.
type leftBridge struct {
	lock  *lockfile.Lock // nil while we don't have it
	tried time.Time      // since when we try to have it, zero for not yet
}

func (l *leftBridge) release() {
	l.lock.Release()
	*l = leftBridge{}
}

// leaveFor takes note that what was our bridge until now isn't any more, if the present one is
// another. That counts for whoever stood by, too: the one that had the bridge may be slower
// to take the present one. The lock of that, if it was ours before, is free to be taken.
func (k *keeper) leaveFor(present string) {
	if l := k.left[present]; l != nil {
		l.release()
		delete(k.left, present)
	}
	if old := k.Identity(); old != nil && old.Bridge != "" && old.Bridge != present && k.left[old.Bridge] == nil {
		k.left[old.Bridge] = &leftBridge{}
	}
}

// clearLeft looks after the bridges that were ours, while t is the tenure of the present
// one, nil for none. It reports whether it waits for a lock.
func (k *keeper) clearLeft(local ovs.View, t *tenure) (waits bool) {
	if k.DryRun || len(k.left) == 0 {
		return false
	}
	var held []string
	for _, bridge := range slices.Sorted(maps.Keys(k.left)) {
		l := k.left[bridge]
		switch {
		case t == nil:
			l.release() // whoever has our bridge may be about to move there
		case bridge == t.bridge || local.Complete && !hasRowsOfOurs(local, bridge):
			l.release()
			delete(k.left, bridge)
		case l.lock == nil:
			waits = k.lockLeft(bridge, l) || waits
		}
		if l.lock != nil {
			held = append(held, bridge)
		}
	}
	if !slices.Equal(held, k.movesFrom) {
		k.movesFrom = held
		k.Reconciler.Left(held)
	}
	return waits
}

// lockLeft takes the lock of a bridge that was ours, and reports whether it waits for it.
func (k *keeper) lockLeft(bridge string, l *leftBridge) (waits bool) {
	if l.tried.IsZero() {
		l.tried = time.Now()
	}
	lock, err := acquire(k.Config.RunDir, bridge)
	switch {
	case err == nil:
		k.Log.Info("rows on the former integration bridge move to the present one", "bridge", bridge)
		l.lock = lock
	case time.Since(l.tried) < leftPatience:
		return true
	default:
		k.Log.Warn("rows on the former integration bridge stay there", "bridge", bridge, "why", err)
		delete(k.left, bridge)
	}
	return false
}

// hasRowsOfOurs reports whether a bridge has a row with our marks.
func hasRowsOfOurs(v ovs.View, bridge string) bool {
	for _, i := range v.Interfaces {
		if i.Marked && i.Bridge == bridge {
			return true
		}
	}
	return false
}
