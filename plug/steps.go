package plug

import (
	"maps"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Step is something whose duration is told, see Config.Took.
type Step string

// The steps. All but the last are those of one request, and each request is told of
// once: not after a restart, nor when its row is made again for another reason.
const (
	// StepCommit: from when the Southbound's view showed a request to when the local
	// database had its row. It includes any wait for a function that isn't there yet.
	StepCommit Step = "commit"
	// StepOpen: from then to when ovs-vswitchd had opened the right netdev.
	StepOpen Step = "open"
	// StepInstalled: from then to when ovn-controller had installed the flows, and said so
	// in the row: external_ids:ovn-installed (ovn-controller(8)).
	StepInstalled Step = "ovn-installed"
	// StepUp: from then to when the Southbound said so too, Port_Binding.up. ovn-controller
	// tells both at about the same time (local_binding_set_up in controller/binding.c), so
	// this is next to nothing unless the Southbound is slow.
	StepUp Step = "up"
	// StepPass: one pass, from its start to its report.
	StepPass Step = "pass"
)

// Steps lists the steps in the order of the flow.
func Steps() []Step { return []Step{StepCommit, StepOpen, StepInstalled, StepUp, StepPass} }

// steps measures how requests get on. It is a state machine that is given the clock;
// all of it is the running pass's.
type steps struct {
	took  func(Step, time.Duration)
	ports map[string]*progress
}

// progress is how far one request has got.
type progress struct {
	asked representor.Query
	query string // its canonical text
	stage stage
	since time.Time // when that stage was reached
	// down: Port_Binding.up was false since the row was made. Before, it may be true
	// for a chassis that the port comes from.
	down bool
	// early: the row was said to be installed before the right netdev was open, so the
	// word is about another one.
	early bool
}

// stage is what a request is waiting for.
type stage uint8

const (
	toCommit stage = iota
	toOpen
	toInstall
	toUp
	measured // all there is to measure of it was
)

// seen takes note of requests that are new, and forgets those that are gone. A
// request whose row is there already isn't measured: somebody else made it, or we
// did before we were started.
func (s *steps) seen(since time.Time, asked southbound.View, actual ovs.View) {
	var plugged map[string]string // requests that have a row, by logical port; made when needed
	maps.DeleteFunc(s.ports, func(name string, _ *progress) bool { return !isAsked(asked.Bindings[name]) })
	for name, b := range asked.Bindings {
		if old, known := s.ports[name]; !isAsked(b) || known && old.asked == b.Request.Query {
			continue
		}
		if plugged == nil {
			plugged = requestsOf(actual)
		}
		p := &progress{asked: b.Request.Query, query: b.Request.Query.String(), since: since}
		if plugged[name] == p.query {
			p.stage = measured
		}
		s.ports[name] = p
	}
}

// isAsked reports whether a binding asks for something of us, in words that can be understood.
func isAsked(b southbound.Binding) bool {
	return b.Disposition == southbound.Asked && b.Request.Invalid == nil
}

func requestsOf(actual ovs.View) map[string]string {
	requests := map[string]string{}
	for _, r := range actual.Interfaces {
		if r.Marked {
			requests[r.LogicalPort()] = r.Marker.Request
		}
	}
	return requests
}

// committed takes note of a change that was made.
func (s *steps) committed(now time.Time, c ovs.Change) {
	for _, plug := range c.Plug {
		p, known := s.ports[plug.IfaceID]
		if !known || p.stage != toCommit || p.query != plug.Marker.Request {
			continue
		}
		s.took(StepCommit, now.Sub(p.since))
		p.stage, p.since = toOpen, now
	}
}

// standing takes note of how the ports are after a pass.
func (s *steps) standing(now time.Time, ports []Port) {
	for i := range ports {
		if p, known := s.ports[ports[i].LogicalPort]; known && p.stage != measured {
			s.advance(now, p, &ports[i])
		}
	}
}

func (s *steps) advance(now time.Time, p *progress, status *Port) {
	ours := status.Request == p.query
	opened := status.State == plan.Plugged && ours
	if p.stage == toCommit {
		if opened {
			p.stage = measured // without a plug of ours: a row that was adopted
		}
		return
	}
	p.down = p.down || !status.Up
	installed := status.Installed && ours
	if p.stage == toOpen {
		if !opened {
			p.early = p.early || installed
			return
		}
		s.took(StepOpen, now.Sub(p.since))
		p.stage, p.since = toInstall, now
		if p.early {
			p.stage = measured
		}
	}
	if p.stage == toInstall && installed {
		s.took(StepInstalled, now.Sub(p.since))
		p.stage, p.since = toUp, now
	}
	if p.stage == toUp && status.Up {
		if p.down {
			s.took(StepUp, now.Sub(p.since))
		}
		p.stage = measured
	}
}
