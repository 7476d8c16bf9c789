package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// meet goes as far as everybody who does something once.
func meet(ctx context.Context, a *Agent) error {
	if err := a.Settle(ctx, nil); err != nil {
		return err
	}
	return a.Await(ctx, a.MissingCard, a.MissingSouthbound)
}

func TestOnce_WaitsForWholeSnapshots(t *testing.T) {
	t.Parallel()
	h, a := newHost(t)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote="+newCloud(t).Endpoint)
	err := a.Within(t.Context(), time.Minute, func(ctx context.Context) error {
		if err := meet(ctx, a); err != nil {
			return err
		}
		f := a.Facts(a.Identity())
		if f.Chassis != "dpu1" || f.Bridge != "br-int" || f.Local.BridgeUUID == "" || !f.Southbound.ChassisKnown {
			t.Errorf("%+v", f)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOnce_WhatWasWaitedForInVainIsNamed(t *testing.T) {
	t.Parallel()
	h, a := newHost(t)
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote=unix:"+servers.Dir(t)+"/nobody")
	var missing *MissingError
	// Long enough for a busy machine to get as far as the Southbound.
	err := a.Within(t.Context(), 10*time.Second, func(ctx context.Context) error { return meet(ctx, a) })
	if !errors.As(err, &missing) || !strings.HasPrefix(missing.What, "the Southbound: ") {
		t.Errorf("without a Southbound: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Await(ctx, a.MissingSouthbound); !errors.Is(err, context.Canceled) {
		t.Errorf("when it is ended: %v", err)
	}
}

func TestOnce_WithoutABridgeNothingIsDone(t *testing.T) {
	t.Parallel()
	h, a := newHost(t)
	h.Ctl(t, "set", "open", ".", `external_ids:ovn-bridge=""`)
	err := a.Within(t.Context(), time.Minute, func(ctx context.Context) error { return meet(ctx, a) })
	if err == nil || !strings.Contains(err.Error(), "external_ids:ovn-bridge is empty") {
		t.Error(err)
	}
}
