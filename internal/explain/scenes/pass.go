package scenes

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
)

// Facts makes the passes, and gives what the daemon knows then.
func (w *World) Facts(t *testing.T) api.Facts {
	t.Helper()
	cfg := plug.Config{
		Southbound: southboundOf{w}, Switch: switchOf{w}, Devices: cardOf{w}, Grace: cmp.Or(w.grace, -1),
		Log: slog.New(slog.DiscardHandler), DryRun: w.DryRun,
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
		report.At = Noon()
	}
	for i := range report.Ports {
		report.Ports[i].Since = Noon().Add(-90 * time.Second)
	}
	return api.Facts{
		Daemon: api.Daemon{
			Version: "1.2.3", PID: 812, Started: Noon().Add(-time.Hour), Role: w.role, RoleReason: w.why, DryRun: w.DryRun,
			Chassis: "dpu1", Hostname: "dpu1.example.com", Bridge: "br-int",
		},
		Local: w.Actual, LocalEndpoint: "unix:/run/openvswitch/db.sock", Southbound: w.Asked,
		Index: representor.NewIndex(w.Card, w.settings), Report: report,
	}
}

// southboundOf and the others are what a reconciler works with.
type southboundOf struct{ *World }

func (s southboundOf) View() southbound.View { return s.Asked }

func (s southboundOf) Sync(context.Context) error { return nil }

func (s southboundOf) Verify(_ context.Context, lports []string) (southbound.Verdict, error) {
	if s.silent {
		return southbound.Verdict{}, errors.New("no answer")
	}
	v := southbound.Verdict{ChassisKnown: s.Asked.ChassisKnown, Identity: s.Asked.Identity, Bindings: map[string]southbound.Binding{}}
	for _, l := range lports {
		v.Bindings[l] = s.answer(l).Binding
	}
	return v, nil
}

func (w *World) answer(lport string) southbound.Answer {
	a, ok := w.Answers[lport]
	if !ok {
		a.Binding = southbound.Binding{LogicalPort: lport, Disposition: southbound.Gone, Why: "the Southbound has no such Port_Binding"}
	}
	a.ChassisKnown = w.Asked.ChassisKnown
	return a
}

// Inquire is what the Southbound says of a port when it is asked for that one.
func (w *World) Inquire(_ context.Context, lport string) (southbound.Answer, error) {
	if w.silent || !w.Asked.Connected {
		return southbound.Answer{}, errors.New("no trustworthy connection to the Southbound: " + w.Asked.Problem)
	}
	return w.answer(lport), nil
}

type switchOf struct{ *World }

func (s switchOf) View() ovs.View { return s.Actual }

func (s switchOf) Apply(_ context.Context, changes []ovs.Change) []error {
	errs := make([]error, len(changes))
	rows, names := maps.Clone(s.Actual.Interfaces), maps.Clone(s.Actual.PortNames)
	for i, c := range changes {
		if errs[i] = s.refuses; errs[i] != nil {
			continue
		}
		for _, u := range c.Unplug {
			delete(rows, u.Interface.Name)
			delete(names, u.Interface.Name)
		}
		for _, p := range c.Plug {
			r := Row(p.IfaceID, p.Netdev, 0)
			r.UUID, r.Marker, r.MTURequest, r.IfaceIDVer, r.Ofport, r.IfIndex, r.Installed = "new-"+p.Netdev, p.Marker, p.MTURequest,
				p.IfaceIDVer, 0, 0, false
			s.vswitchd(&r)
			rows[r.Name], names[r.Name] = r, true
		}
	}
	s.Actual.Interfaces, s.Actual.PortNames = rows, names
	return errs
}

type cardOf struct{ *World }

func (c cardOf) Index() *representor.Index { return representor.NewIndex(c.Card, c.settings) }

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
