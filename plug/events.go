package plug

import (
	"slices"
	"sync"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// eventsMost is how many changes of state are remembered.
const eventsMost = 1000

// Event is a change of a logical port's state, or of the code of its reason.
type Event struct {
	// Number counts the events since the start, from 1 on.
	Number      uint64    `json:"number"`
	At          time.Time `json:"at"`
	LogicalPort string    `json:"logical-port"`
	// From is empty for a port that is new, To for one that is gone.
	From   plan.State `json:"from,omitempty"`
	To     plan.State `json:"to,omitempty"`
	Netdev string     `json:"netdev,omitempty"`
	// Reason is why it is in To, or gone; nil for Plugged.
	Reason *reason.Reason `json:"reason,omitempty"`
}

// ring holds the last events. Its zero value is ready.
type ring struct {
	mu     sync.Mutex
	last   uint64
	events []Event // oldest first
}

// add numbers an event and remembers it instead of the oldest.
func (r *ring) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	e.Number = r.last
	r.events = append(r.events[max(len(r.events)-eventsMost+1, 0):], e)
}

// after gives the events with a larger number, oldest first, as far as they are
// remembered.
func (r *ring) after(number uint64) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	if number >= r.last {
		return nil
	}
	n := min(r.last-number, uint64(len(r.events)))
	return slices.Clone(r.events[uint64(len(r.events))-n:])
}

// Events gives the changes of state with a number larger than the one given, oldest
// first: all of the last thousand for 0. It never blocks on a pass.
func (r *Reconciler) Events(after uint64) []Event { return r.events.after(after) }
