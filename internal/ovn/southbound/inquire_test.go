package southbound

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/test/servers"
)

func (f *follower) inquire(port string) Answer {
	f.t.Helper()
	a, err := f.Inquire(f.t.Context(), port)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func TestInquire_TellsOfPortsOfWhomever(t *testing.T) {
	d, w := southbound(t)
	us, other := w.us(), w.chassis("dpu2")
	w.add("ours", us, nil)
	w.add("another's", other, map[string]string{"requested-chassis": "dpu2"})
	migrating := w.port("migrating", other, nil)
	migrating["requested_additional_chassis"], migrating["chassis"] = us, other
	w.insert("Port_Binding", migrating)
	router := w.port("router", nil, nil)
	router["type"] = "patch"
	w.insert("Port_Binding", router)

	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	for _, tt := range []struct {
		port                string
		disposition         Disposition
		kind                string
		requested, claimed  string
		additional          []string
		requestedChassisOpt string
	}{
		{port: "ours", disposition: Asked, requested: "dpu1"},
		{port: "another's", disposition: Withdrawn, requested: "dpu2", requestedChassisOpt: "dpu2"},
		{port: "migrating", disposition: Kept, requested: "dpu2", claimed: "dpu2", additional: []string{"dpu1"}},
		{port: "router", disposition: Withdrawn, kind: "patch"},
		{port: "nobody", disposition: Gone},
	} {
		a := f.inquire(tt.port)
		if a.LogicalPort != tt.port || a.Disposition != tt.disposition || a.Why == "" || !a.ChassisKnown || a.Type != tt.kind ||
			a.RequestedChassis != tt.requested || a.Chassis != tt.claimed || !cmp.Equal(a.RequestedAdditional, tt.additional) {
			t.Errorf("%s: %+v", tt.port, a)
		}
		if a.Options["requested-chassis"] != tt.requestedChassisOpt {
			t.Errorf("%s: options %v", tt.port, a.Options)
		}
		if tt.disposition != Gone && a.Options["vif-plug:representor:vf-num"] != "3" {
			t.Errorf("%s: options %v", tt.port, a.Options)
		}
	}
	if got, want := f.inquire("ours").Request.Query, f.View().Bindings["ours"].Request.Query; got != want {
		t.Errorf("the answer's request is %v, the view's %v", got, want)
	}
}

func TestInquire_FindsAPortWhoseRowWasReplaced(t *testing.T) {
	d, w := southbound(t)
	us, other := w.us(), w.chassis("dpu2")
	w.add("moved", us, nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(map[string]Disposition{"moved": Asked})
	w.remove("moved")
	w.add("moved", other, nil)
	f.untilDispositions(map[string]Disposition{})
	if a := f.inquire("moved"); a.Disposition != Withdrawn || a.RequestedChassis != "dpu2" {
		t.Errorf("%+v", a)
	}
}

func TestInquire_FindsAPortThatCameSinceItWasLookedForInVain(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	if a := f.inquire("late"); a.Disposition != Gone {
		t.Fatalf("%+v", a)
	}
	w.add("late", us, nil)
	f.untilDispositions(map[string]Disposition{"late": Asked})
	if a := f.inquire("late"); a.Disposition != Asked {
		t.Errorf("%+v", a)
	}
}

func TestInquire_WithoutASouthboundEndsAtOnce(t *testing.T) {
	f := follow(t, dpu1("unix:"+servers.Dir(t)+"/nobody.sock"))
	start := time.Now()
	_, err := f.Inquire(t.Context(), "port")
	if !errors.Is(err, ErrUntrusted) || time.Since(start) > slack {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestInquire_OfAServerThatHangsLastsAsLongAsItsContext(t *testing.T) {
	d, w := southbound(t)
	w.add("port", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()
	d.Signal(syscall.SIGSTOP)
	defer d.Signal(syscall.SIGCONT)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := f.Inquire(ctx, "port"); !errors.Is(err, ErrUntrusted) || time.Since(start) > 200*time.Millisecond+slack {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}
