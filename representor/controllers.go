package representor

import (
	"strings"

	"github.com/representord/representord/devlink"
)

// WithController gives a function's canonical text as it is here for one that may be
// from a kernel that numbered no controllers. It is the text itself where the card has
// such a function still, or where it isn't certain which one is meant.
//
// It is certain if one function agrees in instance, PF, kind and number, and no other
// controller has a PF of that number: of two hosts' VFs, the one that is there now need
// not be the one that was there then. An SF counts only among SFs, since a DPU has SFs
// of its own below the number of a host's PF.
//
// An SF of which the kernel doesn't say whose it is may also have been called as another's,
// while its PF couldn't be seen: that it is the same one is always certain.
func (x *Index) WithController(canonical string) string {
	if _, known := x.functions[canonical]; known {
		return canonical
	}
	if now, ok := x.unsaid[canonical]; ok {
		return now
	}
	if !x.complete || x.mayLackPFs || !strings.Contains(canonical, " pf") {
		return canonical
	}
	x.numbering.Do(x.findNumbered)
	if numbered, ok := x.numbered[canonical]; ok {
		return numbered
	}
	return canonical
}

// MayBe reports whether a function may be the one that a canonical text names, which may
// be from a kernel that numbered no controllers: it is, or what WithController can't
// tell for want of knowledge leaves it possible. So false proves that it isn't, also from
// an index that is not complete.
func (x *Index) MayBe(canonical string, f Function) bool {
	if known := x.WithController(canonical); known == f.String() {
		return true
	}
	if x.complete && !x.mayLackPFs {
		return false
	}
	return withoutController(f).String() == canonical
}

// Unnumbered is what a kernel that numbers no controllers calls a function; false where that
// text is this one's for certain, or another's.
func (x *Index) Unnumbered(f Function) (canonical string, may bool) {
	text := withoutController(f).String()
	return text, x.WithController(text) != f.String() && x.MayBe(text, f)
}

// withoutController is what a kernel that numbers no controllers calls a function. Such
// kernels don't say whose it is either.
func withoutController(f Function) Function {
	f.Controller, f.External = devlink.Optional[uint32]{}, true
	return f
}

// findNumbered fills Index.numbered.
func (x *Index) findNumbered() {
	type group struct {
		uplink Uplink
		sf     bool
	}
	of := func(f Function) group {
		return group{uplink: Uplink{Handle: f.Handle, Number: uint32(f.PF)}, sf: f.Kind == SF}
	}
	parents, several := map[group]Function{}, map[group]bool{}
	for i := range x.reps {
		f := x.reps[i].Function
		if other, ok := parents[of(f)]; ok && other != f.parent() {
			several[of(f)] = true
		}
		parents[of(f)] = f.parent()
	}
	x.numbered = map[string]string{}
	for i := range x.reps {
		f := x.reps[i].Function
		if several[of(f)] || !f.Controller.Present {
			continue
		}
		x.numbered[withoutController(f).String()] = f.String()
	}
}
