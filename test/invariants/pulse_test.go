package invariants

import (
	"slices"
	"testing"
	"time"
)

func TestPulse_NotesWhenNothingRan(t *testing.T) {
	p := &Pulse{last: at(0)}
	for _, seconds := range []float64{0.02, 0.04, 0.2, 3, 3.02, 2.9, 3.04} {
		p.feel(at(seconds))
	}
	if want := []Span{{From: at(0.2), To: at(3)}}; !slices.Equal(p.stalls, want) {
		t.Errorf("stalls %v, want %v", p.stalls, want)
	}
}

func TestPulse_TheTimeInWhichNothingRanIsNobodysFault(t *testing.T) {
	p := NewPulse()
	p.Close()
	p.stalls = []Span{{From: at(1), To: at(9)}}
	truth := Truth{Lag: time.Second}.Stalled(p)
	if d := running(at(0), at(10), truth.Stalls); d != 2*time.Second || p.Ran(at(0), at(10)) != d {
		t.Errorf("%v ran, want 2s", d)
	}
	if d := running(at(0), at(10), truth.LocalStalls); d != 2*time.Second {
		t.Errorf("%v ran, want 2s", d)
	}
}
