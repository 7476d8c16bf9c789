package dbconn

import (
	"bytes"
	"encoding/json"
	"errors"
)

// errNotation: what was said is not in the notation of RFC 7047, 5.1.
var errNotation = errors.New("not in the notation of RFC 7047")

// notation reads a message and tells whether its parts have the shape that the
// library takes for granted: it panics on any other. It doesn't tell proper JSON
// from almost proper JSON; the library refuses the latter.
type notation struct {
	b []byte
	i int
}

// peek gives the next byte that isn't blank, 0 at the end.
func (n *notation) peek() byte {
	for n.i < len(n.b) {
		switch c := n.b[n.i]; c {
		case ' ', '\t', '\r', '\n':
			n.i++
		default:
			return c
		}
	}
	return 0
}

// take reads one byte.
func (n *notation) take(c byte) bool {
	if n.peek() != c {
		return false
	}
	n.i++
	return true
}

// text reads a string, and gives it with its quotes.
func (n *notation) text() ([]byte, bool) {
	if n.peek() != '"' {
		return nil, false
	}
	from := n.i
	for n.i++; n.i < len(n.b); n.i++ {
		switch n.b[n.i] {
		case '\\':
			n.i++
		case '"':
			n.i++
			return n.b[from:n.i], true
		}
	}
	return nil, false
}

func (n *notation) isText() bool { _, ok := n.text(); return ok }

// any reads a value of any kind.
func (n *notation) any() bool {
	switch n.peek() {
	case '"':
		return n.isText()
	case '{', '[':
		return n.nested()
	}
	return len(n.word()) > 0
}

// nested reads an object or an array.
func (n *notation) nested() bool {
	depth := 0
	for n.i < len(n.b) {
		switch n.b[n.i] {
		case '"':
			if !n.isText() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		n.i++
		if depth == 0 {
			return true
		}
	}
	return false
}

// word reads a number, true, false or null.
func (n *notation) word() []byte {
	n.peek()
	from := n.i
	for ; n.i < len(n.b); n.i++ {
		switch n.b[n.i] {
		case ' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}', '"':
			return n.b[from:n.i]
		}
	}
	return n.b[from:n.i]
}

// null reads a null.
func (n *notation) null() bool { return string(n.word()) == "null" }

// array reads an array whose elements the function reads.
func (n *notation) array(element func() bool) bool {
	if !n.take('[') {
		return false
	}
	if n.take(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !n.take(',') {
			return n.take(']')
		}
	}
}

// object reads an object whose members the function reads; it is given the name
// with its quotes.
func (n *notation) object(member func(name []byte) bool) bool {
	if !n.take('{') {
		return false
	}
	if n.take('}') {
		return true
	}
	for {
		name, ok := n.text()
		if !ok || !n.take(':') || !member(name) {
			return false
		}
		if !n.take(',') {
			return n.take('}')
		}
	}
}

// atom reads an <atom>. A null is none, and the library panics on one.
func (n *notation) atom() bool {
	switch c := n.peek(); {
	case c == '"':
		return n.isText()
	case c == '[':
		n.i++
		tag, ok := n.text()
		return ok && (string(tag) == `"uuid"` || string(tag) == `"named-uuid"`) && n.take(',') && n.isText() && n.take(']')
	case c == '-' || c >= '0' && c <= '9':
		return len(n.word()) > 0
	case c == 't', c == 'f':
		w := string(n.word())
		return w == "true" || w == "false"
	}
	return false
}

// pair reads a <pair>.
func (n *notation) pair() bool {
	return n.take('[') && n.atom() && n.take(',') && n.atom() && n.take(']')
}

// set reads a <set> that is written as one.
func (n *notation) set() bool {
	if !n.take('[') {
		return false
	}
	tag, ok := n.text()
	return ok && string(tag) == `"set"` && n.take(',') && n.array(n.atom) && n.take(']')
}

// value reads a <value>.
func (n *notation) value() bool {
	if n.peek() != '[' {
		return n.atom()
	}
	from := n.i
	n.i++
	tag, ok := n.text()
	switch {
	case !ok:
		return false
	case string(tag) == `"set"`:
		n.i = from
		return n.set()
	case string(tag) == `"map"`:
		return n.take(',') && n.array(n.pair) && n.take(']')
	}
	n.i = from
	return n.atom()
}

// row reads a <row>.
func (n *notation) row() bool { return n.object(func([]byte) bool { return n.value() }) }

// rowUpdate reads a <row-update> or a <row-update2>, ovsdb-server(7), 4.1.16.
func (n *notation) rowUpdate() bool {
	return n.object(func([]byte) bool {
		if n.peek() == 'n' {
			return n.null()
		}
		return n.row()
	})
}

// tableUpdates reads <table-updates> or <table-updates2>.
func (n *notation) tableUpdates() bool {
	return n.object(func([]byte) bool {
		return n.object(func([]byte) bool { return n.rowUpdate() })
	})
}

// results reads what a transaction is answered with, RFC 7047, 4.1.3.
func (n *notation) results() bool {
	return n.array(func() bool {
		if n.peek() == 'n' {
			return n.null()
		}
		return n.object(func(name []byte) bool {
			switch {
			case named(name, "rows"):
				return n.array(n.row)
			case named(name, "uuid"):
				return n.atom()
			}
			return n.any()
		})
	})
}

// whole tells whether nothing is left.
func (n *notation) whole() bool { return n.peek() == 0 && n.i >= len(n.b) }

// named tells whether encoding/json takes the name, given with its quotes, for the
// other one: it looks at neither case nor escapes.
func named(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var plain string
		return json.Unmarshal(quoted, &plain) != nil || bytes.EqualFold([]byte(plain), []byte(name))
	}
	return bytes.EqualFold(quoted[1:len(quoted)-1], []byte(name))
}
