package retry

import (
	"maps"
	"time"
)

// Keyed holds back things by key, each by itself. The zero Keyed holds nothing back. It is given
// the clock, and is for one goroutine.
type Keyed[K comparable] struct {
	all map[K]*Backoff
}

// Due is when the thing may go ahead, zero for now.
func (k *Keyed[K]) Due(now time.Time, key K) time.Time { return k.look(key).Next(now) }

// Failed is why it failed last, nil if it did not.
func (k *Keyed[K]) Failed(key K) error { return k.look(key).Failed() }

// Failures is how often in a row it failed.
func (k *Keyed[K]) Failures(key K) int { return k.look(key).Failures() }

// Wait is Backoff.Wait.
func (k *Keyed[K]) Wait(key K, until time.Time) { k.of(key).Wait(until) }

// Fail is Backoff.Fail.
func (k *Keyed[K]) Fail(now time.Time, key K, err error) { k.of(key).Fail(now, err) }

// Succeed is Backoff.Succeed.
func (k *Keyed[K]) Succeed(now time.Time, key K, most int) { k.of(key).Succeed(now, most) }

// look gives what is remembered, or what nothing is remembered of.
func (k *Keyed[K]) look(key K) *Backoff {
	if b := k.all[key]; b != nil {
		return b
	}
	return &Backoff{}
}

// of gives what is remembered, and remembers it from now on.
func (k *Keyed[K]) of(key K) *Backoff {
	if k.all == nil {
		k.all = map[K]*Backoff{}
	}
	b := k.look(key)
	k.all[key] = b
	return b
}

// Forget forgets one.
func (k *Keyed[K]) Forget(key K) { delete(k.all, key) }

// Only forgets what failed, but for what is wanted still.
func (k *Keyed[K]) Only(wanted func(K) bool) {
	maps.DeleteFunc(k.all, func(key K, b *Backoff) bool { return b.Failures() > 0 && !wanted(key) })
}

// Len is of how many there is something to remember.
func (k *Keyed[K]) Len() int { return len(k.all) }

// Prune forgets those of which there is nothing to remember, so that memory stays bounded: a
// failure is remembered while it is wanted.
func (k *Keyed[K]) Prune(now time.Time, wanted func(K) bool) {
	maps.DeleteFunc(k.all, func(key K, b *Backoff) bool { return (b.Failures() == 0 || !wanted(key)) && b.Idle(now) })
}

// Next is the earliest time at which something held back may go ahead, zero without any.
func (k *Keyed[K]) Next(now time.Time) time.Time {
	var first time.Time
	for _, b := range k.all {
		first = Earliest(first, b.Next(now))
	}
	return first
}

// Earliest is the first of some moments, any of which may be none at all.
func Earliest(moments ...time.Time) time.Time {
	var first time.Time
	for _, t := range moments {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
