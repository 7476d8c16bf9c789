package ovn

import "github.com/ovn-kubernetes/libovsdb/model"

// bindingCache has the bindings of one view, and from which rows they were made: the next view
// takes over those whose row hasn't changed.
type bindingCache struct {
	self self
	rows map[string]cachedBinding // by uuid
	// chassis is our row, global the uuid of the database's own, as they were then.
	chassis *Chassis
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
			p := asPortBinding(r)
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

// rowUUIDs tell which row a port had when it was last in a view. They are a help, not
// a truth: the row may be gone, or never have been in this database.
type rowUUIDs map[string]string

// with gives them with the rows of a view. What is no longer in the view is
// forgotten when it has become much more than what is.
func (u rowUUIDs) with(c *bindingCache) rowUUIDs {
	if u == nil || len(u) > 2*len(c.rows)+1024 {
		u = make(rowUUIDs, len(c.rows))
	}
	for uuid, r := range c.rows {
		u[r.binding.LogicalPort] = uuid
	}
	return u
}

// portRow is a port and the row that it had when it was last seen.
type portRow struct{ port, uuid string }

// split parts ports into those whose row was seen and others.
func (u rowUUIDs) split(ports []string) (known []portRow, unknown []string) {
	for _, port := range ports {
		if uuid, ok := u[port]; ok {
			known = append(known, portRow{port, uuid})
		} else {
			unknown = append(unknown, port)
		}
	}
	return known, unknown
}
