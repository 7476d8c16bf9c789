package ovn

import (
	"testing"
	"time"
)

func TestPausesGrowToTheirBoundAndAreJittered(t *testing.T) {
	var b backoff
	limit := firstBackoff
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := b.next()
		seen[d] = true
		if d < limit/2 || d > limit {
			t.Fatalf("a pause of %v, want %v to %v", d, limit/2, limit)
		}
		limit = min(2*limit, maxBackoff)
	}
	if len(seen) < 900 {
		t.Errorf("pauses are not jittered: %d of 1000 differ", len(seen))
	}
	b.reset()
	if d := b.next(); d > firstBackoff {
		t.Errorf("after a reset: a pause of %v", d)
	}
}
