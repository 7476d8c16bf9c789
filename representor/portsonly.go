package representor

import "slices"

// printedBits are those of an SF's number that devlink(8) prints.
const printedBits = 16

// maybeSF gives the ports of which nothing but the lower bits of their SF's number is
// known, if these are those that a query asks for. A number of more bits anywhere shows
// that whatever printed them prints all.
func (x *Index) maybeSF(q Query, parent pf) []Representor {
	whole := func(r Representor) bool { return r.Function.Kind == SF && r.Function.Number>>printedBits != 0 }
	if !x.portsOnly || q.Kind != SF || slices.ContainsFunc(x.reps, whole) {
		return nil
	}
	f := parent.function
	f.Kind, f.Number = SF, q.Number&(1<<printedBits-1)
	return x.find(f)
}
