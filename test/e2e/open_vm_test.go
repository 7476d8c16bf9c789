//go:build vm

package e2e

import (
	"maps"
	"testing"
	"time"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/virtualdpu"
)

// openings follows which netdevs are open under rows of other functions, in
// ovs-vswitchd and in the kernel's datapath.
type openings struct {
	invariants.Opened
	t     *testing.T
	watch *invariants.Watch
	state invariants.State
	truth invariants.Truth
}

// openings begins with the rows and the card as they are.
func (d *dpu) openings(t *testing.T) *openings {
	t.Helper()
	o := &openings{t: t, watch: invariants.NewWatch(t.Context(), d.local.Endpoint)}
	t.Cleanup(o.watch.Close)
	o.truth = invariants.Truth{Bridge: "br-int", Card: invariants.Timeline[invariants.Card]{{Value: kernelCard(t)}}}
	d.until(t, "all rows are known", func() bool {
		o.look()
		return o.watch.Sync(t.Context()) == nil && len(o.ours()) > 0
	})
	return o
}

// changes does something to the card.
func (o *openings) changes(do func()) {
	o.t.Helper()
	do()
	o.truth.Card = append(o.truth.Card, invariants.Moment[invariants.Card]{Value: kernelCard(o.t), Begun: time.Now(), Seen: time.Now()})
}

// look takes note of what is open at present, and says how many are wrong.
func (o *openings) look() int {
	o.t.Helper()
	vports, err := virtualdpu.Vports()
	if err != nil {
		o.t.Fatal(err)
	}
	for _, b := range o.watch.Take() {
		o.state, _ = invariants.Judge(o.state, b, o.truth)
	}
	o.Look(o.state, vports, o.truth, time.Now())
	return o.Open()
}

// ours are representord's rows by their names.
func (o *openings) ours() map[string]invariants.Row {
	rows := map[string]invariants.Row{}
	for _, r := range o.state.Rows() {
		if r.Function != "" && r.Bridge == "br-int" {
			rows[r.Name] = r
		}
	}
	return rows
}

// misnamed counts the rows that carry a port's name and have the name of another
// netdev than their function's.
func (o *openings) misnamed() (n int) {
	card := o.truth.Card[len(o.truth.Card)-1].Value
	names := map[string]int{}
	for index, name := range card.Links {
		names[name] = index
	}
	for _, r := range o.ours() {
		if index := names[r.Name]; !r.Parked && index != 0 && index != card.VFs[r.Function].IfIndex {
			n++
		}
	}
	return n
}

// moved are the logical ports whose rows aren't those of before.
func (o *openings) moved(before map[string]invariants.Row) []string {
	var all []string
	now := o.ours()
	for name, r := range before {
		if now[name].UUID != r.UUID {
			all = append(all, r.LogicalPort)
		}
	}
	for name, r := range now {
		if _, was := before[name]; !was {
			all = append(all, r.LogicalPort)
		}
	}
	return all
}

// snapshot is what ours gives, to compare with later.
func (o *openings) snapshot() map[string]invariants.Row {
	o.look()
	return maps.Clone(o.ours())
}
