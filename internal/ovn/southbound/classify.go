package southbound

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

// self is the chassis that a row is classified for.
type self struct {
	Chassis  string
	Hostname string
	// Registered is the hostname in our Chassis row, as it was last seen: by that, and not by
	// what this machine calls itself, northd looks us up. A container may have another one.
	Registered string
	// UUID is that of our Chassis row, empty while there is none.
	UUID string
}

// classify says what a row means for us, and in a few words why. What northd made of the
// option requested-chassis alone decides: two hosts may have one host name. Where it
// could make nothing of it, as of our name on every row while our Chassis row is gone,
// and until it has seen a new one, the option still counts for what is plugged already.
// It can't ask for anything new: every chassis may write the options of every row.
func classify(r *ovn.PortBinding, s self) (Disposition, string) {
	plugType, plugs := r.Options[option.Type]
	switch parent := deref(r.ParentPort); {
	case r.Type != "":
		return Withdrawn, fmt.Sprintf("its type is %s, which no VIF has", reason.Quote(r.Type))
	case parent != "":
		return Withdrawn, fmt.Sprintf("it is a sub-port of %s", reason.Quote(parent))
	case !plugs:
		return Withdrawn, "it has no option " + option.Type
	case plugType != option.Representor:
		return Withdrawn, fmt.Sprintf("its option "+option.Type+" is %s, not representor", reason.Quote(plugType))
	}
	_, ours := s.named(r.Options[option.Chassis])
	switch requested := deref(r.RequestedChassis); {
	case s.UUID != "" && requested == s.UUID:
		return Asked, "requested_chassis is our Chassis row"
	case s.UUID != "" && slices.Contains(r.RequestedAdditional, s.UUID):
		return Kept, "our Chassis row is among requested_additional_chassis"
	case requested != "" && s.missing(r):
		return Kept, "the option " + option.Chassis + " names us, and more chassis than northd has found"
	case requested != "":
		return Withdrawn, "requested_chassis is another Chassis row"
	case ours:
		return Kept, "requested_chassis is empty, but the option " + option.Chassis + " names us"
	}
	return Withdrawn, "requested_chassis is empty, and the option " + option.Chassis + " doesn't name us"
}

// named counts the names in a requested-chassis option, and looks for us among them: chassis names or host names, separated
// by commas, the first for the port itself, the others for the time of a migration (ovn-nb(5)).
func (s self) named(requested string) (names int, us bool) {
	for name := range strings.SplitSeq(requested, ",") {
		if name = strings.Trim(name, " "); name != "" {
			names++
			us = us || name == s.Chassis || name == s.Hostname || name == s.Registered
		}
	}
	return names, us
}

// missing reports whether northd has found fewer chassis than the option names, and we are one of those. It looks each up by name or
// host name; the first that it finds is requested_chassis, whichever place it has in the option, and the others are additional
// (northd/northd.c). So a migration from us looks like one that is over while our Chassis row is away.
func (s self) missing(r *ovn.PortBinding) bool {
	names, us := s.named(r.Options[option.Chassis])
	return us && names > 1+len(r.RequestedAdditional)
}

// newBinding makes the Binding of a row.
func newBinding(r *ovn.PortBinding, s self) Binding {
	disposition, why := classify(r, s)
	b := Binding{LogicalPort: r.LogicalPort, Disposition: disposition, Why: why, Up: deref(r.Up), MAC: onlyMAC(r.MAC)}
	if disposition == Asked || disposition == Kept {
		b.Request = ovn.ParseRequest(r.LogicalPort, r.Options)
		first, _, _ := strings.Cut(r.Options[option.Chassis], ",")
		_, ours := s.named(first)
		b.Additional = disposition == Kept && !ours
	}
	return b
}

// bindingCache has the bindings of one view, and from which rows they were made: the next view
// takes over those whose row hasn't changed.
type bindingCache struct {
	self self
	rows map[string]cachedBinding // by uuid
	// chassis is our row, global the uuid of the database's own, as they were then.
	chassis *ovn.Chassis
	global  string
	// bindings are never written to once made.
	bindings map[string]Binding
}

type cachedBinding struct {
	from    model.Model
	binding Binding
}

// classifyAll classifies the rows of Port_Binding, by uuid. last is nil for none.
func classifyAll(rows map[string]model.Model, s self, last *bindingCache) *bindingCache {
	now := &bindingCache{self: s, rows: make(map[string]cachedBinding, len(rows)), bindings: make(map[string]Binding, len(rows))}
	for uuid, r := range rows {
		var done cachedBinding
		if last != nil && last.self == s {
			done = last.rows[uuid]
		}
		if done.from != r {
			p := ovn.AsPortBinding(r)
			if p == nil {
				continue // no model of ours is anything else
			}
			done = cachedBinding{from: r, binding: newBinding(p, s)}
		}
		now.rows[uuid] = done
		now.bindings[done.binding.LogicalPort] = done.binding
	}
	return now
}

func deref[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}
