package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// world is a state that a plan may find, drawn at random: far more mixed than
// any real one, so that few names meet many functions.
type world struct {
	devs  []testcard.Netdev // with a netdev or without, but each a devlink port
	whole bool              // the index is complete, and lacks no PF
	named bool              // netdevs are known, whatever is known of ports
	odd   oddNetdev
	// second: another host has a PF 0, so that what was called pf0 before need not be the first's;
	// while PFs may be lacking it is left open.
	second bool
	// unclaimed are netdevs of nobody's that rows have had for some seconds, as Input.Unclaimed names them.
	unclaimed map[string]bool
	index     *representor.Index
	view      southbound.View
	truth     []southbound.Binding
	actual    ovs.View
	hold      Hold
	adopt     bool
	taken     map[string]bool
	left      map[string]bool // bridges that were ours
	starting  bool
	absent    map[string]bool // by uuid of a row
}

func lports() []string { return []string{"a", "b", "c", "d"} }

func drawWorld(t *rapid.T) world {
	var w world
	names := rapid.Permutation([]string{"n0", "n1", "n2", "n3"}).Draw(t, "names")
	for vf := range 4 {
		d := testcard.Netdev{PF: vf / 2, VF: vf % 2, Name: names[vf], IfIndex: uint32(10 + vf)}
		switch rapid.IntRange(0, 9).Draw(t, fmt.Sprintf("netdev %d", vf)) {
		case 0: // not there at all
			continue
		case 1:
			d.IfIndex = 0
		case 2:
			d.Unready = true
		case 3:
			d.Down = true
		case 4:
			d.Master = "br0"
		}
		w.devs = append(w.devs, d)
	}
	w.odd = drawOdd(t)
	w.index, w.whole, w.named = w.drawIndex(t)
	_, w.second = w.index.LinkByIfIndex(30)
	var seen []southbound.Binding
	for _, l := range lports() {
		b := drawBinding(t, l)
		w.truth = append(w.truth, b)
		if b.Disposition != southbound.Gone && rapid.IntRange(0, 4).Draw(t, l+" in view") > 0 {
			seen = append(seen, b)
		}
	}
	w.view = plantest.Trusted(seen...)
	switch rapid.IntRange(0, 7).Draw(t, "trust") {
	case 0:
		w.view.Connected = false
	case 1:
		w.view.Complete = false
	case 2:
		w.view.ChassisKnown = false
	}
	w.hold = Hold{All: rapid.IntRange(0, 5).Draw(t, "other Southbound") == 0, Waited: map[string]bool{}}
	w.hold.Grace, w.hold.Graced, w.hold.Lately = rapid.Bool().Draw(t, "grace"), map[string]bool{}, map[string]bool{}
	for _, l := range lports() {
		w.hold.Waited[l] = rapid.Bool().Draw(t, l+" has waited")
		w.hold.Graced[l] = rapid.Bool().Draw(t, l+" has had its grace")
		w.hold.Lately[l] = rapid.IntRange(0, 5).Draw(t, l+" moved lately") == 0
	}
	rows := drawRows(t)
	for i := range rows {
		if r := &rows[i]; r.Marked && rapid.IntRange(0, 2).Draw(t, r.Name+" was made for what is asked") == 0 {
			w.makeFor(r)
		}
	}
	w.actual = plantest.BridgeWith(rows...)
	w.unclaimed = map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.actual.Interfaces)) {
		w.unclaimed[unclaimedIn(w.actual.Interfaces[name], w.odd.ifindex)] = rapid.Bool().Draw(t, name+" has been unclaimed")
	}
	w.left = map[string]bool{"br-ex": rapid.Bool().Draw(t, "br-ex was ours")}
	w.starting, w.absent = rapid.Bool().Draw(t, "starting"), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(w.actual.Interfaces)) {
		w.absent[w.actual.Interfaces[name].UUID] = rapid.Bool().Draw(t, name+"'s function has been away")
	}
	w.hold.Lost = map[representor.Function]string{}
	for vf := range 4 {
		if f := testcard.VF(vf/2, vf%2); rapid.IntRange(0, 3).Draw(t, f.String()+" was lost") == 0 {
			w.hold.Lost[f] = rapid.SampledFrom(lports()).Draw(t, f.String()+" was lost by")
		}
	}
	w.adopt, w.taken = rapid.Bool().Draw(t, "adopt"), map[string]bool{}
	for name, r := range w.actual.Interfaces {
		w.taken[r.UUID] = name < "n2"
	}
	return w
}

