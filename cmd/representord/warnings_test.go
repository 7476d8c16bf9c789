package main

import (
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

// The other test of the variables is of what is made of them, in config.
func TestOnce_WarnsOfVariablesThatNobodyKnowsToo(t *testing.T) {
	t.Setenv("REPRESENTORD_LOG_LEVL", "debug")
	o := inProcess(t.Context(), &fakeCard{}, "--once", "--dry-run", "--timeout=1s", "--ovs-db=unix:"+servers.Dir(t)+"/nobody")
	if !strings.Contains(o.stderr, "representord: warning: ") || !strings.Contains(o.stderr, "REPRESENTORD_LOG_LEVL") {
		t.Errorf("%d: %s", o.status, o.stderr)
	}
}
