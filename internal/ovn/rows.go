package ovn

import (
	"fmt"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// fields reads the columns of a row as a select returns it. The first column that
// isn't what the schema says is the error.
type fields struct {
	row ovsdb.Row
	err error
}

// parseRow reads a Port_Binding with the columns of portColumns.
func parseRow(r ovsdb.Row, additional bool) (row, error) {
	f := fields{row: r}
	out := row{
		LogicalPort:      f.text("logical_port"),
		Type:             f.text("type"),
		ParentPort:       f.text("parent_port"),
		Options:          f.texts("options"),
		RequestedChassis: f.uuid("requested_chassis"),
		Up:               f.truth("up"),
		MAC:              f.strings(columnMAC),
	}
	if additional {
		out.RequestedAdditional = f.uuids("requested_additional_chassis")
	}
	return out, f.err
}

// elements gives the values of a column that may be a set: RFC 7047 writes a set
// of one element like a plain value.
func (f *fields) elements(column string) []any {
	v, ok := f.row[column]
	if !ok {
		f.fail(column, nil)
		return nil
	}
	switch v := v.(type) {
	case ovsdb.OvsSet:
		return v.GoSet
	case *ovsdb.OvsSet:
		if v != nil {
			return v.GoSet
		}
		return nil
	}
	return []any{v}
}

// text gives a string, or the only element of a set of strings, "" for none.
func (f *fields) text(column string) string { return only[string](f, column) }

// truth gives a boolean, false for none.
func (f *fields) truth(column string) bool { return only[bool](f, column) }

// uuid gives a reference, "" for none.
func (f *fields) uuid(column string) string { return only[ovsdb.UUID](f, column).GoUUID }

// number gives an integer, and whether there is one.
func (f *fields) number(column string) (int64, bool) {
	if len(f.elements(column)) == 0 {
		return 0, false
	}
	// encoding/json's idea of a number; exact up to 2^53.
	n := only[float64](f, column)
	if n < 0 || n != float64(int64(n)) {
		f.fail(column, n)
		return 0, false
	}
	return int64(n), f.err == nil
}

func (f *fields) uuids(column string) []string {
	var uuids []string
	for _, e := range f.elements(column) {
		u, ok := e.(ovsdb.UUID)
		if !ok {
			f.fail(column, e)
			return nil
		}
		uuids = append(uuids, u.GoUUID)
	}
	return uuids
}

// strings gives a set of strings.
func (f *fields) strings(column string) []string {
	var all []string
	for _, e := range f.elements(column) {
		s, ok := e.(string)
		if !ok {
			f.fail(column, e)
			return nil
		}
		all = append(all, s)
	}
	return all
}

// texts gives a map of strings.
func (f *fields) texts(column string) map[string]string {
	var pairs map[any]any
	switch v := f.row[column].(type) {
	case ovsdb.OvsMap:
		pairs = v.GoMap
	case *ovsdb.OvsMap:
		if v != nil {
			pairs = v.GoMap
		}
	default:
		f.fail(column, v)
		return nil
	}
	out := make(map[string]string, len(pairs))
	for k, v := range pairs {
		key, ok1 := k.(string)
		value, ok2 := v.(string)
		if !ok1 || !ok2 {
			f.fail(column, k)
			return nil
		}
		out[key] = value
	}
	return out
}

func (f *fields) fail(column string, v any) {
	if f.err == nil {
		f.err = fmt.Errorf("the server answered with column %s missing or of a wrong type (%T)", column, v)
	}
}

// only gives the one value of a column, or its type's zero when it has none.
func only[T any](f *fields, column string) T {
	var none T
	e := f.elements(column)
	if len(e) == 0 {
		return none
	}
	v, ok := e[0].(T)
	if !ok || len(e) > 1 {
		f.fail(column, e[0])
		return none
	}
	return v
}
