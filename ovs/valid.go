package ovs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/representord/representord/internal/reason"
)

// validate refuses what must never be sent: changes to rows that don't look like
// ours or aren't on our bridge, and text that the server can't take. A NUL makes
// it drop the connection, which would hold up every other change, and invalid
// UTF-8 would be something else when it arrived.
func (c Change) validate(on target) error {
	for _, u := range c.Unplug {
		if err := u.validate(on); err != nil {
			return err
		}
	}
	for _, e := range c.Edit {
		if err := e.validate(on); err != nil {
			return err
		}
	}
	for _, p := range c.Plug {
		if err := p.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (u Unplug) validate(on target) error {
	if !u.Interface.Marked && (!u.LeftOver || u.Interface.OVNPlugged != BuiltInProvider) {
		return fmt.Errorf("%w: Interface %s has no mark of ours and is not to be removed", ErrInvalidChange, reason.Quote(u.Interface.Name))
	}
	if u.Moved && u.Interface.Bridge != "" {
		on.name = u.Interface.Bridge
	}
	return u.Interface.validate(on)
}

func (e Edit) validate(on target) error {
	if !e.Interface.Marked && e.Interface.OVNPlugged == "" {
		return fmt.Errorf("%w: Interface %s has no mark of ours and is not to be edited", ErrInvalidChange, reason.Quote(e.Interface.Name))
	}
	if e.MTURequest != nil && *e.MTURequest < 0 {
		return fmt.Errorf("%w: mtu_request %d of %s is negative", ErrInvalidChange, *e.MTURequest, reason.Quote(e.Interface.Name))
	}
	if err := validKeys(e.Set, e.Delete); err != nil {
		return err
	}
	return e.Interface.validate(on)
}

func (p Plug) validate() error {
	if p.Netdev == "" || p.IfaceID == "" {
		return fmt.Errorf("%w: a plug needs a netdev and a logical port, and has %s and %s",
			ErrInvalidChange, reason.Quote(p.Netdev), reason.Quote(p.IfaceID))
	}
	if p.MTURequest < 0 {
		return fmt.Errorf("%w: mtu_request %d of %s is negative", ErrInvalidChange, p.MTURequest, reason.Quote(p.Netdev))
	}
	return validText(p.Netdev, p.IfaceID, p.IfaceIDVer, p.Marker.LogicalPort, p.Marker.Function, p.Marker.Request, p.Southbound)
}

// validate refuses a row that is not, as planned, alone in its port on our bridge.
func (i Interface) validate(on target) error {
	switch {
	case i.UUID == "" || i.PortUUID == "" || i.PortInterfaces != 1:
		return fmt.Errorf("%w: Interface %s is not the only one of a port", ErrInvalidChange, reason.Quote(i.Name))
	case i.Bridge != on.name:
		return fmt.Errorf("%w: Interface %s is on bridge %s, ours is %s", ErrChanged, reason.Quote(i.Name), reason.Quote(i.Bridge),
			reason.Quote(on.name))
	}
	return nil
}

// validKeys refuses keys and values of external_ids that the server can't take.
func validKeys(set map[string]string, del []string) error {
	keys := slices.AppendSeq(slices.Clone(del), maps.Keys(set))
	return validText(slices.AppendSeq(keys, maps.Values(set))...)
}

func validText(texts ...string) error {
	for _, s := range texts {
		if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			return fmt.Errorf("%w: %s has a NUL or is not UTF-8", ErrInvalidChange, reason.Quote(s))
		}
	}
	return nil
}
