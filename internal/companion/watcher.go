package companion

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/representord/representord/internal/retry"
)

const (
	// pace is how often a companion is asked.
	pace = 5 * time.Second
	// watchPatience bounds one look. The main loop of either may be busy for seconds.
	watchPatience = 5 * time.Second
)

// Watcher asks companions again and again, slowly, and waits for none of them on anybody's
// behalf.
type Watcher struct {
	searches []Search
	log      *slog.Logger
	look     func(context.Context, Search, lines) Sight
	seen     []atomic.Pointer[Sight] // of each search
}

// NewWatcher returns a Watcher that has not looked yet.
func NewWatcher(searches []Search, log *slog.Logger) *Watcher {
	w := &Watcher{
		searches: searches, log: log, seen: make([]atomic.Pointer[Sight], len(searches)),
		look: func(ctx context.Context, s Search, l lines) Sight { return s.look(ctx, watchPatience, l) },
	}
	for i, s := range searches {
		w.seen[i].Store(&Sight{Name: s.Name, State: Unknown, Since: time.Now(), Why: "not looked for yet"})
	}
	return w
}

// Sights gives what was seen last of each, in the order of the searches. It never blocks.
func (w *Watcher) Sights() []Sight {
	all := make([]Sight, 0, len(w.seen))
	for i := range w.seen {
		all = append(all, *w.seen[i].Load())
	}
	return all
}

// Run looks until the context is done, and returns nil then.
func (w *Watcher) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for i := range w.searches {
		group.Go(func() { w.watch(ctx, i) })
	}
	group.Wait()
	return nil
}

func (w *Watcher) watch(ctx context.Context, i int) {
	waiting := lines{}
	defer waiting.retain(nil)
	retry.Loop(ctx, nil, func() time.Duration {
		began := time.Now()
		if seen := w.look(ctx, w.searches[i], waiting); ctx.Err() == nil {
			w.note(i, seen)
		}
		return max(pace-time.Since(began), 0)
	})
}

// note takes what was seen, and says when it is something else than before. One that
// answered, and of which there is no trace now, has ended in its own way, in which it takes
// its files along.
func (w *Watcher) note(i int, seen Sight) {
	old := w.seen[i].Load()
	if seen.traceless && (old.State == Answers || old.State == Silent || old.State == Gone) {
		seen.State = Gone
		if old.Socket != "" {
			seen.Socket, seen.Why = old.Socket, "it has ended: it answered on "+old.Socket+", which is there no more"
		}
	}
	seen.Since = old.Since
	if seen.State != old.State {
		seen.Since = time.Now()
	}
	w.seen[i].Store(&seen)
	if seen.Providers == Registered && old.Providers != Registered {
		w.log.Warn("a plug provider is registered in ovn-controller, and plugs as well; what to do: representorctl doctor",
			"companion", seen.Name, "pid", seen.PID)
	}
	if seen.State == old.State {
		return
	}
	switch seen.State {
	case Answers:
		w.log.Info("companion answers", "companion", seen.Name, "pid", seen.PID, "version", seen.Version)
	case Silent, Gone:
		w.log.Warn("companion doesn't answer", "companion", seen.Name, "state", string(seen.State), "why", seen.Why)
	case Unknown:
		w.log.Info("companion's state can't be told", "companion", seen.Name, "why", seen.Why)
	}
}
