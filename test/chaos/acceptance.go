package chaos

import (
	"slices"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
)

// acceptance follows when representord comes to accept a Southbound that is another database than before. Until then it holds
// every removal, and its status says so, with the end of that. It is zero where that isn't known.
type acceptance struct {
	daemon   time.Time // when the one that said so was started
	identity string    // of the Southbound
	at       time.Time
}

// heard takes note of a status, and gives when the Southbound that it shows was accepted, or will be; zero if that isn't certain.
// An end is certain if it was told before it came, and nothing else ended the hold: it is told still, or it is over, the daemon is the
// same and so is the Southbound, and nobody releases holds here. Whoever asks must have heard of all that was committed before.
func (a *acceptance) heard(now time.Time, s api.Status) time.Time {
	var told acceptance
	if i := slices.IndexFunc(s.Holds, func(h plug.Holding) bool { return h.Code == reason.CodeSouthboundReplaced }); i >= 0 {
		told = acceptance{daemon: s.Started, identity: s.Holds[i].Identity, at: s.Holds[i].Until}
	}
	same := a.daemon.Equal(s.Started) && a.identity == s.Southbound.Identity
	switch {
	case same && (told.at.IsZero() || told.at.Equal(a.at)):
	case told.at.After(now) && told.identity == s.Southbound.Identity:
		*a = told
	default:
		*a = acceptance{}
	}
	return a.at
}
