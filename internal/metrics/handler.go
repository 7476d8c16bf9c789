package metrics

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"golang.org/x/sync/semaphore"
)

// maxScrapes is how many scrapes may be under way at a time. Each makes all metrics anew, and
// whoever reaches metrics-listen may ask for them.
const maxScrapes = 4

// Handler answers scrapes, a few at a time.
type Handler struct {
	registry *prometheus.Registry
	log      *slog.Logger
	scrapes  *semaphore.Weighted
}

// New returns a Handler that asks for a snapshot at each scrape. The function must
// not block, and is called from many goroutines. An error means that the metrics
// contradict each other.
func New(snapshot func() Snapshot, timings *Timings, log *slog.Logger) (*Handler, error) {
	return newHandler(&collector{snapshot: snapshot, now: time.Now, process: process}, timings, log)
}

func newHandler(c *collector, timings *Timings, log *slog.Logger) (*Handler, error) {
	c.families = families()
	h := &Handler{registry: prometheus.NewRegistry(), log: log, scrapes: semaphore.NewWeighted(maxScrapes)}
	for _, x := range []prometheus.Collector{c, timings.steps, timings.pass} {
		if err := h.registry.Register(x); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return h, nil
}

// ServeHTTP answers with the text format, version 0.0.4, which every Prometheus
// reads; with 503 and Retry-After when too many are under way.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metrics are only read: GET", http.StatusMethodNotAllowed)
		return
	}
	if !h.scrapes.TryAcquire(1) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many scrapes at the same time; try again in a second", http.StatusServiceUnavailable)
		return
	}
	body, err := h.text()
	h.scrapes.Release(1) // whoever reads slowly keeps nobody else from scraping
	if err != nil {
		h.log.Error("metrics can't be made", "error", err)
		http.Error(w, "metrics can't be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(expfmt.NewFormat(expfmt.TypeTextPlain)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write(body); err != nil {
		h.log.Debug("metrics not delivered", "error", err)
	}
}

func (h *Handler) text() ([]byte, error) {
	families, err := h.registry.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