// makeFor gives a row the words of its port's present request, and what the request meant while the card
// could be read.
func (w world) makeFor(r *ovs.Interface) {
	b := w.truthOf(r.Marker.LogicalPort)
	if b.Disposition == southbound.Gone || b.Request.Invalid != nil {
		return
	}
	q := b.Request.Query
	if q.Controller.Present && q.Controller.Value != 1 || q.CardSerial == "MT2" {
		return // which no card of this world had
	}
	r.Marker.Request = q.String()
	r.Marker.Function = testcard.VF(int(q.PFMAC[5]-testcard.PFMAC(0)[5]), int(q.Number)).String()
}

// oddNetdev is one that is no function's: the card's uplink, or a veth.
type oddNetdev struct {
	name    string // "" for none
	ifindex uint32
	uplink  bool
}

func drawOdd(t *rapid.T) oddNetdev {
	o := oddNetdev{ifindex: 9, uplink: rapid.Bool().Draw(t, "odd netdev is an uplink")}
	if rapid.IntRange(0, 2).Draw(t, "odd netdev") == 0 {
		o.name = rapid.SampledFrom([]string{"old", "odd"}).Draw(t, "odd netdev's name")
	}
	return o
}

func (o oddNetdev) addTo(c *representor.Card) {
	if o.name == "" {
		return
	}
	link := representor.Link{Name: o.name, Up: true, Settled: true}
	if o.uplink {
		c.Ports = append(c.Ports, devlink.Port{Handle: testcard.Handle(), Index: 65535, Type: devlink.TypeEth,
			Flavour: devlink.FlavourPhysical, IfIndex: o.ifindex})
	} else {
		link.Kind = "veth"
	}
	c.Links[o.ifindex] = link
}

// drawIndex makes the index of a card that sometimes can't be read, or doesn't tell
// the MAC of a PF or its serial number, or has two PFs of one MAC, or each with the other's, or may lack PFs, or lacks
// one, or has a second host.
func (w world) drawIndex(t *rapid.T) (x *representor.Index, whole, named bool) {
	card := testcard.Of(w.devs...)
	w.odd.addTo(&card)
	switch rapid.IntRange(0, 11).Draw(t, "card") {
	case 10, 11: // a PF's port can't be read, and the other PF may have its MAC
		if rapid.Bool().Draw(t, "the PFs have one MAC") {
			card.Ports[1].Function = card.Ports[0].Function
		}
		card = lackingFirstPF(card)
	case 0:
		card.Complete, card.Problem = false, "interrupted"
		card.LinksComplete = rapid.Bool().Draw(t, "netdevs are known")
	case 1:
		card.Ports[0].Function.HWAddr = make([]byte, 6)
	case 8:
		card.MayLackPFs = rapid.Bool().Draw(t, "PFs may be lacking")
		pf, vf := card.Ports[0], testcard.Of(testcard.Netdev{PF: 0, VF: 0, IfIndex: 30}).Ports[2]
		pf.Index, vf.Index, pf.Controller, vf.Controller = 2000, 2001, devlink.Some[uint32](2), devlink.Some[uint32](2)
		card.Ports = append(card.Ports, pf, vf)
		card.Links[30] = representor.Link{Name: "second", Up: true, Settled: true}
	case 7:
		card.MayLackPFs = true
	case 6:
		card.MayLackPFs = rapid.Bool().Draw(t, "PFs may be lacking")
		card.Ports[0].Function, card.Ports[1].Function = card.Ports[1].Function, card.Ports[0].Function
	case 5:
		card.Ports[1].Function.HWAddr = card.Ports[0].Function.HWAddr
	case 2, 3, 4:
		card.Serials = map[devlink.Handle]representor.Serial{testcard.Handle(): {Number: "MT1"}}
	}
	return representor.NewIndex(card, representor.Settings{}), card.Complete && !card.MayLackPFs, card.Complete || card.LinksComplete
}

