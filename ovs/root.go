package ovs

import (
	"context"
	"fmt"
	"slices"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/reason"
)

// RootEdit changes single keys of Open_vSwitch.external_ids; other keys are left
// alone.
type RootEdit struct {
	// Planned is the external_ids that the edit was planned on. It is refused when they
	// have changed: a key that wasn't there may have come, and many programs write to
	// this one row.
	Planned map[string]string
	// Set are keys with their new values, Delete keys that are to go.
	Set    map[string]string
	Delete []string
	// Why says it in a few words, for the server's log.
	Why string
}

// EditRoot changes keys of the root row in one transaction, or none of them. Its
// errors are those of Apply, and View shows as much as after that.
func (s *Switch) EditRoot(ctx context.Context, e RootEdit) error {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	v := s.View()
	switch {
	case c == nil:
		return fmt.Errorf("%w: %s", ErrNotConnected, v.Problem)
	case v.RootUUID == "":
		return fmt.Errorf("%w: the table Open_vSwitch has no row (ovs-vsctl init makes it)", ErrChanged)
	}
	if err := e.validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, applyPatience)
	defer cancel()
	commit := committer{conn: c}
	var err error
	if f := commit.send(ctx, e.build(v.RootUUID)); f != nil {
		err = f.err
	}
	s.settle(ctx, c, err)
	return err
}

func (e RootEdit) validate() error {
	for key := range e.Set {
		if slices.Contains(e.Delete, key) {
			return fmt.Errorf("%w: external_ids:%s is to be set and deleted", ErrInvalidChange, reason.Quote(key))
		}
	}
	return validKeys(e.Set, e.Delete)
}

// build makes the transaction.
func (e RootEdit) build(uuid string) transaction {
	var t transaction
	t.add(purpose{guard: "Open_vSwitch.external_ids changed"},
		expect(tableRoot, ovsdb.Row{"external_ids": mapValue(e.Planned)}, hasUUID(uuid)))
	t.keys(purpose{}, tableRoot, uuid, e.Set, e.Delete)
	text := "representord: " + reason.Prose(e.Why)
	t.add(purpose{}, ovsdb.Operation{Op: ovsdb.OperationComment, Comment: &text})
	return t
}
