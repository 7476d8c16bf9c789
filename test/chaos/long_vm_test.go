//go:build vm && full

package chaos

import (
	"testing"
	"time"
)

func TestChaosForHalfAnHour(t *testing.T) {
	// Another seed every day, and none that nobody could repeat.
	chaos(t, setting(t, "CHAOS_SEED", uint64(time.Now().Unix()/86400)), 30*time.Minute)
}
