package plan

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// called is the function with a canonical text; its Kind is 0 if there is none.
func called(text string) representor.Function {
	f, _ := representor.ParseFunction(text)
	return f
}

// additional is a request for another host, of a migration between it and us.
func additional(b southbound.Binding) southbound.Binding {
	b = plantest.Classified(b, southbound.Kept)
	b.Additional = true
	return b
}

// verdictOn is the Southbound's word on the same bindings, else on those that the view
// shows to ask for something, and Gone for the rest.
func verdictOn(v southbound.View, doubts []string, truth ...southbound.Binding) *southbound.Verdict {
	out := &southbound.Verdict{ChassisKnown: v.ChassisKnown, Identity: v.Identity, Bindings: map[string]southbound.Binding{}}
	for _, d := range doubts {
		out.Bindings[d] = southbound.Binding{LogicalPort: d, Disposition: southbound.Gone, Why: "no such row"}
		if b := v.Bindings[d]; b.Disposition == southbound.Asked || b.Disposition == southbound.Kept {
			out.Bindings[d] = b
		}
	}
	for _, b := range truth {
		if _, asked := out.Bindings[b.LogicalPort]; asked {
			out.Bindings[b.LogicalPort] = b
		}
	}
	return out
}

// planWith plans the way the Reconciler does: doubts are asked about, and the
// Southbound's truth is what the caller says.
func planWith(in Input, truth ...southbound.Binding) Decision {
	d := Plan(in)
	var asked []string
	for range 3 {
		if len(d.Unconfirmed) == 0 || !in.Asked.Connected || !in.Asked.Complete {
			break
		}
		asked = append(asked, d.Unconfirmed...)
		in.Verdict = verdictOn(in.Asked, asked, truth...)
		d = Plan(in)
	}
	return d
}

func statusOf(t *testing.T, d Decision, lport string) Status {
	t.Helper()
	for _, s := range d.Ports {
		if s.LogicalPort == lport {
			return s
		}
	}
	t.Fatalf("no status for %s in %+v", lport, d.Ports)
	return Status{}
}
