package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/representord/representord/plug"
)

// histogram is a listed metric with buckets in seconds: from what a plug takes when nothing is in
// its way, to how long somebody waits for a VF that the hypervisor is yet to make.
func histogram(name string) prometheus.HistogramOpts {
	opts := prometheus.HistogramOpts{
		Name: name, Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300},
	}
	for _, x := range All() {
		if x.Name == name {
			opts.Help = x.Help
		}
	}
	return opts
}

// Timings counts how long the steps of the flow take.
type Timings struct {
	steps *prometheus.HistogramVec
	pass  prometheus.Histogram
}

// NewTimings returns Timings that have counted nothing yet.
func NewTimings() *Timings {
	t := &Timings{
		steps: prometheus.NewHistogramVec(histogram(stepDuration), []string{"step"}),
		pass:  prometheus.NewHistogram(histogram(passDuration)),
	}
	for _, step := range plug.Steps() { // each is shown from the start
		t.of(step)
	}
	return t
}

// Took counts one step. It is safe for concurrent use, and never blocks.
func (t *Timings) Took(step plug.Step, d time.Duration) { t.of(step).Observe(d.Seconds()) }

func (t *Timings) of(step plug.Step) prometheus.Observer {
	if step == plug.StepPass {
		return t.pass
	}
	return t.steps.WithLabelValues(string(step))
}
