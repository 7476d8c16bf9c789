//go:build vm

package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/representord/representord/test/invariants"
)

// operator is somebody who works on the bridge by hand, and doesn't know what
// representord does.
type operator struct {
	run  *run
	hand invariants.Operator
	// theirs are the uuids of the ports that were added by hand, "" for none.
	theirs [2]string
	edits  int
}

// step does one thing by hand. What it would be done to may not be there.
func (o *operator) step() string {
	n, lport, slot := o.run.draw.IntN(100), fmt.Sprintf("vm%d", o.run.draw.IntN(o.run.lports)), o.run.draw.IntN(len(o.theirs))
	name, squat := netdevName(o.run.draw.IntN(o.run.names)), o.run.draw.IntN(2) == 0
	o.edits++
	ctx, cancel := context.WithTimeout(o.run.t.Context(), patience)
	defer cancel()
	if o.run.processes.local.left > 0 {
		return "the operator can't reach the local database"
	}
	if n < 25 {
		return o.toggle(ctx, slot, name, lport, squat)
	}
	row, ok := o.rowOf(lport)
	if !ok {
		return "an operator looks for a row of " + lport
	}
	deed := invariants.Deed{UUID: row.UUID, Begun: time.Now(), Removed: n < 50}
	var err error
	switch {
	case deed.Removed:
		o.run.truth.Deeds = append(o.run.truth.Deeds, deed)
		err = o.hand.Remove(ctx, row)
	default:
		deed.Field, deed.Value = o.drawEdit(n)
		o.run.truth.Deeds = append(o.run.truth.Deeds, deed)
		err = o.hand.Write(ctx, row, deed.Field, deed.Value)
	}
	if err != nil {
		o.run.t.Fatalf("an operator's hand: %v", err)
	}
	if deed.Removed {
		return fmt.Sprintf("an operator removes %s (%s)", row.Name, lport)
	}
	return fmt.Sprintf("an operator writes %q into field %d of %s (%s)", deed.Value, deed.Field, row.Name, lport)
}

func (o *operator) drawEdit(n int) (invariants.Field, string) {
	switch {
	case n < 65:
		return invariants.FieldIfaceID, fmt.Sprintf("edited%d", o.edits)
	case n < 80:
		return invariants.FieldMTU, fmt.Sprint(2000 + o.edits%1000)
	case n < 87:
		return invariants.FieldFunction, ""
	case n < 94:
		return invariants.FieldRequest, ""
	}
	return invariants.FieldRequest, fmt.Sprintf("edited%d", o.edits)
}

// toggle adds a port by hand, or removes it again: one under a netdev's name, or
// one with a logical port's iface-id.
func (o *operator) toggle(ctx context.Context, slot int, name, lport string, squat bool) string {
	if uuid := o.theirs[slot]; uuid != "" {
		o.theirs[slot] = ""
		o.run.truth.Deeds = append(o.run.truth.Deeds, invariants.Deed{UUID: uuid, Begun: time.Now(), Removed: true})
		if err := o.hand.Remove(ctx, invariants.Row{UUID: uuid}); err != nil {
			o.run.t.Fatalf("an operator's hand: %v", err)
		}
		return fmt.Sprintf("an operator removes foreign row %d", slot)
	}
	typ, ifaceID := "", ""
	if squat {
		name, typ, ifaceID = fmt.Sprintf("tap%d", slot), "internal", lport
	}
	uuid, err := o.hand.Add(ctx, name, typ, ifaceID)
	if err != nil {
		return fmt.Sprintf("an operator can't add foreign row %d as %s", slot, name) // the name is taken
	}
	o.theirs[slot] = uuid
	return fmt.Sprintf("an operator adds foreign row %d as %s with iface-id %q", slot, name, ifaceID)
}

// rowOf is representord's row for a port, as far as it has been heard of.
func (o *operator) rowOf(lport string) (invariants.Row, bool) {
	for _, r := range o.run.state.Rows() {
		if r.LogicalPort == lport && r.Bridge == bridge {
			return r, true
		}
	}
	return invariants.Row{}, false
}
