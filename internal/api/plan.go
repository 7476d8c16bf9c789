package api

import (
	"context"
	"net/http"
	"time"

	"github.com/representord/representord/plug"
)

// Plan is the answer of PathPlan: what is still to be changed on the bridge.
type Plan struct {
	Standing
	// DryRun daemons make none of the changes.
	DryRun bool `json:"dry-run"`
	// Changes were still to be made when the last pass ended: they wait for their
	// turn, were refused and are tried again, or aren't made in a dry run.
	Changes []Change `json:"changes"`
	// Waiting are the ports that are not plugged, with what each waits for, and Holds
	// the removals that are held.
	Waiting []Port         `json:"waiting"`
	Holds   []plug.Holding `json:"holds"`
}

// Plan gives the facts as PathPlan shows them.
func (f Facts) Plan() Plan {
	p := Plan{
		Standing: f.standing(), DryRun: f.DryRun, Changes: Changes(f.Report.Due), Waiting: []Port{}, Holds: holds(f.Report.Holds),
	}
	rows := f.placed()
	for _, s := range f.Report.Ports {
		if s.Reason != nil {
			p.Waiting = append(p.Waiting, newPort(s, rows))
		}
	}
	return p
}

// Plan asks for PathPlan.
func (c *Client) Plan(ctx context.Context) (Plan, error) {
	return ask[Plan](ctx, c, http.MethodGet, PathPlan, http.NoBody)
}

// Reconciled is the answer of PathReconcile.
type Reconciled struct {
	// Passes is how many passes had ended when another one was asked for, LastPass when
	// the last of them did.
	Passes   uint64    `json:"passes"`
	LastPass time.Time `json:"last-pass,omitzero"`
}

// Reconcile asks for a pass, and doesn't wait for it.
func (c *Client) Reconcile(ctx context.Context) (Reconciled, error) {
	return ask[Reconciled](ctx, c, http.MethodPost, PathReconcile, http.NoBody)
}

func (s *Server) reconcile(f Facts, _ *http.Request) (any, error) {
	if f.Role != Active || s.Poke == nil {
		return nil, refuse(http.StatusServiceUnavailable, "this representord is %s and makes no passes: %s", f.Role, f.RoleReason)
	}
	s.Poke()
	return Reconciled{Passes: f.Report.Passes, LastPass: instant(f.Report.At)}, nil
}
