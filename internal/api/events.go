package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
)

// ParamAfter of PathEvents: only events with a larger number than this.
const ParamAfter = "after"

// Events is the answer of PathEvents, oldest first. The daemon remembers the last thousand.
type Events struct {
	// Started is when the daemon did; with it the numbers begin anew.
	Started time.Time    `json:"started"`
	Events  []plug.Event `json:"events"`
}

// Events asks for the events with a larger number than the one given.
func (c *Client) Events(ctx context.Context, after uint64) (Events, error) {
	return ask[Events](ctx, c, http.MethodGet, PathEvents+"?"+url.Values{ParamAfter: {strconv.FormatUint(after, 10)}}.Encode(), http.NoBody)
}

func (s *Server) events(f Facts, r *http.Request) (any, error) {
	text := r.URL.Query().Get(ParamAfter)
	after, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 64)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "parameter %s is %s, which is no number from 0 on", ParamAfter, reason.Quote(text))
	}
	out := Events{Started: instant(f.Started), Events: []plug.Event{}}
	if s.Events != nil {
		for _, e := range s.Events(after) {
			e.At = instant(e.At)
			out.Events = append(out.Events, e)
		}
	}
	return out, nil
}
