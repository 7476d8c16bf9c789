package metrics

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// Handler answers scrapes.
type Handler struct {
	registry *prometheus.Registry
	log      *slog.Logger
}

// New returns a Handler that asks for a snapshot at each scrape. The function must
// not block, and is called from many goroutines. An error means that the metrics
// contradict each other.
func New(snapshot func() Snapshot, timings *Timings, log *slog.Logger) (*Handler, error) {
	return newHandler(&collector{snapshot: snapshot, now: time.Now, process: process}, timings, log)
}

func newHandler(c *collector, timings *Timings, log *slog.Logger) (*Handler, error) {
	c.descs = descs()
	h := &Handler{registry: prometheus.NewRegistry(), log: log}
	for _, x := range []prometheus.Collector{c, timings.steps, timings.pass} {
		if err := h.registry.Register(x); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return h, nil
}

// ServeHTTP answers with the text format, version 0.0.4, which every Prometheus
// reads.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "metrics are only read: GET", http.StatusMethodNotAllowed)
		return
	}
	body, err := h.text()
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
