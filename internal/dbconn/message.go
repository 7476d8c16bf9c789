package dbconn

import (
	"encoding/json"
	"errors"
)

// message is a JSON-RPC message, RFC 7047, 4: a request, a notification (its id is
// null), or an answer (its method is ""). The parts are as they were sent.
type message struct {
	method                    string
	params, id, result, fault []byte
}

var errNoMessage = errors.New("neither a request nor an answer of JSON-RPC")

// parse takes a message apart. The library's decoder looks at no letter's case and
// takes the last of members of one name: what it could read otherwise is refused.
func parse(b []byte) (message, error) {
	parts := map[string][]byte{}
	n := &notation{b: b}
	ok := n.object(func(name []byte) bool {
		n.peek()
		from := n.i
		if !n.any() {
			return false
		}
		for _, known := range []string{"method", "params", "id", "result", "error"} {
			if !named(name, known) {
				continue
			}
			if parts[known] != nil || string(name) != `"`+known+`"` {
				return false
			}
			parts[known] = b[from:n.i]
		}
		return true
	})
	m := message{params: parts["params"], id: parts["id"], result: parts["result"], fault: parts["error"]}
	if !ok || !n.whole() || !m.complete(parts["method"]) {
		return message{}, errNoMessage
	}
	return m, nil
}

// complete gives the message its method, and tells whether it has what one of its kind needs.
func (m *message) complete(method []byte) bool {
	if method == nil {
		return !isNull(m.id) && (!isNull(m.result) || !isNull(m.fault))
	}
	return json.Unmarshal(method, &m.method) == nil && m.method != "" && len(m.params) > 0 && m.params[0] == '['
}

func isNull(part []byte) bool { return len(part) == 0 || string(part) == "null" }
