package main

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
)

// Ports matter more than who may look at them, and root must be able to look.
func TestSocket_AControlGroupThatThereIsNotIsSaidAndStopsNothing(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	c := startService(t, newFakeCard(cardWith(1)), h.flags("--control-group=no-such-group")...)
	s := await(t, c, "the daemon is active and answers us", func(s api.Status) bool {
		return s.Role == api.Active && s.Passes > 0 && len(s.Problems) > 0 &&
			strings.HasPrefix(s.Problems[len(s.Problems)-1], "control-group")
	})
	if why := s.Problems[len(s.Problems)-1]; !strings.Contains(why,
		`nobody but root may use the control socket: there is no group "no-such-group"; `) {
		t.Errorf("%q", why)
	}
}
