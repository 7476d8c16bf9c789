package chaos

import (
	"fmt"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
)

// scene is everything at one moment.
type scene struct {
	bridge   string
	requests map[string]invariants.Request
	card     invariants.Card
	rows     []invariants.Row
	ports    []api.Port
}

// unsettled says what is not as it must be once everything runs and has had its
// time, "" if all is.
func (s scene) unsettled() string {
	functions := map[string]string{}
	for _, r := range s.rows {
		switch {
		case r.Function == "" || r.Bridge != s.bridge:
			continue
		case functions[r.Function] != "":
			return fmt.Sprintf("%s is plugged as %s and as %s", r.Function, functions[r.Function], r.Name)
		}
		functions[r.Function] = r.Name
		if _, known := s.requests[r.LogicalPort]; !known {
			return fmt.Sprintf("%s is plugged for %s, which never was", r.Name, r.LogicalPort)
		}
	}
	for lport, r := range s.requests {
		if problem := s.port(lport, r); problem != "" {
			return lport + ": " + problem
		}
	}
	return ""
}

// rowsOf are representord's rows for a port.
func (s scene) rowsOf(lport string) []invariants.Row {
	var rows []invariants.Row
	for _, r := range s.rows {
		if r.Bridge == s.bridge && r.LogicalPort == lport {
			rows = append(rows, r)
		}
	}
	return rows
}

func (s scene) state(lport string) plan.State {
	for _, p := range s.ports {
		if p.LogicalPort == lport {
			return p.State
		}
	}
	return ""
}

func (s scene) port(lport string, r invariants.Request) string {
	rows, state := s.rowsOf(lport), s.state(lport)
	if len(rows) > 1 {
		return fmt.Sprintf("it has %d rows", len(rows))
	}
	want := func(holds bool) string {
		if holds {
			return ""
		}
		return fmt.Sprintf("it asks %+v, is %q and has the rows %v", r, state, rows)
	}
	switch r.Kind {
	case invariants.Nothing:
		return want(len(rows) == 0 && state == "")
	case invariants.Invalid: // what is plugged stays
		return want(state == plan.Invalid || len(rows) == 1 && state == plan.Held)
	case invariants.Keeps:
		return want(len(rows) == 1 && state == plan.Held || len(rows) == 0 && state == "")
	case invariants.Asks:
		if len(rows) == 0 {
			return want(s.unplugged(lport, r, state))
		}
		return want(s.plugged(rows[0], r, state))
	}
	return want(false)
}

// plugged: the row that a port has is right, and its state tells how it is.
func (s scene) plugged(row invariants.Row, r invariants.Request, state plan.State) bool {
	if row.Request == "" && s.card.Find(r) == "" {
		// An operator took from it what it was made for, and the card can't tell either
		// whether that is what is asked: it stays as it is.
		return state == plan.Pending && row.IfaceID == row.LogicalPort
	}
	if !r.Describes(row.Marks) || row.IfaceID != row.LogicalPort {
		return false
	}
	switch f := s.card.Find(r); f {
	case row.Function:
	case "": // ambiguous, or not there: what is plugged for this request stays
	default: // it means another function by now: what is plugged stays until that one can be
		return s.unplugged(row.LogicalPort, r, state)
	}
	netdev := s.card.VFs[row.Function]
	if netdev.Name == "" { // it stays for when the netdev is back
		return state == plan.Pending
	}
	if row.Name != netdev.Name && s.obstructed(row.LogicalPort, netdev.Name) {
		return state == plan.Conflict // it can't follow the netdev to that name
	}
	return state == plan.Plugged && carries(row, netdev)
}

// carries: a row is open for a netdev, under its name.
func carries(row invariants.Row, netdev invariants.Netdev) bool {
	return !row.Parked && row.Name == netdev.Name && row.IfIndex == netdev.IfIndex && row.Ofport > 0
}

// unplugged: a port that asks has no row, for a reason that there is.
func (s scene) unplugged(lport string, r invariants.Request, state plan.State) bool {
	f := s.card.Find(r)
	if state == plan.Conflict && (s.taken(f) || s.claimed(lport, f)) {
		return true
	}
	netdev := s.card.VFs[f]
	if netdev.Name == "" {
		return state == plan.Pending
	}
	return state == plan.Conflict && s.obstructed(lport, netdev.Name)
}

// claimed: of those that ask for a function which none of them has, another one gets it, now or
// when it is there: the one with the smallest name, or before that the one whose row for it
// leaked. The latter nothing of this moment tells, but that it waits for the function.
func (s scene) claimed(lport, f string) bool {
	for other, r := range s.requests {
		waits := s.state(other) == plan.Pending && len(s.rowsOf(other)) == 0
		if f != "" && other != lport && r.Kind == invariants.Asks && s.card.Find(r) == f && (other < lport || waits) {
			return true
		}
	}
	return false
}

// taken: another port has the function.
func (s scene) taken(f string) bool {
	for _, r := range s.rows {
		if r.Bridge == s.bridge && f != "" && r.Function == f {
			return true
		}
	}
	return false
}

// obstructed: somebody else's row has the name or the iface-id.
func (s scene) obstructed(lport, name string) bool {
	for _, r := range s.rows {
		if r.Function == "" && (r.Name == name || r.IfaceID == lport) {
			return true
		}
	}
	return false
}
