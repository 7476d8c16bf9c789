package ovs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/reason"
)

// applyPatience bounds one Apply. A local database that answers does so in milliseconds, and a
// pass that waits for one that hangs closes no leak and looks dead to systemd's watchdog. It is
// more than the two probes, of 5 s by default, after which the connection itself is given up: that
// says more.
const applyPatience = 12 * time.Second

// Apply commits changes to the integration bridge: together where it can, apart
// where together they fail, so that one that can't be done holds up no other.
// Each change is done as a whole or not at all, and only if the rows that it
// removes or edits are still what they were when it was planned. It returns one
// error for each change, nil for those committed; see ErrNotConnected, ErrUncertain, ErrLocked,
// ErrBridgeMissing, ErrChanged, ErrInvalidChange and RefusedError. It waits for 12 s at most for
// the server's answers, whatever the probe interval.
//
// When it returns, View shows what was committed, or isn't complete until there is another
// connection, which shows it: after ErrUncertain, and if the connection has died.
func (s *Switch) Apply(ctx context.Context, changes []Change) []error {
	errs := make([]error, len(changes))
	if len(changes) == 0 {
		return errs
	}
	s.mu.Lock()
	c, bridge := s.conn, s.bridge
	s.mu.Unlock()
	v := s.View()
	ctx, cancel := context.WithTimeout(ctx, applyPatience)
	defer cancel()
	var err error
	switch {
	case c == nil:
		err = fmt.Errorf("%w: %s", ErrNotConnected, v.Problem)
	case v.Bridge != bridge:
		err = fmt.Errorf("%w: the integration bridge is now %s", ErrChanged, reason.Quote(bridge))
	default:
		err = s.own(ctx, c, bridge)
	}
	commit := committer{
		conn:    c,
		on:      target{uuid: v.BridgeUUID, name: v.Bridge, datapathType: v.DatapathType},
		changes: changes,
		errs:    errs,
	}
	taken := takenIfaceIDs(v, changes)
	left, giveBack := map[string]error{}, func() {}
	if err == nil {
		left, giveBack = ownLeft(ctx, c, bridge, leftBridges(changes))
	}
	defer giveBack()
	var good []int
	for n, change := range changes {
		errs[n] = err
		if v.BridgeUUID == "" && !change.onlyLeaksOnLeft() {
			errs[n] = cmp.Or(err, fmt.Errorf("%w: %s", ErrBridgeMissing, reason.Quote(bridge)))
		}
		errs[n] = cmp.Or(errs[n], change.validate(commit.on))
		for _, b := range leftBridges(changes[n : n+1]) {
			errs[n] = cmp.Or(errs[n], left[b])
		}
		if errs[n] = cmp.Or(errs[n], change.fits(v, taken)); errs[n] == nil {
			good = append(good, n)
		}
	}
	if len(good) > 0 {
		commit.run(ctx, good)
		s.mu.Lock()
		s.counters.Transactions += commit.counted.Transactions
		s.counters.Splits += commit.counted.Splits
		s.mu.Unlock()
		s.settle(ctx, c, errs...)
	}
	return errs
}

// settle shows what a transaction has changed. ovsdb-server sends a client what a transaction
// changed before the answer to it (ovsdb_jsonrpc_session_send in ovsdb/jsonrpc-server.c flushes
// the monitors), and the client handles messages in order: the cache has it all. Where an
// answer is missing, or the connection has died, no view is the whole truth before that of
// another connection. The server handles what a client of its unix socket sent before it
// accepts another one (ovsdb_jsonrpc_server_run); on any, it drops the older session's lock,
// which a change asserts, with that session.
func (s *Switch) settle(ctx context.Context, c *dbconn.Conn, errs ...error) {
	var uncertain error
	if n := slices.IndexFunc(errs, func(err error) bool { return errors.Is(err, ErrUncertain) }); n >= 0 {
		uncertain = errs[n]
	} else {
		s.refresh(context.WithoutCancel(ctx), c) // for tornPatience at most
		uncertain = c.Err()
	}
	if uncertain == nil {
		return
	}
	if c.Err() == nil {
		s.options.Log.Warn("the local Open vSwitch database did not answer a change; reconnecting to learn its outcome",
			"endpoint", s.options.Endpoint, "error", uncertain)
	}
	s.lost(c, uncertain) // before Run hears of it and connects
	c.Close()
}

// fits refuses a plug that the present view already contradicts, though the
// database would let it pass: on a bridge of another datapath, or for a logical
// port that another interface got meanwhile. A plug that replaces an interface of
// that port makes nothing worse.
func (c Change) fits(v View, taken map[string]string) error {
	for _, p := range c.Plug {
		if !v.KernelDatapath() {
			return fmt.Errorf("%w: the datapath_type of bridge %s is %s", ErrChanged, reason.Quote(v.Bridge), reason.Quote(v.DatapathType))
		}
		replaced := slices.ContainsFunc(c.Unplug, func(u Unplug) bool { return !u.Moved && carries(u.Interface) == p.IfaceID })
		if name, ok := taken[p.IfaceID]; ok && !replaced {
			return fmt.Errorf("%w: Interface %s has the iface-id %s by now, or has it parked", ErrChanged, reason.Quote(name),
				reason.Quote(p.IfaceID))
		}
	}
	return nil
}

// takenIfaceIDs are the interfaces on the bridge, by iface-id, parked ones too, that none of the
// changes removes or edits. Only iface-ids that are to be plugged are looked for.
func takenIfaceIDs(v View, changes []Change) map[string]string {
	wanted := map[string]bool{}
	touched := map[string]bool{}
	for _, c := range changes {
		for _, p := range c.Plug {
			wanted[p.IfaceID] = true
		}
		for _, u := range c.Unplug {
			touched[u.Interface.UUID] = true
		}
		for _, e := range c.Edit {
			touched[e.Interface.UUID] = true
		}
	}
	taken := map[string]string{}
	if len(wanted) == 0 {
		return taken
	}
	for name, i := range v.Interfaces {
		id := carries(i)
		if i.Bridge != v.Bridge || !wanted[id] || touched[i.UUID] {
			continue
		}
		if other, ok := taken[id]; !ok || name < other {
			taken[id] = name
		}
	}
	return taken
}

// carries is the iface-id of a row, or the one that was parked and may come back.
func carries(i Interface) string { return cmp.Or(i.IfaceID, i.Parked) }
