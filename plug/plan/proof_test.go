package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

func TestPlan_RemovesOnlyWithAProof(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		for _, c := range planWith(w.input(), w.truth...).Changes {
			for _, u := range c.Unplug {
				if why := w.proof(c, u.Interface); why != "" {
					t.Fatalf("removes %+v: %s", u.Interface, why)
				}
			}
		}
	})
}

// proof is the second invariant: it returns "" when the row may go.
func (w world) proof(c ovs.Change, r ovs.Interface) string {
	if i := slices.IndexFunc(c.Unplug, func(u ovs.Unplug) bool { return u.Interface.UUID == r.UUID }); !isOurs(r) {
		return w.strangerStays(c, c.Unplug[i])
	}
	if w.leaks(r) != "" {
		return ""
	}
	b := w.truthOf(r.Marker.LogicalPort)
	if b.Disposition == southbound.Asked && b.Request.Invalid == nil && b.Request.Query.String() == r.Marker.Request &&
		!w.hasAnother(r) && w.unseen(r) &&
		!slices.ContainsFunc(c.Plug, func(p ovs.Plug) bool { return w.isFor(r, p.Marker.Function) }) {
		return "the same request stands, and the PF that it was for can't be seen"
	}
	for _, p := range c.Plug {
		if p.IfaceID == r.Marker.LogicalPort && w.isFor(r, p.Marker.Function) {
			return "" // moved
		}
		if p.IfaceID == r.Marker.LogicalPort && w.hasAnother(r) {
			return "" // a second row for the port, whose first one moves
		}
	}
	if w.hold.All {
		return "another Southbound"
	}
	for _, p := range c.Plug {
		found, why := w.index.Lookup(b.Request.Query)
		if why == nil && p.IfaceID == r.Marker.LogicalPort && p.Marker.Function == found.Function.String() {
			return "" // replaced by what is asked for
		}
		// What a row is for whose marks don't tell is nobody's, and its name is the plug's.
		takes := w.isFor(r, p.Marker.Function) || w.marked(r) == "" && r.Name == p.Netdev
		if takes && (b.Disposition != southbound.Asked || b.Request.Invalid != nil || r.Name != p.Netdev || !w.mayMean(b.Request.Query, r) ||
			w.meansAnother(b.Request.Query, r)) && w.asksFor(p) {
			return "" // only kept, or under a name of the past: makes room for a request
		}
	}
	switch {
	case !w.view.Complete || !w.view.Connected:
		return "the Southbound is not trusted"
	case b.Disposition == southbound.Kept && (w.view.ChassisKnown || b.Additional || w.mayMean(b.Request.Query, r)):
		return "the Southbound says it stays"
	case !w.view.ChassisKnown && (b.Disposition == southbound.Gone || b.Disposition == southbound.Withdrawn):
		return "our Chassis row is missing"
	case b.Disposition == southbound.Asked && b.Request.Invalid != nil:
		return "what it asks for can't be read"
	case w.hasAnother(r):
		return "" // a second row for the port
	case b.Disposition == southbound.Asked && w.mayMean(b.Request.Query, r):
		return "it is still asked for"
	case w.hold.Grace && !w.hold.Graced[r.Marker.LogicalPort]:
		return "it may be asked for again in a moment"
	}
	return ""
}

// unseen tells whether a row is for a function of a PF that isn't listed, on a card that may lack one.
func (w world) unseen(r ovs.Interface) bool {
	f := called(w.marked(r))
	q, err := representor.ParseQuery(r.Marker.Request)
	if err != nil || f.Kind != q.Kind || f.Number != q.Number || q.Controller.Present && q.Controller != f.Controller {
		return false // it isn't what it was made for
	}
	f.Kind, f.Number = representor.PF, 0
	_, listed := w.index.ByFunction(f)
	complete, _ := w.index.Complete()
	return f.Controller.Present && complete && !w.whole && !listed
}

// asksFor reports whether the Southbound asks for what a plug is for.
func (w world) asksFor(p ovs.Plug) bool {
	b := w.truthOf(p.IfaceID)
	found, why := w.index.Lookup(b.Request.Query)
	if b.Disposition != southbound.Asked || b.Request.Invalid != nil {
		return false
	}
	for _, r := range w.actual.Interfaces { // or has it already, and the card can't tell at present
		keeps := w.mayMean(b.Request.Query, r) || w.unseen(r) && inOtherWords(b.Request.Query, r)
		if r.Marker.LogicalPort == p.IfaceID && w.marked(r) == p.Marker.Function && keeps {
			return true
		}
	}
	return why == nil && found.Function.String() == p.Marker.Function
}

