package southbound

import (
	"github.com/ovn-kubernetes/libovsdb/model"

	"github.com/representord/representord/internal/ovn"
)

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
