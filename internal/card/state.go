package card

import (
	"maps"
	"slices"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// state is what the readers found last. What it holds is replaced as a whole and
// never modified.
type state struct {
	ports  part[[]devlink.Port]
	links  part[map[uint32]representor.Link]
	pfMACs map[representor.Uplink]representor.MAC
	// serials are what devlink says, empty for an instance that was asked and tells none;
	// vpd is what the cards of those say.
	serials map[devlink.Handle]toldSerial
	vpd     map[devlink.Handle]vpdAnswer
	// settings say whose VPD is wanted.
	settings representor.Settings
}

// part is what one reader found.
type part[T any] struct {
	// value is what was found the last time that it could be read.
	value T
	// problem says why it could not be read now, empty if it could.
	problem string
	// doubt says what had to be left out, empty if nothing.
	doubt string
	// blind holds the instances that could not be read, though the source could.
	blind map[devlink.Handle]string
	// mayLackPFs is true when that may be the port of a PF.
	mayLackPFs bool
}

// card joins the parts.
func (s state) card() representor.Card {
	c := representor.Card{
		Ports:    s.ports.value,
		Links:    s.links.value,
		PFMACs:   s.pfMACs,
		Serials:  serialsOf(s.serials, s.vpd, wantedVPD(s.ports.value, s.serials, s.settings)),
		Complete: s.ports.problem == "" && s.links.problem == "",

		LinksComplete: s.links.problem == "",
		LinksProblem:  join(s.links.problem, s.links.doubt),
		Blind:         s.ports.blind,
		MayLackPFs:    s.ports.mayLackPFs,
	}
	c.Problem = join(s.ports.problem, s.links.problem)
	if c.Complete {
		c.Problem = join(s.ports.doubt, s.links.doubt)
	}
	return c
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
	if a != b || (fa == nil) != (fb == nil) {
		return false
	}
	return fa == nil || fa.State == fb.State && fa.OpState == fb.OpState && slices.Equal(fa.HWAddr, fb.HWAddr)
}

// handles lists the instances that have ports, sorted.
func handles(ports []devlink.Port) []devlink.Handle {
	seen := map[devlink.Handle]bool{}
	for i := range ports {
		seen[ports[i].Handle] = true
	}
	return sortedHandles(seen)
}

func sortedHandles(set map[devlink.Handle]bool) []devlink.Handle {
	return slices.SortedFunc(maps.Keys(set), devlink.Handle.Compare)
}

// Problems of sources that were not read for the first time yet.
const (
	portsUnread = "devlink has not been read yet"
	linksUnread = "the network devices have not been listed yet"
)

// unread tells that nothing is wrong but that a source was not read yet, as at every start.
func (s state) unread() bool {
	ports, links := s.ports.problem, s.links.problem
	return (ports == portsUnread || links == linksUnread) && (ports == "" || ports == portsUnread) && (links == "" || links == linksUnread)
}
