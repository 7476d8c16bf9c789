package dbconn

import (
	"encoding/json"
	"fmt"

	"github.com/representord/representord/internal/reason"
)

// narrow gives what of a schema the library is shown, RFC 7047, 3.2. Indexes are left
// out: the library would demand that a model has all columns of each, those that a later
// version adds included, and would spend memory on them. A type that the library would
// panic on is an error.
func narrow(schema []byte) ([]byte, error) {
	var s struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Tables  map[string]struct {
			Columns map[string]struct {
				Type      json.RawMessage `json:"type"`
				Ephemeral *bool           `json:"ephemeral,omitempty"`
				Mutable   *bool           `json:"mutable,omitempty"`
			} `json:"columns"`
			IsRoot bool `json:"isRoot,omitempty"`
		} `json:"tables"`
	}
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, err
	}
	for table, t := range s.Tables {
		for column, c := range t.Columns {
			if !isType(c.Type, false) {
				return nil, fmt.Errorf("column %s of table %s has no type of RFC 7047", reason.Quote(column), reason.Quote(table))
			}
		}
	}
	return json.Marshal(s)
}

// isType tells whether a <type> can be used, or with base a <base-type>.
func isType(b []byte, base bool) bool {
	if isAtomic(b) {
		return true
	}
	var t struct{ Key, Value, Type, Enum json.RawMessage }
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &t) != nil {
		return false
	}
	if !base {
		return isType(t.Key, true) && (isNull(t.Value) || isType(t.Value, true))
	}
	enum := &notation{b: t.Enum}
	return isAtomic(t.Type) && (enum.peek() != '[' || enum.tagged(`"set"`) && enum.whole())
}

// isAtomic tells whether it is the name of an <atomic-type>.
func isAtomic(b []byte) bool {
	switch string(b) {
	case `"integer"`, `"real"`, `"boolean"`, `"string"`, `"uuid"`:
		return true
	}
	return false
}
