package dbconn

import (
	"errors"
	"fmt"
)

// oddError is the error of a message that can't be passed on.
type oddError struct{ cause error }

func (e *oddError) Error() string { return e.cause.Error() }

func (e *oddError) Unwrap() error { return e.cause }

func isOdd(err error) bool {
	var odd *oddError
	return errors.As(err, &odd)
}

func odd(format string, args ...any) error { return &oddError{cause: fmt.Errorf(format, args...)} }

// judge says what of a server's message is for the library: the message, none of
// it, or something else in its place. An error says that it is no message of OVSDB.
func (r *relay) judge(b []byte) ([]byte, error) {
	m, err := parse(b)
	switch {
	case err != nil:
		return nil, &oddError{cause: err}
	case m.method != "":
		return r.judgeNotice(m, b)
	}
	if r.own.answered(m) {
		return nil, nil
	}
	r.mu.Lock()
	method, waited := r.asked[string(m.id)]
	delete(r.asked, string(m.id))
	r.mu.Unlock()
	if !waited {
		return nil, odd("an answer to what was never asked")
	}
	if !isNull(m.fault) {
		return b, nil // the library reads no result then
	}
	return judgeResult(method, m, b)
}

// judgeNotice judges a request or notification.
func (r *relay) judgeNotice(m message, b []byte) ([]byte, error) {
	n := &notation{b: m.params}
	switch m.method {
	case "locked", "stolen":
		r.own.told(m)
		return nil, nil
	case "update2":
		if !n.take('[') || !n.any() || !n.take(',') || !n.tableUpdates() || !n.take(']') {
			return nil, odd("%w: %s", errNotation, m.method)
		}
	case "update", "update3":
		return nil, odd("%s is what nobody asked for", m.method)
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
			return nil, odd("%w: a schema: %w", errNotation, err)
		}
		return fmt.Appendf(nil, `{"id":%s,"result":%s,"error":null}`, m.id, schema), nil
	case "list_dbs":
		ok = n.texts()
	case "transact":
		ok = n.results()
	case "monitor_cond":
		ok = n.tableUpdates()
	case "echo":
		ok = n.any()
	}
	if !ok || !n.whole() {
		return nil, odd("%w: the answer to %s", errNotation, method)
	}
	return b, nil
}
