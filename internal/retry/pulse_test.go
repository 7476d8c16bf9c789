package retry

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPulse_TellsTheLongestTimeThatTheProcessStoodStill(t *testing.T) {
	began := time.Now()
	for name, tt := range map[string]struct {
		beats []time.Duration // since it began
		now   time.Duration
		want  time.Duration
	}{
		"it runs": {beats: []time.Duration{beatEvery, 2 * beatEvery}, now: 2*beatEvery + 50*time.Millisecond},
		"it was stopped between two beats": {
			beats: []time.Duration{beatEvery, 3 * time.Second}, now: 4 * time.Second, want: 2800 * time.Millisecond,
		},
		"it was stopped since the last beat": {beats: []time.Duration{beatEvery}, now: 5 * time.Second, want: 4800 * time.Millisecond},
		"it was stopped at once":             {now: time.Second, want: 900 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Pulse{last: began}
			for _, at := range tt.beats {
				p.beat(began.Add(at))
			}
			if got := p.Stood(began.Add(tt.now)); got != tt.want {
				t.Errorf("stood still for %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPulse_BeatsUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p, ran := NewPulse(), make(chan struct{})
		go func() { p.Run(ctx); close(ran) }()
		Pause(10 * time.Second)
		if got := p.Stood(time.Now()); got > beatEvery {
			t.Errorf("a process that runs stood still for %v", got)
		}
		cancel()
		<-ran
	})
}
