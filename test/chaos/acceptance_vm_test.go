//go:build vm

package chaos

import (
	"context"
	"time"
)

const (
	// noticing is how long representord may take to see that the Southbound is another database. A hold that begins later isn't
	// looked for.
	noticing = 20 * time.Second
	// lookEach is how often it is asked meanwhile. Once it holds removals it is asked whenever something is judged.
	lookEach = 250 * time.Millisecond
)

// accepted asks representord when it accepts the Southbound, zero where that isn't certain. What is judged by that must have been taken
// from the watch before: then the answer is younger.
func (r *run) accepted() time.Time {
	now, n := time.Now(), len(r.truth.Replaced)
	begins := n > 0 && now.Sub(r.truth.Replaced[n-1]) < r.hold+noticing && now.Sub(r.looked) >= lookEach
	if r.processes.daemon.left > 0 || r.processes.local.left > 0 || r.acceptance.at.IsZero() && !begins {
		return time.Time{}
	}
	r.looked = now
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
	defer cancel()
	status, err := r.dpu.Client.Status(ctx)
	if err != nil || r.watch.Sync(ctx) != nil {
		return time.Time{}
	}
	at := r.acceptance.heard(time.Now(), status)
	if time.Since(at) > unplugGrace { // what goes from now on had its grace
		r.acceptance = acceptance{}
	}
	return at
}
