//go:build vm

package chaos

import (
	"testing"
	"time"
)

// The seed, the time and the world are those of `make chaos SEED= MINUTES= WORLD=`.
func TestChaos(t *testing.T) {
	chaos(t, setting(t, "CHAOS_SEED", 1), time.Duration(setting(t, "CHAOS_SECONDS", 30))*time.Second, chosen(t))
}
