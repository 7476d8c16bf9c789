package dbconn

import (
	"errors"
	"fmt"
)

// judge says what of a server's message is for the library: the message, none of
// it, or something else in its place. An error says that it is no message of OVSDB.
func (r *relay) judge(b []byte) ([]byte, error) {
	m, err := parse(b)
	switch {
	case err != nil:
		return nil, err
	case m.method != "":
		return r.judgeNotice(m, b)
	}
	switch q := r.answered(m); {
	case q == nil:
		return nil, errors.New("an answer to what was never asked")
	case q.answer != nil:
		return nil, nil
	case !isNull(m.fault):
		return b, nil // the library reads no result then
	default:
		return judgeResult(q.method, m, b)
	}
}

// judgeNotice judges a request or notification.
func (r *relay) judgeNotice(m message, b []byte) ([]byte, error) {
	n := &notation{b: m.params}
	switch m.method {
	case "locked", "stolen":
		r.told(m)
		return nil, nil
	case "update2":
		if !n.take('[') || !n.any() || !n.take(',') || !n.tableUpdates() || !n.take(']') {
			return nil, fmt.Errorf("%w: %s", errNotation, m.method)
		}
	case "update", "update3":
		return nil, fmt.Errorf("%s is what nobody asked for", m.method)
	}
	return b, nil
}

// judgeResult judges what a question was answered with.
func judgeResult(method string, m message, b []byte) ([]byte, error) {
	n := &notation{b: m.result}
	var ok bool
	switch method {
	case "get_schema":
		schema, err := narrow(m.result)
		if err != nil {
			return nil, fmt.Errorf("%w: a schema: %w", errNotation, err)
		}
		return fmt.Appendf(nil, `{"id":%s,"result":%s,"error":null}`, m.id, schema), nil
	case "list_dbs":
		ok = n.array(n.isText)
	case "transact":
		ok = n.results()
	case "monitor_cond":
		ok = n.tableUpdates()
	case "echo":
		ok = n.any()
	}
	if !ok || !n.whole() {
		return nil, fmt.Errorf("%w: the answer to %s", errNotation, method)
	}
	return b, nil
}
