package main

import (
	"maps"
	"slices"

	"github.com/representord/representord/lockfile"
	"github.com/representord/representord/ovs"
)

// left are the bridges that were ours in this run and still have rows of ours, each with its
// lock while we have that, else nil. What is on them moves to the present bridge, and only
// while nobody else can keep the one that was: with the locks of both.
type left map[string]*lockfile.Lock

// leave takes note that a bridge isn't ours any more.
func (k *keeper) leave(bridge string) {
	if k.left == nil {
		k.left = left{}
	}
	k.left[bridge] = nil
}

// clearLeft looks after the bridges that were ours, while t is the tenure of the present
// one, nil for none.
func (k *keeper) clearLeft(local ovs.View, t *tenure) {
	if k.dryRun || len(k.left) == 0 {
		return
	}
	var held []string
	for _, bridge := range slices.Sorted(maps.Keys(k.left)) {
		switch {
		case t == nil:
			k.left[bridge].Release() // whoever has our bridge may be about to move there
			k.left[bridge] = nil
		case bridge == t.bridge || local.Complete && !hasRowsOfOurs(local, bridge):
			k.left[bridge].Release()
			delete(k.left, bridge)
		case k.left[bridge] == nil:
			k.left[bridge] = k.lockLeft(bridge)
		}
		if k.left[bridge] != nil {
			held = append(held, bridge)
		}
	}
	if !slices.Equal(held, k.movesFrom) {
		k.movesFrom = held
		k.Reconciler.Left(held)
	}
}

// lockLeft takes the lock of a bridge that was ours. Who has it otherwise keeps the bridge
// now, and the rows on it are theirs.
func (k *keeper) lockLeft(bridge string) *lockfile.Lock {
	l, err := acquire(k.Config.RunDir, bridge)
	if err != nil {
		k.Log.Warn("what is on the bridge that was ours stays there", "bridge", bridge, "why", err)
		delete(k.left, bridge)
		return nil
	}
	k.Log.Info("what is on the bridge that was ours moves to the present one", "bridge", bridge)
	return l
}

func (k *keeper) releaseLeft() {
	for _, l := range k.left {
		l.Release()
	}
	k.left = nil
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