// drawQualifiers adds to a query what it may say beside the PF's MAC and the number.
func drawQualifiers(t *rapid.T, what string, q representor.Query) representor.Query {
	switch rapid.IntRange(0, 9).Draw(t, what+" qualifiers") {
	case 0:
		q.Controller = devlink.Some[uint32](1)
	case 1:
		q.Controller = devlink.Some[uint32](2)
	case 2:
		q.CardSerial = "MT1"
	case 3:
		q.CardSerial = "MT2"
	}
	return q
}

func drawBinding(t *rapid.T, l string) southbound.Binding {
	b := plantest.Asks(l, rapid.IntRange(0, 1).Draw(t, l+" pf"), rapid.IntRange(0, 1).Draw(t, l+" vf"))
	b.Request.Query = drawQualifiers(t, l, b.Request.Query)
	switch rapid.IntRange(0, 9).Draw(t, l+" disposition") {
	case 0:
		return southbound.Binding{LogicalPort: l, Disposition: southbound.Gone, Why: "no such row"}
	case 1:
		return plantest.Classified(b, southbound.Withdrawn)
	case 2:
		return plantest.Classified(b, southbound.Kept)
	case 3:
		return plantest.Invalid(l)
	case 4:
		return additional(b)
	}
	return b
}

func drawRows(t *rapid.T) []ovs.Interface {
	var rows []ovs.Interface
	for _, n := range []string{"n0", "n1", "n2", "n3", "old"} {
		kind := rapid.IntRange(0, 9).Draw(t, "row "+n)
		l := rapid.SampledFrom(lports()).Draw(t, n+" lport")
		switch kind {
		case 0:
			rows = append(rows, plantest.ForeignRow(n, l))
		case 1:
			r := plantest.OurRow(l, n, rapid.IntRange(0, 1).Draw(t, n+" row pf"), rapid.IntRange(0, 1).Draw(t, n+" row vf"),
				uint32(rapid.IntRange(9, 14).Draw(t, n+" ifindex")))
			r.Bridge = "br-ex"
			drawEdits(t, n, &r)
			rows = append(rows, r)
		case 6:
			rows = append(rows, plantest.BuiltIn(n, l))
		case 2, 3, 4, 5:
			r := plantest.OurRow(l, n, rapid.IntRange(0, 1).Draw(t, n+" row pf"), rapid.IntRange(0, 1).Draw(t, n+" row vf"),
				uint32(rapid.IntRange(9, 14).Draw(t, n+" ifindex")))
			drawEdits(t, n, &r)
			rows = append(rows, r)
		}
	}
	return rows
}

