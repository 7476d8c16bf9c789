package invariants

import "testing"

func TestLeak_ARowThatWentAsOneComesBackWhereItsNetdevIs(t *testing.T) {
	a := row("1", "n0", "a", 0)
	kept := truth().asking("a", always(Request{Kind: Keeps})).having(always(card().with(pf+"vf0",
		Netdev{"new", 10}).with(pf+"vf1", Netdev{"n0", 11})))
	state, found := Judge(having(a), batch(1, remove(a)), kept)
	wantViolation(t, found, "")
	back := changed(a, func(r *Row) { r.UUID, r.Name = "3", "new" })
	_, found = Judge(state, batch(2, insert(back)), kept)
	wantViolation(t, found, "")
	_, found = Judge(state, batch(2, insert(changed(back, func(r *Row) { r.Name = "n1" }))), kept)
	wantViolation(t, found, "I1")
	_, found = Judge(state, batch(20, insert(back)), kept)
	wantViolation(t, found, "I1")
}
