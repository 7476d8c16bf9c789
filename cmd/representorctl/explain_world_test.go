package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
)

// world is what a reconciler works on, so that explanations are those of real passes
// over snapshots and not of reasons that a test made up.
type world struct {
	card     representor.Card
	settings representor.Settings
	asked    southbound.View
	// answers are the Southbound's rows, whatever they say about us.
	answers map[string]southbound.Answer
	actual  ovs.View
	// role, when not Active, is what the daemon is instead; why says more.
	role api.Role
	why  string

	silent  bool  // the Southbound doesn't answer questions
	refuses error // the local database refuses every change
	linkErr error
	addrErr error // nil: the setting program-hw-addr is off
	dryRun  bool
	grace   time.Duration // 0 for none
	// vswitchd is what it makes of a row that is new.
	vswitchd func(*ovs.Interface)
	passes   int // 1 unless set; between does something before each but the first
	between  func(*world)
}

// worldWith is a DPU with one PF and VF 0, and rows in the Southbound, of which the
// view holds those that concern us.
func worldWith(rows ...southbound.Answer) *world {
	w := &world{
		card: vfCard(), role: api.Active, passes: 1,
		asked: southbound.View{
			Complete: true, Connected: true, Since: noon().Add(-time.Hour), Endpoint: "ssl:192.0.2.1:6642",
			Chassis: "dpu1", ChassisKnown: true, Identity: "sb1", Bindings: map[string]southbound.Binding{},
		},
		answers: map[string]southbound.Answer{},
		actual: ovs.View{
			Complete: true, Bridge: "br-int", BridgeUUID: "uuid-br", DatapathType: "system",
			Interfaces: map[string]ovs.Interface{}, PortNames: map[string]bool{"br-int": true},
		},
		vswitchd: func(i *ovs.Interface) { i.Ofport, i.IfIndex = 5, 10 },
	}
	for _, a := range rows {
		w.answers[a.LogicalPort] = a
		if a.Disposition == southbound.Asked || a.Disposition == southbound.Kept {
			w.asked.Bindings[a.LogicalPort] = a.Binding
		}
	}
	return w
}

// vfCard has host PF 0 with VF 0 at netdev pf0vf0.
func vfCard() representor.Card {
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	pf := devlink.Port{
		Handle: handle, Index: 1000, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
		Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0),
		Function: &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x42}},
	}
	vf := pf
	vf.Index, vf.Flavour, vf.VF, vf.IfIndex, vf.Function = 1, devlink.FlavourPCIVF, devlink.Some[uint16](0), 10, nil
	return representor.Card{
		Complete: true, Ports: []devlink.Port{pf, vf},
		Links: map[uint32]representor.Link{10: {Name: "pf0vf0", Up: true, MTU: 1500, Settled: true}},
	}
}

// asks is the row of a port that asks dpu1 for VF 0; pairs are more options.
func asks(lport string, pairs ...string) southbound.Answer {
	options := map[string]string{
		"requested-chassis": "dpu1", "vif-plug-type": "representor",
		"vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:vf-num": "0",
	}
	for i := 0; i < len(pairs); i += 2 {
		options[pairs[i]] = pairs[i+1]
	}
	return southbound.Answer{
		Binding: southbound.Binding{
			LogicalPort: lport, Disposition: southbound.Asked, Why: "requested_chassis is our Chassis row", Up: true,
			Request: ovn.ParseRequest(lport, options),
		},
		ChassisKnown: true, Options: options, RequestedChassis: "dpu1", Chassis: "dpu1",
	}
}

// withdrawn is a row that asks nothing of us.
func withdrawn(a southbound.Answer, why string, edit func(*southbound.Answer)) southbound.Answer {
	a.Disposition, a.Why, a.Request, a.Up, a.Chassis = southbound.Withdrawn, why, ovn.Request{}, false, ""
	edit(&a)
	return a
}

// rowOf is a row of ours that ovs-vswitchd has opened: VF 0 has ifindex 10, the next 11.
func rowOf(lport, netdev string, vf int) ovs.Interface {
	number := strconv.Itoa(vf)
	return ovs.Interface{
		UUID: "uuid-" + netdev, Name: netdev, PortUUID: "port-" + netdev, PortName: netdev, PortInterfaces: 1, Bridge: "br-int",
		IfaceID: lport, Marked: true, Ofport: 5, IfIndex: uint32(10 + vf), Installed: true,
		Marker: ovs.Marker{LogicalPort: lport, Function: "pci/0000:03:00.0 c1pf0vf" + number, Request: "pf-mac 00:53:00:00:00:42 vf " + number},
	}
}

// foreign is a row of somebody else's.
func foreign(netdev, ifaceID string) ovs.Interface {
	return ovs.Interface{UUID: "uuid-" + netdev, Name: netdev, PortUUID: "port-" + netdev, PortName: netdev, PortInterfaces: 1,
		Bridge: "br-int", IfaceID: ifaceID}
}

