package agent

import (
	"testing"
	"time"
)

func TestAgent_AGraceThatIsSetToNoneIsNotTheReconcilersDefault(t *testing.T) {
	for setting, want := range map[time.Duration]time.Duration{0: -1, 7 * time.Second: 7 * time.Second} {
		if got := grace(setting); got != want {
			t.Errorf("a setting of %v gives %v, want %v", setting, got, want)
		}
	}
}
