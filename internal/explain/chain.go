package explain

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// chain is an explanation in the making.
type chain struct {
	in    Input
	steps []*diagnose.Check

	// binding is what is known of the Port_Binding, nil for nothing. It is stale when
	// it is no more than what was said before the Southbound fell silent.
	binding *southbound.Binding
	stale   bool
	// ours: the port is, or was, for this chassis.
	ours bool
	// query is what is asked for, nil when that isn't known or can't be followed.
	query *representor.Query
	// rep is the representor; its function's Kind is 0 while it isn't known. wanting
	// is why it can't be plugged.
	rep     representor.Representor
	wanting *reason.Reason
	// found: it is what the request leads to.
	found bool
	// placed is our row for the port, nil for none.
	placed *ovs.Interface
}

func newChain(in Input) *chain {
	c := &chain{in: in, ours: in.Status != nil}
	b, viewed := in.Asked.Bindings[in.LogicalPort]
	switch {
	case in.Answer != nil:
		c.binding = &in.Answer.Binding
	case viewed:
		c.binding, c.stale = &b, true
	}
	if c.binding != nil && (c.binding.Disposition == southbound.Asked || c.binding.Disposition == southbound.Kept) {
		c.ours = true
		if c.binding.Request.Invalid == nil {
			c.query = &c.binding.Request.Query
		}
	}
	c.findRow()
	c.findRepresentor()
	return c
}

// findRow finds our row for the port: the one whose netdev the last pass named, else
// the first by name.
func (c *chain) findRow() {
	named := ""
	if c.in.Status != nil {
		named = c.in.Status.Netdev
	}
	for _, r := range c.in.Actual.Interfaces {
		if !r.Marked || r.Bridge != c.in.Actual.Bridge || r.Bridge == "" || r.OVNPlugged != "" ||
			cmp.Or(r.Marker.LogicalPort, r.IfaceID) != c.in.LogicalPort {
			continue
		}
		if c.placed == nil || r.Name == named || c.placed.Name != named && r.Name < c.placed.Name {
			c.placed = &r
		}
	}
	c.ours = c.ours || c.placed != nil
}

// findRepresentor looks for what is asked for, or, without that, for what the port has.
func (c *chain) findRepresentor() {
	if c.query != nil {
		c.rep, c.wanting = c.in.Index.Lookup(*c.query)
		c.found = c.rep.Function.Kind != 0
	}
	if !c.found && c.placed != nil {
		c.rep, _ = c.in.Index.ByFunction(c.in.Index.WithController(plan.MarkedFunction(c.placed.Marker)))
	}
}

// fail lets a step fail for a reason.
func (c *chain) fail(s *diagnose.Check, r *reason.Reason) { s.Tell(diagnose.Failed, r, c.remedy(r)) }

func (c *chain) step(name string) *diagnose.Check {
	i := slices.IndexFunc(c.steps, func(s *diagnose.Check) bool { return s.Name == name })
	return c.steps[i]
}

// daemon is whether this daemon is the one to ask.
func (c *chain) daemon(s *diagnose.Check) {
	switch {
	case c.in.Idle != "":
		s.Fail(c.in.Idle, "ask again when this daemon keeps the bridge, or ask the one that does: `representorctl status`")
	case c.in.Status == nil:
		s.OK("the last pass had nothing to do with this port")
	default:
		s.OK("the last pass left the port " + string(c.in.Status.State))
	}
}

// lastPass puts what the last pass said at the steps that it is about. A port that
// it plugged is plugged, whatever it remarked.
func (c *chain) lastPass() {
	if c.in.Status == nil {
		return
	}
	for i := range c.in.Status.Warnings {
		w := &c.in.Status.Warnings[i]
		if s := c.step(diagnose.StepOf(w.Code)); s.Verdict != diagnose.Failed && s.Code != w.Code {
			s.Tell(diagnose.Warning, w, c.remedy(w))
		}
	}
	if r := c.in.Status.Reason; r != nil {
		c.fail(c.step(diagnose.StepOf(r.Code)), r)
	}
	if c.in.Status.State != plan.Plugged {
		return
	}
	for _, s := range c.steps {
		if s.Verdict == diagnose.Failed && s.Name != diagnose.Daemon {
			s.Verdict = diagnose.Warning
		}
	}
}

// conclude sums up.
func (c *chain) conclude() Explanation {
	e := Explanation{LogicalPort: c.in.LogicalPort, Known: c.in.Idle == ""}
	if st := c.in.Status; st != nil {
		e.State, e.Since = st.State, c.in.Since
		e.Plugged = e.Known && st.State == plan.Plugged
	}
	var warned *diagnose.Check
	for _, s := range c.steps {
		e.Steps = append(e.Steps, *s)
		if s.Verdict == diagnose.Failed && e.FailedStep == "" {
			e.FailedStep, e.Why, e.Remedy = s.Name, s.Finding, s.Remedy
		}
		if s.Verdict == diagnose.Warning && warned == nil {
			warned = s
		}
	}
	switch {
	case e.FailedStep != "":
	case warned != nil:
		e.Why, e.Remedy = warned.Finding, warned.Remedy
	case e.Plugged:
		e.Why = "every step is as it should be"
	case c.ours:
		e.Why = "nothing fails; the next pass plugs it"
	default:
		e.Why = "the last pass found nothing that asks this chassis to plug it"
	}
	return e
}

func number[N int | uint32](n N) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