// drawEdits makes of a row what a request of other words, an operator, the built-in
// plug provider or an older kernel would.
func drawEdits(t *rapid.T, n string, r *ovs.Interface) {
	switch rapid.IntRange(0, 14).Draw(t, n+" edited") {
	case 12:
		r.Marker.Function = rapid.SampledFrom([]string{"", "x"}).Draw(t, n+" function")
		if rapid.Bool().Draw(t, n+" has lost its request") {
			r.Marker.Request = rapid.SampledFrom([]string{"", "x"}).Draw(t, n+" request")
		}
	case 13:
		r.Marker.Function = ""
		r.Marker.Request = testcard.VFQuery(rapid.IntRange(0, 1).Draw(t, n+" request pf"), rapid.IntRange(0, 1).Draw(t, n+" request vf")).String()
	case 14:
		r.Marker.Request = rapid.SampledFrom([]string{"", "x"}).Draw(t, n+" request alone")
	case 10, 11:
		r.IfaceID, r.Parked = "", rapid.SampledFrom(lports()).Draw(t, n+" parked as")
		r.Ofport, r.IfIndex = -1, 0
	case 0:
		r.IfaceID = "edited"
	case 1:
		r.OVNPlugged = "representor"
	case 2:
		r.Type = "internal"
	case 4:
		r.Southbound = rapid.SampledFrom([]string{"", "SB_Global sb0", "edited"}).Draw(t, n+" southbound")
	case 5:
		r.Marker.Function = unnumbered(r.Marker.Function)
	case 3:
		q := testcard.VFQuery(rapid.IntRange(0, 1).Draw(t, n+" request pf"), rapid.IntRange(0, 1).Draw(t, n+" request vf"))
		r.Marker.Request = drawQualifiers(t, n, q).String()
	}
}

// unnumbered is a function as a kernel that numbers no controllers tells of it.
func unnumbered(function string) string { return strings.Replace(function, " c1pf", " pf", 1) }

// marked is the function that a row's marks mean on this card.
func (w world) marked(r ovs.Interface) string {
	if _, meant, unnamed := w.unnamed(r); unnamed {
		if meant.Kind == 0 {
			return ""
		}
		return meant.String()
	}
	for _, d := range w.devs {
		if f := testcard.VF(d.PF, d.VF).String(); r.Marker.Function == unnumbered(f) && (!w.second || !w.whole || d.PF != 0) {
			return f
		}
	}
	if lostFunction(r) {
		return ""
	}
	return r.Marker.Function
}

// lostFunction tells whether a row's mark names no function.
func lostFunction(r ovs.Interface) bool { return called(r.Marker.Function).Kind == 0 }

// unnamed is what a row was asked for that has lost its function, and the function that this
// means, if the card tells.
func (w world) unnamed(r ovs.Interface) (asked representor.Query, meant representor.Function, ok bool) {
	if !lostFunction(r) {
		return asked, meant, false
	}
	asked, err := representor.ParseQuery(r.Marker.Request)
	meant, _ = w.index.Meant(asked)
	if has := w.carried(r); w.index.MayLackPFs() && has != meant && w.index.Unseen(asked, has) != nil {
		meant = representor.Function{} // its netdev's function may be meant as well, and that one's PF can't be seen
	}
	return asked, meant, err == nil
}

// carried is the function whose netdev is open under a row, or else has its name.
func (w world) carried(r ovs.Interface) representor.Function {
	ifindex, _, _ := w.index.LinkByName(r.Name)
	if _, live := w.index.LinkByIfIndex(r.IfIndex); live && r.IsOpen() {
		ifindex = r.IfIndex
	}
	claim, _ := w.index.ClaimOf(ifindex)
	return claim.Function
}

// isFor tells whether a row is for a function: by its marks, and without any, by what its
// netdev is now.
func (w world) isFor(r ovs.Interface, function string) bool {
	if _, _, unnamed := w.unnamed(r); unnamed || w.marked(r) != "" {
		return w.marked(r) == function
	}
	has, ok := w.index.ByNetdev(r.Name)
	return ok && has.Function.String() == function
}

func (w world) input() Input {
	return Input{Asked: w.view, Index: w.index, Actual: w.actual, Hold: w.hold, Settings: Settings{AdoptOVNVIF: w.adopt},
		TakenByProvider: w.taken,
		Unclaimed:       w.unclaimed, Left: w.left, Starting: w.starting, Absent: w.absent}
}

func (w world) truthOf(l string) southbound.Binding {
	for _, b := range w.truth {
		if b.LogicalPort == l {
			return b
		}
	}
	return southbound.Binding{LogicalPort: l, Disposition: southbound.Gone}
}
