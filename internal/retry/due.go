package retry

import "time"

// Due is when something must be done again, if nothing has it done sooner. A zero Due has come. It is
// for one goroutine.
type Due struct {
	at time.Time
}

// In sets the time, as long from now.
func (d *Due) In(wait time.Duration) { d.at = time.Now().Add(wait) }

// Left is how long it is until then, 0 once that has come.
func (d *Due) Left() time.Duration { return max(time.Until(d.at), 0) }
