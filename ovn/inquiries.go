package ovn

import (
	"context"
	"errors"
	"sync"
	"time"
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

	mu     sync.Mutex
	due    time.Time            // of the next one, if there were no burst
	absent map[string]time.Time // ports that were not there, and when
}

func newInquiries() *inquiries {
	return &inquiries{turn: make(chan struct{}, 1), absent: map[string]time.Time{}}
}

// begin waits for its turn. The error is ErrTooOften when ctx ends before that.
func (q *inquiries) begin(ctx context.Context) error {
	wait := time.NewTimer(q.slot(time.Now()))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return ErrTooOften
	}
	select {
	case q.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ErrTooOften
	}
}

// slot takes the next time at which an inquiry may be made, and gives how far off it is.
func (q *inquiries) slot(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if earliest := now.Add(-inquiryBurst * inquiryEvery); q.due.Before(earliest) {
		q.due = earliest
	}
	q.due = q.due.Add(inquiryEvery)
	return max(q.due.Sub(now), 0)
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
