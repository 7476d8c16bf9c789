package plan

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// bigWorld is a card with hundreds of functions, all plugged, whose names were dealt anew:
// at random, in rings, or moved on. Some functions went, and what is no function's has
// their names.
type bigWorld struct {
	index  *representor.Index
	view   southbound.View
	actual ovs.View
	names  map[string]string // the function that has a name now, "" for none
}

func drawBigWorld(t *rapid.T) bigWorld {
	n := rapid.IntRange(130, 300).Draw(t, "functions")
	dealt := drawDeal(t, n)
	w := bigWorld{names: map[string]string{}}
	gone := rapid.IntRange(0, 10).Draw(t, "functions that went")
	var devs []testcard.Netdev
	var bs []southbound.Binding
	var rows []ovs.Interface
	for i := range n {
		d := testcard.Netdev{PF: i % 2, VF: i / 2, Name: fmt.Sprintf("eth%d", dealt[i]), IfIndex: uint32(5000 + i)}
		lport := plantest.UUIDNamed(i)
		bs = append(bs, plantest.Asks(lport, d.PF, d.VF))
		row := plantest.OurRow(lport, fmt.Sprintf("eth%d", i), d.PF, d.VF, 0)
		row.Ofport = i + 1
		rows = append(rows, row)
		if i < gone {
			w.names[d.Name] = ""
			continue
		}
		devs = append(devs, d)
		w.names[d.Name] = testcard.VF(d.PF, d.VF).String()
	}
	card := testcard.Of(devs...)
	ifindex := uint32(9000)
	for name, f := range w.names {
		ifindex++
		if f == "" {
			card.Ports = append(card.Ports,
				devlink.Port{Handle: testcard.Handle(), Index: ifindex, Type: devlink.TypeEth, Flavour: devlink.FlavourPhysical, IfIndex: ifindex})
			card.Links[ifindex] = representor.Link{Name: name, Up: true, Settled: true}
		}
	}
	w.index, w.view, w.actual = representor.NewIndex(card, representor.Settings{}), plantest.Trusted(bs...), plantest.BridgeWith(rows...)
	w.view.Connected = rapid.Bool().Draw(t, "the Southbound is connected")
	return w
}

// drawDeal gives the number of each function's new name.
func drawDeal(t *rapid.T, n int) []int {
	dealt := make([]int, n)
	for i := range dealt {
		dealt[i] = i
	}
	switch rapid.IntRange(0, 3).Draw(t, "deal") {
	case 0:
		return rapid.Permutation(dealt).Draw(t, "names")
	case 1:
		by := rapid.IntRange(1, n-1).Draw(t, "turn")
		for i := range dealt {
			dealt[i] = (i + by) % n
		}
	case 2:
		for i := range dealt {
			dealt[i] = i + 1
		}
	default:
		for i := range dealt {
			dealt[i] = i ^ 1 // pairs exchange theirs
		}
	}
	return dealt
}

func (w bigWorld) leak(v ovs.View) string {
	for name, r := range v.Interfaces {
		if f, has := w.names[name]; has && f != r.Marker.Function {
			return fmt.Sprintf("%s, a row for %s, has the name of %q", name, r.Marker.Function, f)
		}
	}
	return ""
}

// Whatever else a plan does, and whatever of that fails, the leaks of any number of rows
// are closed by changes that each fit into a transaction.
func TestPlan_ClosesTheLeaksOfAnyNumberOfRowsWithChangesThatFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawBigWorld(t)
		d := Plan(Input{Asked: w.view, Index: w.index, Actual: w.actual})
		after := w.actual
		for _, c := range d.Changes {
			if !c.Fits() {
				t.Fatalf("%d removals and %d plugs in one change", len(c.Unplug), len(c.Plug))
			}
			if !ClosesLeak(c) {
				continue
			}
			next, err := plantest.Commit(after, w.index, []ovs.Change{c})
			if err != nil {
				t.Fatal(err)
			}
			after = next
		}
		if why := w.leak(after); why != "" {
			t.Fatal(why)
		}
	})
}

// And the functions that are there are plugged under their new names by the same plan,
// though the Southbound can't be asked.
func TestPlan_FollowsEveryFunctionToTheNameThatItWasDealt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawBigWorld(t)
		after, err := plantest.Commit(w.actual, w.index, Plan(Input{Asked: w.view, Index: w.index, Actual: w.actual}).Changes)
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range w.names {
			if r, there := after.Interfaces[name]; f != "" && (!there || r.Marker.Function != f || r.IfaceID != r.Marker.LogicalPort) {
				t.Fatalf("%s is %s's now, and its row is %+v", name, f, r)
			}
		}
	})
}
