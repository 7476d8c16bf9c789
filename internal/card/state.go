package card

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

// state is what the stages found last. What it holds is replaced as a whole and
// never modified.
type state struct {
	ports  portList
	links  linkList
	pfMACs map[representor.Uplink]representor.MAC
	// serials are what devlink says, empty for an instance that was asked and tells none;
	// vpd is what the cards of those say.
	serials map[devlink.Handle]toldSerial
	vpd     map[devlink.Handle]vpdAnswer
	// settings say whose VPD is wanted.
	settings representor.Settings
}

// reading is how the last read of a source went.
type reading struct {
	// err is why the source could not be read in full, nil if it could.
	err error
	// problem says, for an operator, why nothing may be concluded from what is missing
	// now, empty if that may be.
	problem string
	// doubt says what had to be left out, empty if nothing; leftOut counts that.
	doubt   string
	leftOut int
}

// readingOf tells a warning that came with an answer from a failure.
func readingOf(err error) reading {
	var malformed *netlinkio.MalformedError
	if errors.As(err, &malformed) {
		return reading{doubt: malformed.Error(), leftOut: malformed.Count}
	}
	return reading{err: err}
}

// failed is that of a source that could not be read, and of which something may be known
// from before.
func failed(what string, err error, known bool) reading {
	if known {
		what += ", what is shown was read before"
	}
	return reading{err: err, problem: what + ": " + err.Error()}
}

// card joins what the stages found.
func (s *state) card() representor.Card {
	problem := join(s.ports.problem, s.links.problem)
	return representor.Card{
		Ports:    s.ports.ports,
		Links:    s.links.links,
		PFMACs:   s.pfMACs,
		Serials:  s.cardSerials(),
		Complete: problem == "",
		Problem:  cmp.Or(problem, join(s.ports.doubt, s.links.doubt)),

		LinksComplete: s.links.problem == "",
		LinksProblem:  join(s.links.problem, s.links.doubt),
		Blind:         s.ports.blind,
		MayLackPFs:    s.ports.mayLackPFs,
	}
}

func join(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), "; ")
}

// equal reports whether two cards say the same. Both list their ports in one order.
func equal(a, b representor.Card) bool {
	return a.Complete == b.Complete && a.MayLackPFs == b.MayLackPFs && a.Problem == b.Problem &&
		a.LinksComplete == b.LinksComplete && a.LinksProblem == b.LinksProblem && maps.Equal(a.Blind, b.Blind) &&
		slices.EqualFunc(a.Ports, b.Ports, equalPorts) &&
		maps.Equal(a.Links, b.Links) && maps.Equal(a.PFMACs, b.PFMACs) && maps.Equal(a.Serials, b.Serials)
}

func equalPorts(a, b devlink.Port) bool {
	fa, fb := a.Function, b.Function
	a.Function, b.Function = nil, nil
	return a == b && (fa == nil) == (fb == nil) &&
		(fa == nil || fa.State == fb.State && fa.OpState == fb.OpState && slices.Equal(fa.HWAddr, fb.HWAddr))
}

// handles lists the instances that have ports, sorted.
func handles(ports []devlink.Port) []devlink.Handle {
	seen := map[devlink.Handle]bool{}
	for i := range ports {
		seen[ports[i].Handle] = true
	}
	return sortedHandles(seen)
}

func sortedHandles[T any](of map[devlink.Handle]T) []devlink.Handle {
	return slices.SortedFunc(maps.Keys(of), devlink.Handle.Compare)
}

// sortedIDs sorts ports, without doubles.
func sortedIDs(ids []devlink.PortID) []devlink.PortID {
	slices.SortFunc(ids, devlink.PortID.Compare)
	return slices.Compact(ids)
}

// Problems of sources that were not read for the first time yet.
const (
	portsUnread = "devlink has not been read yet"
	linksUnread = "the network devices have not been listed yet"
)

// unread tells that nothing is wrong but that a source was not read yet, as at every start.
func (s *state) unread() bool {
	ports, links := s.ports.problem, s.links.problem
	return (ports == portsUnread || links == linksUnread) && (ports == "" || ports == portsUnread) && (links == "" || links == linksUnread)
}
