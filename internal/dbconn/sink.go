package dbconn

import (
	"fmt"
	"log/slog"

	"github.com/go-logr/logr"
)

// sink takes what the library logs. It matters for one thing: an update that the
// library couldn't apply to its cache is told of nowhere else, and from then on
// the cache is not what the server has. The library logs nothing else as an
// error while it neither reconnects nor probes, so every error condemns the
// connection.
type sink struct {
	log     *slog.Logger
	condemn func(error)
}

// Init implements logr.LogSink.
func (s *sink) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink: the library's chatter repeats whole
// transactions, unbounded, and says nothing that an operator could use.
func (s *sink) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (s *sink) Info(int, string, ...any) {}

// Error implements logr.LogSink. It is called with the library's locks held.
func (s *sink) Error(err error, msg string, _ ...any) {
	s.log.Debug("the OVSDB library gave up on an update", "what", msg, "error", err)
	s.condemn(fmt.Errorf("%w: %w", ErrDesync, err))
}

// WithValues implements logr.LogSink.
func (s *sink) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s *sink) WithName(string) logr.LogSink { return s }
