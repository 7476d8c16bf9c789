package main

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug"
)

func TestReleaseHold_SaysWhatCameToBeHeldMeanwhile(t *testing.T) {
	held := facts()
	held.Report.Holds = []plug.Holding{
		{Code: "mass-unplug", Ports: []string{"a", "b"}},
		{Code: "southbound-replaced", Identity: "cluster 2", Ports: []string{"c"}},
	}
	socket := daemonWith(t, held, api.Server{Release: func(seen []plug.Holding) (released, held []plug.Holding) { return seen[:1], seen[1:] }})
	o := run1(t, socket, "", noCard, "release-hold")
	for _, line := range []string{"released    mass-unplug: 2 ports a, b\n", "HELD        southbound-replaced: 1 port c\n",
		"came to be held meanwhile, and stays"} {
		if !strings.Contains(o.stdout, line) {
			t.Errorf("it lacks %q", line)
		}
	}
	if o.status != exitNotFound || t.Failed() {
		t.Errorf("want exit status %d and all of this:\n%s", exitNotFound, o)
	}
}
