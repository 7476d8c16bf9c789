package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/representord/representord/plug"
)

// buckets are in seconds: from what a plug takes when nothing is in its way, to how
// long somebody waits for a VF that the hypervisor is yet to make.
func buckets() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}
}

// Timings counts how long the steps of the flow take.
type Timings struct {
	steps     *prometheus.HistogramVec
	pass      prometheus.Histogram
	observers map[plug.Step]prometheus.Observer
}

// NewTimings returns Timings that have counted nothing yet.
func NewTimings() *Timings {
	t := &Timings{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: stepDuration, Help: help(stepDuration), Buckets: buckets()},
			[]string{"step"}),
		pass:      prometheus.NewHistogram(prometheus.HistogramOpts{Name: passDuration, Help: help(passDuration), Buckets: buckets()}),
		observers: map[plug.Step]prometheus.Observer{},
	}
	for _, step := range plug.Steps() {
		if step == plug.StepPass {
			t.observers[step] = t.pass
		} else {
			t.observers[step] = t.steps.WithLabelValues(string(step))
		}
	}
	return t
}

// Took counts one step. It is safe for concurrent use, and never blocks.
func (t *Timings) Took(step plug.Step, d time.Duration) {
	if h, ok := t.observers[step]; ok {
		h.Observe(d.Seconds())
	}
}
