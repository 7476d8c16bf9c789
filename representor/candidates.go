package representor

import (
	"fmt"

	"github.com/representord/representord/internal/reason"
)

// Candidate is a PF of the card as a lookup sees it.
type Candidate struct {
	Function Function
	// MAC is zero while nothing knows it, CardSerial empty while nothing knows it.
	MAC        MAC
	CardSerial string
	// Refused says in a few words why the query doesn't lead to this PF, empty for
	// the one that it leads to.
	Refused string
}

// Candidates gives every PF of the card, sorted by function, each with what keeps
// Lookup from choosing it: the working behind Lookup's answer.
func (x *Index) Candidates(q Query) []Candidate {
	chosen, why := x.lookupPF(q)
	out := make([]Candidate, 0, len(x.pfs))
	for _, p := range x.pfs {
		c := Candidate{Function: p.function, MAC: p.mac}
		c.CardSerial, _ = x.serial(p.function.Handle)
		if why != nil || p != chosen {
			c.Refused = x.refusal(q, p, why)
		}
		out = append(out, c)
	}
	return out
}

// refusal says why a PF was not chosen. What rules it out for good comes first.
func (x *Index) refusal(q Query, p pf, why *reason.Reason) string {
	s := x.standing(q, p.function)
	switch {
	case s == ownMachine:
		return "it is a function of this machine itself, which local-functions does not admit"
	case p.mac != q.PFMAC && !p.mac.IsZero():
		return "it has another MAC"
	case s == otherController:
		return fmt.Sprintf("only controller %d is asked for", q.Controller.Value)
	case s == otherCard:
		return "its card has another serial number than asked for"
	case p.mac.IsZero():
		return "its MAC is not known"
	case s == anyCard:
		return "the serial number of its card is not known"
	case why != nil && why.Code == reason.CodePFAmbiguous:
		return "another PF has this MAC too"
	case why != nil && why.Code == reason.CodePFUncertain:
		return "a PF that can't be read may have this MAC too"
	}
	return "it is listed more than once"
}
