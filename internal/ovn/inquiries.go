package ovn

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/representord/representord/internal/retry"
)

// ErrTooOften is an error of Inquire: so much is asked that the Southbound, which serves
// all chassis, would be kept busy. Ask again in a moment.
var ErrTooOften = errors.New("the Southbound is asked too often for an explanation; try again in a moment")

const (
	// inquiryEvery is the least time between two inquiries, on average; inquiryBurst are
	// made at once. Each may have the server look at every row of a table.
	inquiryEvery = 200 * time.Millisecond
	inquiryBurst = 20
	// absentFor is for how long a port that isn't there isn't looked for again. To find
	// nothing takes the server longest.
	absentFor  = 5 * time.Second
	absentMost = 1000
)

// inquiries is the pace of Inquire: one at a time, and a few a second.
type inquiries struct {
	turn chan struct{} // takes one
	due  time.Time     // of the last one, if there were no burst; for who has the turn

	mu     sync.Mutex
	absent map[string]time.Time // ports that were not there, and when
}

func newInquiries() *inquiries {
	return &inquiries{turn: make(chan struct{}, 1), absent: map[string]time.Time{}}
}

// begin waits for its turn, and then until an inquiry is due. The error is ErrTooOften when
// ctx ends before that. Who gives up has taken no time from the others: whoever asks and
// hangs up, again and again, would keep all others from asking.
func (q *inquiries) begin(ctx context.Context) error {
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		return ErrTooOften
	}
	if ctx.Err() == nil && q.await(ctx) {
		return nil
	}
	q.end()
	return ErrTooOften
}

// await waits until an inquiry is due, and reports whether ctx lasted. The caller has the
// turn, so nobody else changes due.
func (q *inquiries) await(ctx context.Context) bool {
	now := time.Now()
	if earliest := now.Add(-inquiryBurst * inquiryEvery); q.due.Before(earliest) {
		q.due = earliest
	}
	next := q.due.Add(inquiryEvery)
	if !retry.Sleep(ctx, max(next.Sub(now), 0)) {
		return false
	}
	q.due = next
	return true
}

func (q *inquiries) end() { <-q.turn }

// isAbsent reports whether a port was looked for in vain a moment ago.
func (q *inquiries) isAbsent(port string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, known := q.absent[port]
	return known && now.Sub(at) < absentFor
}

func (q *inquiries) wasAbsent(port string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.absent) >= absentMost {
		clear(q.absent)
	}
	q.absent[port] = now
}
