//go:build vm && full

package chaos

import (
	"testing"
	"time"
)

// Another seed every day, and none that nobody could repeat.
func today(t *testing.T) uint64 {
	t.Helper()
	return setting(t, "CHAOS_SEED", uint64(time.Now().Unix()/86400))
}

func TestChaosForHalfAnHour(t *testing.T) { chaos(t, today(t), 18*time.Minute, worlds()["small"]) }

func TestChaosWithManyFunctions(t *testing.T) { chaos(t, today(t), 8*time.Minute, worlds()["big"]) }

func TestChaosWithAClusteredSouthbound(t *testing.T) {
	chaos(t, today(t), 4*time.Minute, worlds()["cluster"])
}