// inOtherWords tells whether a request differs from the one that a row was made for in its qualifiers alone.
func inOtherWords(q representor.Query, r ovs.Interface) bool {
	made, err := representor.ParseQuery(r.Marker.Request)
	q.Controller, q.CardSerial = made.Controller, made.CardSerial
	return err == nil && q == made
}

// has reports whether a port has a row that is marked for a function.
func (w world) has(lport, function string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(w.actual.Interfaces)), func(r ovs.Interface) bool {
		return isOurs(r) && r.LogicalPort() == lport && r.Marker.Function == function
	})
}

// hasAnother reports whether the port of a row has another row.
func (w world) hasAnother(r ovs.Interface) bool {
	for name, o := range w.actual.Interfaces {
		if name != r.Name && o.Marked && o.Bridge == "br-int" && o.Marker.LogicalPort == r.Marker.LogicalPort {
			return true
		}
	}
	return false
}

// mayMean tells whether a request may be for what the row is plugged for: it is the
// row's own, or is found to name the row's function, or differs from the row's own in
// its qualifiers alone while the card doesn't tell what they mean.
func (w world) mayMean(q representor.Query, r ovs.Interface) bool {
	_, why := w.index.Lookup(q)
	if f, known := w.index.Meant(q); q.String() == r.Marker.Request || known && f.String() == w.marked(r) {
		return true
	}
	bare := testcard.VFQuery(int(q.PFMAC[5]-testcard.PFMAC(0)[5]), int(q.Number)).String()
	if f, known := w.index.ByFunction(called(w.marked(r))); known && q.Controller.Present && f.Function.Controller.Present &&
		f.Function.Controller != q.Controller {
		return false
	}
	open := why != nil && (why.Code == reason.CodeNoDevlink || why.Code == reason.CodeSerialUnknown ||
		why.Code == reason.CodePFMACUnknown || why.Code == reason.CodePFUncertain)
	if why != nil && why.Code == reason.CodePFAmbiguous { // several PFs have the MAC
		open = slices.ContainsFunc(why.Candidates, func(pf string) bool { return w.marked(r) == fmt.Sprintf("%svf%d", pf, q.Number) })
	}
	return open && strings.HasPrefix(r.Marker.Request+" ", bare+" ")
}

// meansAnother tells whether a request is for another function than the row, for certain.
func (w world) meansAnother(q representor.Query, r ovs.Interface) bool {
	f, known := w.index.Meant(q)
	return known && w.marked(r) != "" && f.String() != w.marked(r)
}

// leaks looks at the card itself for a function that the row isn't for, or something that
// is no function at all, and that has a netdev under the row's name, or one that
// ovs-vswitchd has open there. Where the names of netdevs aren't known it says nothing.
func (w world) leaks(r ovs.Interface) string {
	if !w.named {
		return ""
	}
	right := func(f representor.Function) bool { return f.String() == w.marked(r) }
	asked, meant, unnamed := w.unnamed(r)
	if lostFunction(r) && !unnamed {
		has, ok := w.index.ByNetdev(r.Name)
		if !ok {
			return "" // nothing says what it is for
		}
		right = func(f representor.Function) bool { return f == has.Function }
	}
	if unnamed && meant.Kind == 0 {
		right = func(f representor.Function) bool {
			return f.Number == asked.Number && (!asked.Controller.Present || asked.Controller.Value == 1)
		}
	}
	for _, d := range w.devs {
		f := testcard.VF(d.PF, d.VF)
		if d.IfIndex != 0 && !right(f) && (d.Name == r.Name || d.IfIndex == r.IfIndex && r.Ofport > 0) {
			return f.String()
		}
	}
	// While its function has the name. What a marker without a controller means can't be
	// told by a card that can't be read: what is no function must then have been open for
	// some seconds, as below.
	tells := w.marked(r) != "" && (w.whole || w.marked(r) == r.Marker.Function) || lostFunction(r) && !unnamed
	for _, d := range w.devs {
		if tells && d.IfIndex != 0 && d.Name == r.Name && w.odd.name != "" && w.odd.ifindex == r.IfIndex && r.Ofport > 0 {
			return "what is no function"
		}
	}
	if o := w.odd; o.name != "" && (o.name == r.Name || o.ifindex == r.IfIndex && r.Ofport > 0) &&
		(o.uplink || w.unclaimed[unclaimedIn(r, o.ifindex)]) {
		return "what is no function"
	}
	return ""
}
