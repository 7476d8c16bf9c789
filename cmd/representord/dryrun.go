package main

import (
	"context"
	"strings"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/retry"
)

// planPoll is how often a dry run looks for plans that it has not told yet.
const planPoll = time.Second

// tellPlans logs each change that a dry run would make, once for as long as it is planned.
func (s *service) tellPlans(ctx context.Context) error {
	told := map[string]bool{}
	retry.Loop(ctx, nil, func() time.Duration {
		planned := map[string]bool{}
		for _, c := range api.Changes(s.Reconciler.Report().Planned) {
			var text strings.Builder
			api.WriteChanges(&text, []api.Change{c})
			planned[text.String()] = true
			if !told[text.String()] {
				s.Log.Info("would change", "ports", c.LogicalPorts, "unplug", netdevs(c.Unplug), "plug", netdevs(c.Plug),
					"edits", len(c.Edit), "why", c.Why)
			}
		}
		told = planned
		return planPoll
	})
	return nil
}

func netdevs(rows []api.Row) []string {
	names := make([]string, 0, len(rows))
	for _, r := range rows {
		names = append(names, r.Netdev)
	}
	return names
}
