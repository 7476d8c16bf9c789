package representor

import (
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// Lookup finds the representor of the function that a query names.
//
// Without a Reason it was found, and its netdev is there, settled and Ethernet:
// it may be plugged. With a Reason it may not. When the function is certain all
// the same and only its netdev is wanting (CodeNoNetdev, CodeNetdevSettling,
// CodeNotEthernet, CodeNetdevHasMaster, a disputed netdev), the Representor is filled in; otherwise
// its Function.Kind is 0.
//
// Where more than one answer is possible none is given, and the Reason names them
// all. Where the Card is not complete no answer is final, neither that there is
// no such function nor that there is only one: the Reason is CodeNoDevlink, as it is
// for every function of an instance that can't be read now. Where the Card may lack PFs,
// as it does while any instance can't be read, a MAC alone leads to none
// (CodePFUncertain); together with a controller or a card's serial number it does.
func (x *Index) Lookup(q Query) (Representor, *reason.Reason) {
	if !x.card.Complete {
		return Representor{}, x.incomplete(q)
	}
	parent, why := x.lookupPF(q)
	if why != nil {
		return Representor{}, why
	}
	if problem, blind := x.card.Blind[parent.function.Handle]; blind {
		return Representor{}, x.instanceBlind(q, parent, problem)
	}
	if ports := x.find(parent.function); len(ports) > 1 {
		return Representor{}, x.functionAmbiguous(q, ports)
	}
	if ports := x.maybeSF(q, parent); len(ports) > 0 {
		return Representor{}, x.sfUncertain(q, ports)
	}
	f := q.below(parent)
	switch ports := x.find(f); len(ports) {
	case 0:
		return Representor{}, x.functionNotFound(q, parent, f)
	case 1:
		return ports[0], x.WhyNoNetdev(ports[0])
	default:
		return Representor{}, x.functionAmbiguous(q, ports)
	}
}

// below is the function that a query means below a PF.
func (q Query) below(parent pf) Function {
	f := parent.function
	f.Kind, f.Number = q.Kind, q.Number
	if q.Kind == PF {
		f.Number = 0
	}
	return f
}

// printedBits are those of an SF's number that devlink(8) prints.
const printedBits = 16

// maybeSF gives the ports of which nothing but the lower bits of their SF's number is
// known, if these are those that a query asks for. A number of more bits anywhere shows
// that whatever printed them prints all.
func (x *Index) maybeSF(q Query, parent pf) []Representor {
	whole := func(r Representor) bool { return r.Function.Kind == SF && r.Function.Number>>printedBits != 0 }
	if !x.card.PortsOnly || q.Kind != SF || slices.ContainsFunc(x.reps, whole) {
		return nil
	}
	f := parent.function
	f.Kind, f.Number = SF, q.Number&(1<<printedBits-1)
	return x.find(f)
}

// Meant is the function that a query means, whether the card has a port for it at present or
// not; false while the card doesn't tell which PF is meant.
func (x *Index) Meant(q Query) (Function, bool) {
	if !x.card.Complete {
		return Function{}, false
	}
	parent, why := x.lookupPF(q)
	if why != nil {
		return Function{}, false
	}
	return q.below(parent), true
}

// MayMean reports whether a function is what a query means below one of the PFs that have the
// MAC asked for, of which there may be several: below none that is certainly another
// controller's, another card's or our own machine's. The function may be named as a kernel names it
// that numbers no controllers, see MayBe.
func (x *Index) MayMean(q Query, f Function) bool {
	return slices.ContainsFunc(x.pfs, func(p pf) bool {
		s := x.standing(q, p.function)
		return p.mac == q.PFMAC && (s == admitted || s == anyCard) && x.MayBe(f, q.below(p))
	})
}

// Excludes reports whether a query can't mean a function, whatever else the card can't tell: its PF is listed with
// another MAC, and not with this one as well.
func (x *Index) Excludes(q Query, f Function) bool {
	listed := false
	for _, p := range x.pfs {
		if q.below(p) == f {
			listed = listed || !p.mac.IsZero()
			if p.mac == q.PFMAC {
				return false
			}
		}
	}
	return listed
}

// Unseen says why a query may mean a function that was found for it before, though another one is
// found now: that function's PF isn't listed while ports can't be read, or its MAC isn't known. It
// is nil where that can't be: the PF is listed with its MAC, nothing is lacking, or the query
// excludes the function's card, controller, kind or number. A function without controller may be
// from a kernel that numbered none, and is below whichever PF of that number is admitted.
func (x *Index) Unseen(q Query, f Function) *reason.Reason {
	if !x.card.Complete || f.Kind != q.Kind || f.Number != q.below(pf{}).Number {
		return nil
	}
	own := x.ownPFs(q, f)
	switch i := slices.IndexFunc(own, func(p pf) bool { return p.mac.IsZero() }); {
	case slices.ContainsFunc(own, func(p pf) bool { return p.mac == q.PFMAC }):
		return nil
	case i >= 0 && (len(x.find(f)) > 0 || x.card.MayLackPFs): // it is listed, or may be among the ports that can't be read
		return x.pfUnseen(reason.CodePFMACUnknown, q, f, "whose PF's MAC isn't known now", x.tellMAC(own[i:i+1]))
	case len(own) > 0, !x.card.MayLackPFs:
		return nil
	}
	parent := f.parent()
	if !parent.Controller.Present {
		parent.Controller = q.Controller
	}
	if s := x.standing(q, parent); s != admitted && s != anyCard {
		return nil
	}
	return x.pfUnseen(reason.CodePFUncertain, q, f, "whose PF is among the ports that can't be read", reason.Prose(x.short())+"; "+seeThePorts)
}

// ownPFs are the listed PFs that a function may be below, of those that a query admits.
func (x *Index) ownPFs(q Query, f Function) []pf {
	var own []pf
	for _, p := range x.pfs {
		same := p.function == f.parent() || !f.Controller.Present && withoutController(p.function) == f.parent()
		if s := x.standing(q, p.function); same && (s == admitted || s == anyCard) {
			own = append(own, p)
		}
	}
	return own
}

// MayLackPFs reports whether a PF may be among the ports that can't be read, so that another one
// may have a MAC as well.
func (x *Index) MayLackPFs() bool { return x.card.MayLackPFs }

// standing is what a query says of a PF, its MAC apart.
type standing uint8

const (
	admitted standing = iota
	// anyCard: its card's serial number isn't known, and one was asked for.
	anyCard
	// otherCard: its card has another serial number than asked for.
	otherCard
	// otherController: it is on another controller than asked for.
	otherController
	// ownMachine: it is a function of our own machine, which isn't admitted.
	ownMachine
	standings
)

func (x *Index) standing(q Query, f Function) standing {
	serial, known := x.serial(f.Handle)
	switch {
	case !x.candidate(f):
		return ownMachine
	case q.Controller.Present && f.Controller != devlink.Some(q.Controller.Value):
		return otherController
	case q.CardSerial == "" || serial == q.CardSerial:
		return admitted
	case known:
		return otherCard
	}
	return anyCard
}

// lookupPF finds the one PF with the MAC asked for.
func (x *Index) lookupPF(q Query) (pf, *reason.Reason) {
	if q.PFMAC.IsZero() {
		return pf{}, x.macZero(q)
	}
	var found [standings][]pf // those with the MAC
	var unknown []pf          // those that may have it
	for _, p := range x.pfs {
		s := x.standing(q, p.function)
		switch {
		case p.mac == q.PFMAC:
			found[s] = append(found[s], p)
		case p.mac.IsZero() && (s == admitted || s == anyCard):
			unknown = append(unknown, p)
		}
	}
	// A card whose serial number isn't known may be the one asked for as well.
	possible := slices.Concat(found[admitted], found[anyCard])
	switch {
	// Entries for one PF, which several ports then claim, are told apart later.
	case slices.ContainsFunc(possible, func(p pf) bool { return p.function != possible[0].function }):
		return pf{}, x.pfAmbiguous(q, possible)
	case len(found[admitted]) > 0 && x.card.MayLackPFs && (!q.Controller.Present && q.CardSerial == "" || x.hasTwin(q, unknown)):
		return pf{}, x.pfUncertain(q, found[admitted])
	case len(found[admitted]) > 0:
		return found[admitted][0], nil
	}
	return pf{}, x.noPF(q, found, unknown)
}

// hasTwin reports whether a PF whose MAC devlink doesn't tell has the MAC asked for by the word of
// Card.PFMACs, which isn't taken while PFs may be missing, see addPFMACs, and isn't disproved by that.
func (x *Index) hasTwin(q Query, unknown []pf) bool {
	return slices.ContainsFunc(unknown, func(p pf) bool {
		return p.function.External && x.card.PFMACs[Uplink{Handle: p.function.Handle, Number: uint32(p.function.PF)}] == q.PFMAC
	})
}

// noPF says why none of those that have the MAC, or may have it, is meant.
func (x *Index) noPF(q Query, found [standings][]pf, unknown []pf) *reason.Reason {
	switch {
	case len(found[anyCard]) > 0:
		return x.serialUnknown(q, found[anyCard])
	case q.CardSerial != "" && x.otherCardsOnly(q.CardSerial), len(found[otherCard]) > 0:
		return x.serialMismatch(q, found[otherCard])
	case len(unknown) > 0:
		return x.macUnknown(q, unknown)
	case len(found[otherController]) > 0:
		return x.otherController(q, found[otherController])
	case x.card.MayLackPFs && len(found[ownMachine]) == 0:
		return x.pfUncertain(q, nil)
	}
	return x.pfNotFound(q, found[ownMachine])
}

// candidate reports whether a function may be asked for: the hosts' always, our
// own machine's only by setting.
func (x *Index) candidate(f Function) bool { return f.External || x.settings.LocalFunctions }

// serial is the board serial number of an instance, false when it isn't known.
func (x *Index) serial(h devlink.Handle) (string, bool) {
	s := x.card.Serials[h].Number
	return s, s != ""
}

// otherCardsOnly reports whether every instance that could have the function has
// a known serial number, and another one than this.
func (x *Index) otherCardsOnly(serial string) bool {
	handles := x.handles()
	return len(handles) > 0 && !slices.ContainsFunc(handles, func(h devlink.Handle) bool {
		s, known := x.serial(h)
		return !known || s == serial
	})
}

// handles gives the devlink instances that have candidate PFs, sorted.
func (x *Index) handles() []devlink.Handle {
	var handles []devlink.Handle
	for _, p := range x.pfs { // sorted by instance first
		if x.candidate(p.function) {
			handles = append(handles, p.function.Handle)
		}
	}
	return slices.Compact(handles)
}

// WhyNoNetdev says why a function's netdev can't be plugged, nil if it can.
func (x *Index) WhyNoNetdev(r Representor) *reason.Reason {
	ifindex, disputed := x.disputes[r.Function]
	switch {
	case disputed:
		return x.netdevDisputed(r, ifindex)
	case r.Type == devlink.TypeNotSet, r.Type == devlink.TypeAuto:
		return x.noNetdev(r)
	case r.Type != devlink.TypeEth:
		return x.notEthernet(r)
	case r.IfIndex == 0:
		return x.noNetdev(r)
	case !r.Link.Settled:
		return x.settling(r)
	case r.Link.Master != "":
		return hasMaster(r)
	}
	return nil
}
