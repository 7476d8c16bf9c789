package dbconn

import (
	"encoding/json"
	"fmt"

	"github.com/representord/representord/internal/reason"
)

// What of a schema the library is shown, RFC 7047, 3.2. Indexes are left out: the
// library would demand that a model has all columns of each, those that a later
// version adds included, and would spend memory on them.
type (
	narrowSchema struct {
		Name    string                 `json:"name"`
		Version string                 `json:"version"`
		Tables  map[string]narrowTable `json:"tables"`
	}
	narrowTable struct {
		Columns map[string]narrowColumn `json:"columns"`
		IsRoot  bool                    `json:"isRoot,omitempty"`
	}
	narrowColumn struct {
		Type      json.RawMessage `json:"type"`
		Ephemeral *bool           `json:"ephemeral,omitempty"`
		Mutable   *bool           `json:"mutable,omitempty"`
	}
)

// narrow gives the schema without its indexes. A type that the library would panic
// on is an error.
func narrow(schema []byte) ([]byte, error) {
	var s narrowSchema
	if err := json.Unmarshal(schema, &s); err != nil {
		return nil, err
	}
	for table, t := range s.Tables {
		for column, c := range t.Columns {
			if !isColumnType(c.Type) {
				return nil, fmt.Errorf("column %s of table %s has no type of RFC 7047", reason.Quote(column), reason.Quote(table))
			}
		}
	}
	return json.Marshal(s)
}

// isColumnType tells whether a <type> can be used.
func isColumnType(b []byte) bool {
	if isAtomic(b) {
		return true
	}
	var t struct {
		Key   json.RawMessage `json:"key"`
		Value json.RawMessage `json:"value"`
	}
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &t) != nil {
		return false
	}
	return isBaseType(t.Key) && (isNull(t.Value) || isBaseType(t.Value))
}

// isBaseType tells whether a <base-type> can be used.
func isBaseType(b []byte) bool {
	if isAtomic(b) {
		return true
	}
	var t struct {
		Type json.RawMessage `json:"type"`
		Enum json.RawMessage `json:"enum"`
	}
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &t) != nil || !isAtomic(t.Type) {
		return false
	}
	if isNull(t.Enum) || t.Enum[0] != '[' {
		return true
	}
	enum := &notation{b: t.Enum}
	return enum.set() && enum.whole()
}

// isAtomic tells whether it is the name of an <atomic-type>.
func isAtomic(b []byte) bool {
	switch string(b) {
	case `"integer"`, `"real"`, `"boolean"`, `"string"`, `"uuid"`:
		return true
	}
	return false
}
