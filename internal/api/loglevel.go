package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// ParamLevel of PathLogLevel is the level to set, one of LogLevels.
const ParamLevel = "level"

// LogLevels are the names of levels, from the one that logs most.
func LogLevels() []string { return []string{"debug", "info", "warn", "error"} }

// LogLevel is the answer of PathLogLevel.
type LogLevel struct {
	// Level is the least level that is logged. It lasts until the daemon ends.
	Level string `json:"level"`
}

// LogLevel asks from which level on the daemon logs.
func (c *Client) LogLevel(ctx context.Context) (LogLevel, error) {
	return ask[LogLevel](ctx, c, http.MethodGet, PathLogLevel, http.NoBody)
}

// SetLogLevel sets it until the daemon ends.
func (c *Client) SetLogLevel(ctx context.Context, level string) (LogLevel, error) {
	return ask[LogLevel](ctx, c, http.MethodPost, PathLogLevel+"?"+url.Values{ParamLevel: {level}}.Encode(), http.NoBody)
}

func (s *Server) logLevel(_ Facts, r *http.Request) (any, error) {
	if s.Level == nil {
		return nil, refuse(http.StatusServiceUnavailable, "the level of this log can't be changed")
	}
	if r.Method == http.MethodPost {
		name := r.URL.Query().Get(ParamLevel)
		var to slog.Level
		if err := to.UnmarshalText([]byte(name)); err != nil || !slices.Contains(LogLevels(), name) {
			return nil, refuse(http.StatusBadRequest, "log level %s is none of %s", reason.Quote(name), strings.Join(LogLevels(), ", "))
		}
		old := s.Level.Level()
		s.Level.Set(to)
		// At the highest level that can be set, so that the log itself says what it lacks.
		s.Log.Log(r.Context(), slog.LevelError, "log level changed on request", "from", strings.ToLower(old.String()), "to", name)
	}
	return LogLevel{Level: strings.ToLower(s.Level.Level().String())}, nil
}
