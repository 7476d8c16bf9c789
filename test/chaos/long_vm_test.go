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

func TestChaos_ForHalfAnHour(t *testing.T) { chaos(t, today(t), 18*time.Minute, worlds()["small"]) }

func TestChaos_WithManyFunctions(t *testing.T) { chaos(t, today(t), 8*time.Minute, worlds()["big"]) }

func TestChaos_WithAClusteredSouthbound(t *testing.T) {
	chaos(t, today(t), 4*time.Minute, worlds()["cluster"])
}
