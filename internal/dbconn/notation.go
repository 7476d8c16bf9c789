package dbconn

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
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
	for ; n.i < len(n.b); n.i++ {
		if c := n.b[n.i]; !isBlank(c) {
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

// text reads a string, and gives it with its quotes, nil for none.
func (n *notation) text() []byte {
	if n.peek() != '"' {
		return nil
	}
	from := n.i
	for n.i++; n.i < len(n.b); n.i++ {
		switch n.b[n.i] {
		case '\\':
			n.i++
		case '"':
			n.i++
			return n.b[from:n.i]
		}
	}
	return nil
}

func (n *notation) isText() bool { return n.text() != nil }

// any reads a value of any kind, nested no deeper than maxDepth.
func (n *notation) any() bool {
	switch n.peek() {
	case '"':
		return n.isText()
	case '{':
		return n.object(func([]byte) bool { return n.any() })
	case '[':
		return n.array(n.any)
	}
	return len(n.word()) > 0
}

// word reads a number, true, false or null.
func (n *notation) word() []byte {
	n.peek()
	rest := n.b[n.i:]
	if end := bytes.IndexAny(rest, " \t\r\n,:[]{}\""); end >= 0 {
		rest = rest[:end]
	}
	n.i += len(rest)
	return rest
}

// orNull reads a null, or else what the function reads.
func (n *notation) orNull(read func() bool) bool {
	if n.peek() == 'n' {
		return string(n.word()) == "null"
	}
	return read()
}

// list reads what stands between two brackets, each element by the function.
func (n *notation) list(open, end byte, element func() bool) bool {
	if !n.take(open) {
		return false
	}
	if n.take(end) {
		return true
	}
	for element() {
		if !n.take(',') {
			return n.take(end)
		}
	}
	return false
}

// array reads an array whose elements the function reads.
func (n *notation) array(element func() bool) bool { return n.list('[', ']', element) }

// object reads an object whose members the function reads; it is given the name
// with its quotes.
func (n *notation) object(member func(name []byte) bool) bool {
	return n.list('{', '}', func() bool {
		name := n.text()
		return name != nil && n.take(':') && member(name)
	})
}

// atom reads an <atom>. A null is none, and the library panics on one.
func (n *notation) atom() bool {
	switch c := n.peek(); {
	case c == '"':
		return n.isText()
	case c == '[':
		return n.tagged(`"uuid"`, `"named-uuid"`)
	case c == '-' || c >= '0' && c <= '9':
		return len(n.word()) > 0
	}
	w := string(n.word())
	return w == "true" || w == "false"
}

// pair reads a <pair>.
func (n *notation) pair() bool {
	return n.take('[') && n.atom() && n.take(',') && n.atom() && n.take(']')
}

// tagged reads an array of two that begins with one of these tags: a <set> that is written as one,
// a <map>, a <uuid> or a <named-uuid>.
func (n *notation) tagged(tags ...string) bool {
	if !n.take('[') {
		return false
	}
	tag := string(n.text())
	if !slices.Contains(tags, tag) || !n.take(',') {
		return false
	}
	var ok bool
	switch tag {
	case `"set"`:
		ok = n.array(n.atom)
	case `"map"`:
		ok = n.array(n.pair)
	default:
		ok = n.isText()
	}
	return ok && n.take(']')
}

// value reads a <value>.
func (n *notation) value() bool {
	if n.peek() != '[' {
		return n.atom()
	}
	return n.tagged(`"set"`, `"map"`, `"uuid"`, `"named-uuid"`)
}

// row reads a <row>.
func (n *notation) row() bool { return n.object(func([]byte) bool { return n.value() }) }

// tableUpdates reads <table-updates> or <table-updates2>, ovsdb-server(7), 4.1.16: rows by
// table, uuid, and what became of them.
func (n *notation) tableUpdates() bool {
	return n.object(func([]byte) bool {
		return n.object(func([]byte) bool {
			return n.object(func([]byte) bool { return n.orNull(n.row) })
		})
	})
}

// results reads what a transaction is answered with, RFC 7047, 4.1.3.
func (n *notation) results() bool {
	result := func() bool {
		return n.object(func(name []byte) bool {
			switch {
			case named(name, "rows"):
				return n.array(n.row)
			case named(name, "uuid"):
				return n.atom()
			}
			return n.any()
		})
	}
	return n.array(func() bool { return n.orNull(result) })
}

// whole tells whether nothing is left.
func (n *notation) whole() bool { return n.peek() == 0 && n.i >= len(n.b) }

// named tells whether encoding/json takes the name, given with its quotes, for the
// other one: it looks at neither case nor escapes.
func named(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return bytes.EqualFold(quoted[1:len(quoted)-1], []byte(name))
	}
	var plain string
	return json.Unmarshal(quoted, &plain) != nil || strings.EqualFold(plain, name)
}
