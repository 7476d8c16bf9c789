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
	return ask[LogLevel](ctx, c, http.MethodGet, PathLogLevel)
}

// SetLogLevel sets it until the daemon ends.
func (c *Client) SetLogLevel(ctx context.Context, level string) (LogLevel, error) {
	return ask[LogLevel](ctx, c, http.MethodPost, PathLogLevel+"?"+url.Values{ParamLevel: {level}}.Encode())
}

func (s *Server) logLevel(w http.ResponseWriter, r *http.Request) {
	level := s.acts.Level
	if level == nil {
		s.send(w, http.StatusServiceUnavailable, Problem{Error: "the level of this log can't be changed"})
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		name := r.URL.Query().Get(ParamLevel)
		var to slog.Level
		if err := to.UnmarshalText([]byte(name)); err != nil || !slices.Contains(LogLevels(), name) {
			s.send(w, http.StatusBadRequest, Problem{Error: "log level " + reason.Quote(name) + " is none of " + strings.Join(LogLevels(), ", ")})
			return
		}
		old := level.Level()
		level.Set(to)
		// At the highest level that can be set, so that the log itself says what it lacks.
		s.log.Log(r.Context(), slog.LevelError, "log level changed on request", "from", strings.ToLower(old.String()), "to", name)
	default:
		s.refuseMethod(w, r, "GET, HEAD, POST", http.MethodGet+" and "+http.MethodPost)
		return
	}
	s.send(w, http.StatusOK, LogLevel{Level: strings.ToLower(level.Level().String())})
}