func (w *world) has(rows ...ovs.Interface) *world {
	for _, r := range rows {
		w.actual.Interfaces[r.Name] = r
		w.actual.PortNames[r.PortName] = true
	}
	return w
}

func (w *world) but(edit func(*world)) *world {
	edit(w)
	return w
}

// View and the other methods are what a reconciler works with.
type sbOf struct{ *world }

func (s sbOf) View() southbound.View { return s.asked }

func (s sbOf) Sync(context.Context) error { return nil }

func (s sbOf) Verify(_ context.Context, lports []string) (southbound.Verdict, error) {
	if s.silent {
		return southbound.Verdict{}, errors.New("no answer")
	}
	v := southbound.Verdict{ChassisKnown: s.asked.ChassisKnown, Identity: s.asked.Identity, Bindings: map[string]southbound.Binding{}}
	for _, l := range lports {
		v.Bindings[l] = s.answer(l).Binding
	}
	return v, nil
}

func (w *world) answer(lport string) southbound.Answer {
	a, ok := w.answers[lport]
	if !ok {
		a.Binding = southbound.Binding{LogicalPort: lport, Disposition: southbound.Gone, Why: "the Southbound has no such Port_Binding"}
	}
	a.ChassisKnown = w.asked.ChassisKnown
	return a
}

func (w *world) inquire(_ context.Context, lport string) (southbound.Answer, error) {
	if w.silent || !w.asked.Connected {
		return southbound.Answer{}, errors.New("no trustworthy connection to the Southbound: " + w.asked.Problem)
	}
	return w.answer(lport), nil
}

type switchOf struct{ *world }

func (s switchOf) View() ovs.View { return s.actual }

func (s switchOf) Apply(_ context.Context, changes []ovs.Change) []error {
	errs := make([]error, len(changes))
	rows, names := maps.Clone(s.actual.Interfaces), maps.Clone(s.actual.PortNames)
	for i, c := range changes {
		if errs[i] = s.refuses; errs[i] != nil {
			continue
		}
		for _, u := range c.Unplug {
			delete(rows, u.Interface.Name)
			delete(names, u.Interface.Name)
		}
		for _, p := range c.Plug {
			r := rowOf(p.IfaceID, p.Netdev, 0)
			r.UUID, r.Marker, r.MTURequest, r.IfaceIDVer, r.Ofport, r.IfIndex, r.Installed = "new-"+p.Netdev, p.Marker, p.MTURequest,
				p.IfaceIDVer, 0, 0, false
			s.vswitchd(&r)
			rows[r.Name], names[r.Name] = r, true
		}
	}
	s.actual.Interfaces, s.actual.PortNames = rows, names
	return errs
}

type cardOf struct{ *world }

func (c cardOf) Index() *representor.Index { return representor.NewIndex(c.card, c.settings) }

func (c cardOf) Confirm(_ context.Context, r representor.Representor) (bool, error) {
	return c.Index().Shows(r), nil
}

func (c cardOf) Usurped(_ context.Context, r representor.Representor) (bool, error) {
	return c.Index().Usurps(r), nil
}

func (c cardOf) LinkUp(context.Context, uint32) error { return c.linkErr }

func (c cardOf) SetHWAddr(context.Context, representor.Representor, representor.MAC) error {
	return c.addrErr
}

// facts makes the passes, and gives what the daemon knows then.
func (w *world) facts(t *testing.T) api.Facts {
	t.Helper()
	cfg := plug.Config{
		Southbound: sbOf{w}, Switch: switchOf{w}, Devices: cardOf{w}, Grace: cmp.Or(w.grace, -1),
		Log: slog.New(slog.DiscardHandler), DryRun: w.dryRun,
	}
	if w.addrErr != nil {
		cfg.SetHWAddr = cardOf{w}.SetHWAddr
	}
	r := plug.NewReconciler(cfg)
	for i := range w.passes {
		if i > 0 {
			w.between(w)
		}
		r.Pass(t.Context())
	}
	report := r.Report()
	if w.passes > 0 {
		report.At = noon()
	}
	for i := range report.Ports {
		report.Ports[i].Since = noon().Add(-90 * time.Second)
	}
	return api.Facts{
		Daemon: api.Daemon{
			Version: "1.2.3", PID: 812, Started: noon().Add(-time.Hour), Role: w.role, RoleReason: w.why, DryRun: w.dryRun,
			Chassis: "dpu1", Hostname: "dpu1.example.com", Bridge: "br-int",
		},
		Local: w.actual, LocalEndpoint: "unix:/run/openvswitch/db.sock", Southbound: w.asked,
		Index: representor.NewIndex(w.card, w.settings), Report: report,
	}
}
