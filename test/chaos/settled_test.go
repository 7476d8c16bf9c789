package chaos

import (
	"fmt"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
)

const (
	mac0 = "00:53:00:00:00:40"
	pf0  = "platform/card0 c1pf0"
)

func asking(vf int) invariants.Request {
	return invariants.Request{Kind: invariants.Asks, PFMAC: mac0, VF: vf, MTU: 1500}
}

// plugged is the right row for the port a on VF 0.
func plugged() invariants.Row {
	return invariants.Row{UUID: "1", Name: "n0", Bridge: "br-int", IfIndex: 10, Ofport: 1, Marks: invariants.Marks{
		IfaceID: "a", MTU: 1500, LogicalPort: "a", Function: pf0 + "vf0", Request: "pf-mac " + mac0 + " vf 0",
	}}
}

func with(r invariants.Row, how func(*invariants.Row)) invariants.Row {
	how(&r)
	return r
}

// meant is a row for the port a on VF 0, though its request is of another one by now.
func meant(vf int) invariants.Row {
	return with(plugged(), func(r *invariants.Row) { r.Request = fmt.Sprintf("pf-mac %s vf %d", mac0, vf) })
}

func TestSettled_IsOnlyWhatIsAsItMustBe(t *testing.T) {
	type ports map[string]plan.State
	type requests map[string]invariants.Request
	for _, c := range []struct {
		name     string
		requests requests
		rows     []invariants.Row
		ports    ports
		want     bool
	}{
		{"nothing", nil, nil, nil, true},
		{"a plugged port", requests{"a": asking(0)}, []invariants.Row{plugged()}, ports{"a": plan.Plugged}, true},
		{"a plugged port that is reported as pending", requests{"a": asking(0)}, []invariants.Row{plugged()}, ports{"a": plan.Pending}, false},
		{"a port that isn't plugged", requests{"a": asking(0)}, nil, ports{"a": plan.Pending}, false},
		{"a port that nobody reports", requests{"a": asking(0)}, []invariants.Row{plugged()}, nil, false},
		{"a row that isn't opened", requests{"a": asking(0)}, []invariants.Row{with(plugged(), func(r *invariants.Row) { r.Ofport = -1 })},
			ports{"a": plan.Plugged}, false},
		{"a row with another netdev open", requests{"a": asking(0)},
			[]invariants.Row{with(plugged(), func(r *invariants.Row) { r.IfIndex = 11 })}, ports{"a": plan.Plugged}, false},
		{"a row under an old name", requests{"a": asking(0)}, []invariants.Row{with(plugged(), func(r *invariants.Row) { r.Name = "old" })},
			ports{"a": plan.Plugged}, false},
		{"a row for another request", requests{"a": asking(1)}, []invariants.Row{plugged()}, ports{"a": plan.Plugged}, false},
		{"an MTU that isn't asked", requests{"a": asking(0)}, []invariants.Row{with(plugged(), func(r *invariants.Row) { r.MTU = 0 })},
			ports{"a": plan.Plugged}, false},
		{"an edited iface-id", requests{"a": asking(0)}, []invariants.Row{with(plugged(), func(r *invariants.Row) { r.IfaceID = "b" })},
			ports{"a": plan.Plugged}, false},
		{"a row that outlives its request", requests{"a": {}}, []invariants.Row{plugged()}, nil, false},
		{"a row that outlives its request and is held", requests{"a": {}}, []invariants.Row{plugged()}, ports{"a": plan.Held}, false},
		{"a row for a port that never was", nil, []invariants.Row{plugged()}, nil, false},
		{"a row that is kept", requests{"a": {Kind: invariants.Keeps}}, []invariants.Row{plugged()}, ports{"a": plan.Held}, true},
		{"an invalid request", requests{"a": {Kind: invariants.Invalid}}, nil, ports{"a": plan.Invalid}, true},
		{"an invalid request with a row", requests{"a": {Kind: invariants.Invalid}}, []invariants.Row{plugged()}, ports{"a": plan.Invalid}, true},
		{"an invalid request that nobody reports", requests{"a": {Kind: invariants.Invalid}}, []invariants.Row{plugged()}, nil, false},
		{"a plugged port whose row carries nobody's name", requests{"a": asking(0)},
			[]invariants.Row{with(plugged(), func(r *invariants.Row) { r.Parked = true })}, ports{"a": plan.Plugged}, false},
		{"a function that isn't there", requests{"a": asking(7)}, nil, ports{"a": plan.Pending}, true},
		{"a function without a netdev", requests{"a": asking(1)}, nil, ports{"a": plan.Pending}, true},
		{"two that ask for one function", requests{"a": asking(0), "b": asking(0)}, []invariants.Row{plugged()},
			ports{"a": plan.Plugged, "b": plan.Conflict}, true},
		{"two that ask for one function, none has it", requests{"a": asking(0), "b": asking(0)}, nil,
			ports{"a": plan.Conflict, "b": plan.Conflict}, false},
		{"two that ask for a function without a netdev", requests{"a": asking(1), "b": asking(1)}, nil,
			ports{"a": plan.Pending, "b": plan.Conflict}, true},
		{"two that ask for a function without a netdev, which the second one had until its row leaked",
			requests{"a": asking(1), "b": asking(1)}, nil, ports{"a": plan.Conflict, "b": plan.Pending}, true},
		{"two that ask for a function without a netdev, for which neither waits", requests{"a": asking(1), "b": asking(1)}, nil,
			ports{"a": plan.Conflict, "b": plan.Conflict}, false},
		{"two that ask for a function, which the second one could have", requests{"a": asking(0), "b": asking(0)}, nil,
			ports{"a": plan.Conflict, "b": plan.Pending}, false},
		{"somebody else's row of that name", requests{"a": asking(0)}, []invariants.Row{{Name: "n0", Bridge: "br-int"}},
			ports{"a": plan.Conflict}, true},
		{
			"a row whose netdev got the name of somebody else's", requests{"a": asking(0)},
			[]invariants.Row{with(plugged(), func(r *invariants.Row) { r.Name, r.Ofport = "old", -1 }), {Name: "n0", Bridge: "br-int"}},
			ports{"a": plan.Conflict}, true,
		},
		{"a request that has come to mean a function without a netdev", requests{"a": asking(1)}, []invariants.Row{meant(1)},
			ports{"a": plan.Pending}, true},
		{"a request that has come to mean a function that can be plugged", requests{"a": asking(0)},
			[]invariants.Row{with(meant(0), func(r *invariants.Row) { r.Function = pf0 + "vf1" })}, ports{"a": plan.Pending}, false},
		{"a row for another request, of a function that isn't meant", requests{"a": asking(1)}, []invariants.Row{plugged()},
			ports{"a": plan.Pending}, false},
		{"a row that doesn't say for what request, and a function that isn't there", requests{"a": asking(7)},
			[]invariants.Row{with(plugged(), func(r *invariants.Row) { r.Request = "" })}, ports{"a": plan.Pending}, true},
		{"a row that doesn't say for what request, and its own function", requests{"a": asking(0)},
			[]invariants.Row{with(plugged(), func(r *invariants.Row) { r.Request = "" })}, ports{"a": plan.Plugged}, false},
		{"a conflict with nothing", requests{"a": asking(0)}, nil, ports{"a": plan.Conflict}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scene{bridge: "br-int", requests: c.requests, rows: c.rows, card: invariants.Card{
				PFs: map[string]string{pf0: mac0}, VFs: map[string]invariants.Netdev{pf0 + "vf0": {Name: "n0", IfIndex: 10}, pf0 + "vf1": {}},
			}}
			for lport, state := range c.ports {
				s.ports = append(s.ports, api.Port{LogicalPort: lport, State: state})
			}
			if problem := s.unsettled(); (problem == "") != c.want {
				t.Errorf("unsettled: %q", problem)
			}
		})
	}
}
