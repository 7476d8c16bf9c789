package plug

import (
	"slices"
	"time"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/retry"
)

// doubtPause is the least time between questions that got no answer, while each is
// about ports that the one before wasn't about.
const doubtPause = time.Second

// questions is the pace of questions to the Southbound that get no answer. They are
// asked ever less often, unless something is new: another connection, which may well
// answer, or another port, whose removal somebody waits for.
type questions struct {
	backoff  retry.Backoff
	failed   time.Time // the last question
	endpoint string    // who it was put to
	since    time.Time // and since when that was connected
	ports    []string  // what it was about, in order
}

// due reports whether these ports may be asked about now.
func (q *questions) due(now time.Time, v ovn.View, ports []string) bool {
	if v.Endpoint != q.endpoint || !v.Since.Equal(q.since) {
		*q = questions{endpoint: v.Endpoint, since: v.Since}
	}
	known := func(port string) bool {
		_, found := slices.BinarySearch(q.ports, port)
		return found
	}
	if !q.failed.IsZero() && slices.ContainsFunc(ports, func(p string) bool { return !known(p) }) {
		q.note(ports)
		q.backoff = retry.Backoff{}
		q.backoff.Wait(q.failed.Add(doubtPause))
	}
	return q.backoff.Next(now).IsZero()
}

func (q *questions) note(ports []string) { q.ports = slices.Sorted(slices.Values(ports)) }

// fail takes note of a question that got no answer.
func (q *questions) fail(now time.Time, ports []string, err error) {
	q.backoff.Fail(now, err)
	q.failed = now
	q.note(ports)
}

// answered forgets all that failed.
func (q *questions) answered() { *q = questions{endpoint: q.endpoint, since: q.since} }
