package ovs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/reason"
)

// target is the bridge that changes are made on, as it was when they were begun.
type target struct {
	uuid         string
	name         string
	datapathType string
}

// where finds the bridge; one that was ours is found by its name.
func (t target) where() []ovsdb.Condition {
	if t.uuid == "" {
		return []ovsdb.Condition{ovsdb.NewCondition("name", ovsdb.ConditionEqual, t.name)}
	}
	return []ovsdb.Condition{hasUUID(t.uuid)}
}

// bridgeOf is the bridge that a row to be removed is on.
func bridgeOf(u Unplug, on target) target {
	if u.Moved {
		return target{name: u.Interface.Bridge}
	}
	return on
}

// leftBridges are the bridges that were ours and that changes take rows from, sorted.
func leftBridges(changes []Change) []string {
	var names []string
	for _, c := range changes {
		for _, u := range c.Unplug {
			if u.Moved {
				names = append(names, u.Interface.Bridge)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// transaction is a list of operations, with what each is there for.
type transaction struct {
	ops []ovsdb.Operation
	// purposes[i] tells what ops[i] is for.
	purposes []purpose
}

// purpose is whose operation it is, and what must have changed when it fails.
type purpose struct {
	scope scope
	// change is the index of the change, for scopeChange.
	change int
	// guard says, for an operation that is one, what it found to be different.
	guard string
}

type scope uint8

const (
	scopeAll    scope = iota // every change needs it
	scopePlugs               // every change that plugs needs it
	scopeChange              // it belongs to one change
)

// build makes one transaction of several changes. First come the guards, so that
// nothing is done in vain; then the rows; then the bridge's set of ports in a
// single mutation, since each mutation copies the whole set. Its deletions come
// before its insertions. The Port and Interface rows of ports that leave the
// bridge are deleted by the server when nothing refers to them any more.
func build(on target, changes []Change) transaction {
	var t transaction
	for _, bridge := range append([]string{on.name}, leftBridges(changes)...) {
		lock := lockFor(bridge)
		t.add(purpose{scope: scopeAll}, ovsdb.Operation{Op: ovsdb.OperationAssert, Lock: &lock})
	}
	if on.uuid != "" { // without a bridge there are only changes to those that were
		t.add(purpose{scope: scopeAll, guard: "the bridge is another one, or is gone"},
			expect(tableBridge, ovsdb.Row{"name": on.name}, hasUUID(on.uuid)))
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return len(c.Plug) > 0 }) {
		t.add(purpose{scope: scopePlugs, guard: "the bridge's datapath_type changed"},
			expect(tableBridge, ovsdb.Row{"datapath_type": on.datapathType}, hasUUID(on.uuid)))
	}
	for n, c := range changes {
		for _, u := range c.Unplug {
			t.guard(n, bridgeOf(u, on), u.Interface)
		}
		for _, e := range c.Edit {
			t.guard(n, on, e.Interface)
		}
	}
	var out, in [][]string
	for n, c := range changes {
		for _, u := range c.Unplug {
			if u.Moved {
				port := setValue([][]string{uuidValue(u.Interface.PortUUID)})
				t.add(purpose{scope: scopeChange, change: n}, mutate(tableBridge, bridgeOf(u, on).where(),
					*ovsdb.NewMutation("ports", ovsdb.MutateOperationDelete, port)))
				continue
			}
			out = append(out, uuidValue(u.Interface.PortUUID))
		}
		for _, e := range c.Edit {
			t.edit(n, e)
		}
		for _, p := range c.Plug {
			in = append(in, t.insert(n, len(in), p))
		}
	}
	var ports []ovsdb.Mutation
	if len(out) > 0 {
		ports = append(ports, *ovsdb.NewMutation("ports", ovsdb.MutateOperationDelete, setValue(out)))
	}
	if len(in) > 0 {
		ports = append(ports, *ovsdb.NewMutation("ports", ovsdb.MutateOperationInsert, setValue(in)))
	}
	if len(ports) > 0 {
		t.add(purpose{scope: scopeAll}, mutate(tableBridge, []ovsdb.Condition{hasUUID(on.uuid)}, ports...))
	}
	text := comment(changes)
	t.add(purpose{scope: scopeAll}, ovsdb.Operation{Op: ovsdb.OperationComment, Comment: &text})
	return t
}

func (t *transaction) add(p purpose, op ovsdb.Operation) {
	t.ops = append(t.ops, op)
	t.purposes = append(t.purposes, p)
}

// guard makes the transaction depend on a row: that it is there under its uuid
// and name with our marker, which others' keys are no part of; that it is its
// port's only interface; and that the port is on our bridge.
func (t *transaction) guard(change int, on target, i Interface) {
	where := []ovsdb.Condition{hasUUID(i.UUID)}
	if marks := marksOf(i); len(marks) > 0 {
		where = append(where, includes("external_ids", mapValue(marks)))
	}
	if i.OVNPlugged == "" {
		theirs := mapValue(map[string]string{KeyOVNPlugged: BuiltInProvider})
		where = append(where, ovsdb.NewCondition("external_ids", ovsdb.ConditionExcludes, theirs))
	}
	t.add(purpose{scopeChange, change, "Interface " + reason.Quote(i.Name) + " is gone, or its marks changed"},
		expect(tableInterface, ovsdb.Row{"name": i.Name}, where...))
	t.add(purpose{scopeChange, change, "Port " + reason.Quote(i.PortName) + " is gone, or has other interfaces"},
		expect(tablePort, ovsdb.Row{"name": i.PortName, "interfaces": uuidValue(i.UUID)}, hasUUID(i.PortUUID)))
	t.add(purpose{scopeChange, change, "Port " + reason.Quote(i.PortName) + " is no longer on the bridge"},
		expect(tableBridge, ovsdb.Row{"name": on.name}, append(on.where(), includes("ports", uuidValue(i.PortUUID)))...))
}

// BuiltInProvider is what ovn-controller's plug provider for representors writes
// as the value of KeyOVNPlugged.
const BuiltInProvider = "representor"

// maxMark is the longest mark that a guard compares, in bytes. Ours are far
// shorter. If somebody makes one so long that it fits into no transaction, it must
// still be possible to remove the row.
const maxMark = 4 << 10

// marksOf are the keys that made a row ours, or the built-in provider's for a port, be it
// one that was ours. A View doesn't tell an empty mark from none, so empty ones are left out.
func marksOf(i Interface) map[string]string {
	marks := i.Marker.Keys()
	marks[KeyOVNPlugged] = i.OVNPlugged
	if !i.Marked || i.OVNPlugged != "" { // what is said of such a row is said of the port that it is for
		marks[KeyIfaceID] = i.IfaceID
	}
	maps.DeleteFunc(marks, func(_, value string) bool { return value == "" || len(value) > maxMark })
	return marks
}

// insert makes the rows of a plug and returns the reference to its port. Whether
// the name is free is the indexes' business.
func (t *transaction) insert(change, number int, p Plug) []string {
	ids := p.Marker.Keys()
	ids[KeyIfaceID] = p.IfaceID
	if p.IfaceIDVer != "" {
		ids[KeyIfaceIDVer] = p.IfaceIDVer
	}
	if p.Southbound != "" {
		ids[KeySouthbound] = p.Southbound
	}
	iface := ovsdb.Row{"name": p.Netdev, "external_ids": mapValue(ids)}
	if p.MTURequest != 0 {
		iface["mtu_request"] = p.MTURequest
	}
	suffix := strconv.Itoa(number)
	own := purpose{scope: scopeChange, change: change}
	t.add(own, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: tableInterface, UUIDName: "interface" + suffix, Row: iface})
	t.add(own, ovsdb.Operation{Op: ovsdb.OperationInsert, Table: tablePort, UUIDName: "port" + suffix, Row: ovsdb.Row{
		"name": p.Netdev, "interfaces": namedUUID("interface" + suffix),
	}})
	return namedUUID("port" + suffix)
}

// keys changes single keys of a row's external_ids. Inserting a key that is there
// already changes nothing (RFC 7047 section 5.1), so it is deleted first.
func (t *transaction) keys(p purpose, table, uuid string, set map[string]string, del []string) {
	gone := slices.AppendSeq(slices.Clone(del), maps.Keys(set))
	slices.Sort(gone)
	gone = slices.Compact(gone)
	var keys []ovsdb.Mutation
	if len(gone) > 0 {
		keys = append(keys, *ovsdb.NewMutation("external_ids", ovsdb.MutateOperationDelete, setValue(gone)))
	}
	if len(set) > 0 {
		keys = append(keys, *ovsdb.NewMutation("external_ids", ovsdb.MutateOperationInsert, mapValue(set)))
	}
	if len(keys) > 0 {
		t.add(p, mutate(table, []ovsdb.Condition{hasUUID(uuid)}, keys...))
	}
}

// edit changes single keys and columns of a row.
func (t *transaction) edit(change int, e Edit) {
	own := purpose{scope: scopeChange, change: change}
	t.keys(own, tableInterface, e.Interface.UUID, e.Set, e.Delete)
	columns := ovsdb.Row{}
	if e.MTURequest != nil {
		columns["mtu_request"] = any(setValue[int](nil))
		if *e.MTURequest != 0 {
			columns["mtu_request"] = *e.MTURequest
		}
	}
	if e.ClearType {
		columns["type"] = ""
	}
	if len(columns) > 0 {
		t.add(own, ovsdb.Operation{
			Op: ovsdb.OperationUpdate, Table: tableInterface,
			Where: []ovsdb.Condition{hasUUID(e.Interface.UUID)},
			Row:   columns,
		})
	}
}

// comment says in the server's log what a transaction was for (ovsdb-tool
// show-log), as ovs-vsctl does.
func comment(changes []Change) string {
	var b strings.Builder
	b.WriteString("representord:")
	for n, c := range changes {
		if b.Len() > commentMost {
			fmt.Fprintf(&b, " and %d more", len(changes)-n)
			break
		}
		if n > 0 {
			b.WriteByte(';')
		}
		for _, what := range []struct {
			verb string
			n    int
		}{{"unplug", len(c.Unplug)}, {"plug", len(c.Plug)}, {"edit", len(c.Edit)}} {
			if what.n > 0 {
				b.WriteString(" " + what.verb)
			}
		}
		for _, port := range c.LogicalPorts[:min(len(c.LogicalPorts), maxPortsInComment)] {
			b.WriteString(" " + reason.Quote(port))
		}
		if len(c.LogicalPorts) > maxPortsInComment {
			b.WriteString(" ...")
		}
		if c.Why != "" {
			b.WriteString(" (" + reason.Prose(c.Why) + ")")
		}
	}
	return b.String()
}

const (
	// commentMost is how many bytes of changes are told before the rest is only counted.
	commentMost       = 300
	maxPortsInComment = 4
)
