package representor

import "github.com/representord/representord/devlink"

// WithController gives a function as it is called here for one that may be from a kernel
// that numbered no controllers. It is the function itself where the card has such a one
// still, or where it isn't certain which one is meant.
//
// It is certain if one function agrees in instance, PF, kind and number, and no other
// controller has a PF of that number: of two hosts' VFs, the one that is there now need
// not be the one that was there then. An SF counts only among SFs, since a DPU has SFs
// of its own below the number of a host's PF.
//
// An SF of which the kernel doesn't say whose it is may also have been called as another's,
// while its PF couldn't be seen: that it is the same one is always certain.
func (x *Index) WithController(f Function) Function {
	if _, known := x.functions[f]; known {
		return f
	}
	now := f
	now.External = !f.External
	if x.unsaid[now] {
		return now
	}
	if !x.card.Complete || x.card.MayLackPFs || f.Controller.Present {
		return f
	}
	x.numbering.Do(x.findNumbered)
	if numbered, ok := x.numbered[f]; ok {
		return numbered
	}
	return f
}

// MayBe reports whether a function may be the one that was called so, perhaps on a kernel
// that numbered no controllers: it is, or what WithController can't tell for want of
// knowledge leaves it possible. So false proves that it isn't, also from an index that is
// not complete.
func (x *Index) MayBe(was, f Function) bool {
	if x.WithController(was) == f {
		return true
	}
	if x.card.Complete && !x.card.MayLackPFs {
		return false
	}
	return withoutController(f) == was
}

// Unnumbered is what a kernel that numbers no controllers calls a function; false where that
// is this one's for certain, or another's.
func (x *Index) Unnumbered(f Function) (was Function, may bool) {
	was = withoutController(f)
	return was, x.WithController(was) != f && x.MayBe(was, f)
}

// withoutController is what a kernel that numbers no controllers calls a function. Such
// kernels don't say whose it is either.
func withoutController(f Function) Function {
	f.Controller, f.External = devlink.Optional[uint32]{}, true
	return f
}

// findNumbered fills Index.numbered.
func (x *Index) findNumbered() {
	group := func(f Function) Function {
		g := withoutController(f.parent())
		if f.Kind == SF {
			g.Kind = SF
		}
		return g
	}
	parents := map[Function]Function{}
	for i := range x.reps {
		f := x.reps[i].Function
		noteOnly(parents, group(f), f.parent())
	}
	x.numbered = map[Function]Function{}
	for i := range x.reps {
		if f := x.reps[i].Function; f.Controller.Present && parents[group(f)] == f.parent() {
			x.numbered[withoutController(f)] = f
		}
	}
}
