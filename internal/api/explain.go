package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/plug"
)

// inquiryPatience bounds what an explanation waits for the Southbound. A server that
// answers does so in milliseconds; one that hangs is still told of within a second.
const inquiryPatience = 700 * time.Millisecond

// maxExplanations is how many explanations may be under way at a time: each has the Southbound,
// which serves all chassis, look for a port, and anybody in control-group may ask.
const maxExplanations = 4

// Explain asks why a logical port, of whichever chassis, is plugged or is not.
func (c *Client) Explain(ctx context.Context, logicalPort string) (explain.Explanation, error) {
	return ask[explain.Explanation](ctx, c, http.MethodGet, PathExplain+"/"+escape(logicalPort), http.NoBody)
}

// explain answers as many at a time as there are slots.
func (s *Server) explain(slots *semaphore.Weighted) func(Facts, *http.Request) (any, error) {
	return func(f Facts, r *http.Request) (any, error) {
		in := f.explained(r.PathValue("port"))
		if s.Inquire == nil {
			return explain.Explain(in), nil
		}
		if !slots.TryAcquire(1) {
			return nil, refuse(http.StatusTooManyRequests,
				"other explanations are being answered already, as many as are at one time; try again in a second")
		}
		defer slots.Release(1)
		ctx, cancel := context.WithTimeout(r.Context(), inquiryPatience)
		defer cancel()
		switch answer, err := s.Inquire(ctx, in.LogicalPort); {
		case err == nil:
			in.Answer = &answer
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			in.Silence = fmt.Sprintf("the Southbound gave no answer in %s: %v", inquiryPatience, err)
		default:
			in.Silence = err.Error()
		}
		return explain.Explain(in), nil
	}
}

// explained gives the facts as far as they are about one logical port.
func (f Facts) explained(logicalPort string) explain.Input {
	in := explain.Input{
		LogicalPort: logicalPort, Asked: f.Southbound, Index: f.Index, Actual: f.Local, LocalEndpoint: f.LocalEndpoint,
		Companions: f.Companions,
	}
	if p := f.port(logicalPort); p != nil {
		in.Status, in.Since = &p.Status, instant(p.Since)
	}
	switch standing := f.standing(); {
	case standing.Current():
	case standing.Role != Active:
		in.Idle = fmt.Sprintf("this representord is %s: %s", standing.Role, standing.RoleReason)
	default:
		in.Idle = "this representord has made no pass yet"
	}
	return in
}

// port is a port as of the last pass, nil for none.
func (f Facts) port(logicalPort string) *plug.Port {
	for _, p := range f.Report.Ports {
		if p.LogicalPort == logicalPort {
			return &p
		}
	}
	return nil
}
