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
	if !ok || !n.whole() {
		return message{}, errNoMessage
	}
	return shaped(parts)
}

// shaped makes a message of its parts, if those make one.
func shaped(parts map[string][]byte) (message, error) {
	m := message{params: parts["params"], id: parts["id"], result: parts["result"], fault: parts["error"]}
	if parts["method"] != nil {
		if json.Unmarshal(parts["method"], &m.method) != nil || m.method == "" || len(m.params) == 0 || m.params[0] != '[' {
			return message{}, errNoMessage
		}
		return m, nil
	}
	if isNull(m.id) || isNull(m.result) && isNull(m.fault) {
		return message{}, errNoMessage
	}
	return m, nil
}

func isNull(part []byte) bool { return len(part) == 0 || string(part) == "null" }
