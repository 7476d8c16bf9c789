package dbconn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/reason"
)

// ErrUnknownMethod is wrapped in the error of a question that the server doesn't
// know: it is older than the question.
var ErrUnknownMethod = errors.New("the server doesn't know this method")

// ownIDs is what the ids of our own questions begin with. The library's are numbers.
const ownIDs = "representord-"

// question waits for its answer: the library's, or one that we ask by ourselves on its
// connection. The library sees none of the latter.
type question struct {
	method string
	lock   string       // the lock that it asks for; empty for none
	answer chan message // takes one, a copy of what counts; nil for the library's
}

// ask notes a question of our own, and gives the message to send.
func (r *relay) ask(method string, params []string, list []byte) (id string, answer <-chan message, request []byte) {
	q := &question{method: method, answer: make(chan message, 1)}
	if method == "lock" {
		q.lock = params[0]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	id = strconv.Quote(ownIDs + strconv.Itoa(r.last))
	r.asked[id] = q
	return id, q.answer, fmt.Appendf(nil, `{"method":%q,"params":%s,"id":%s}`, method, list, id)
}

// answered gives the question that a message answers, nil for none. One of our own has its answer then.
func (r *relay) answered(m message) *question {
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.asked[string(m.id)]
	delete(r.asked, string(m.id))
	if q == nil || q.answer == nil {
		return q
	}
	if q.lock != "" {
		var got struct {
			Locked bool `json:"locked"`
		}
		r.hold(q.lock, json.Unmarshal(m.result, &got) == nil && got.Locked)
	}
	q.answer <- message{result: bytes.Clone(m.result), fault: bytes.Clone(m.fault)}
	return q
}

// told takes the notifications "locked" and "stolen", RFC 7047, 4.1.9 and 4.1.10.
func (r *relay) told(m message) {
	var params []json.RawMessage
	var name string
	if json.Unmarshal(m.params, &params) != nil || len(params) == 0 || json.Unmarshal(params[0], &name) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold(name, m.method == "locked")
}

// hold notes whether a lock that was asked for is ours. The caller holds the mutex.
func (r *relay) hold(lock string, locked bool) {
	if was, asked := r.locks[lock]; !asked || was == locked {
		return
	}
	r.locks[lock] = locked
	for _, f := range r.tell {
		f()
	}
}

// ask asks the server something by ourselves. The answer's result is returned.
func (c *Conn) ask(ctx context.Context, method string, params ...string) ([]byte, error) {
	list, err := json.Marshal(append([]string{}, params...))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var a message
	size := len(method) + len(list) + len(`{"method":"","params":,"id":"representord-18446744073709551615"}`)
	err = c.call(ctx, size, func(ctx context.Context) error {
		id, answer, request := c.relay.ask(method, params, list)
		if err := c.relay.send(request); err != nil {
			return fmt.Errorf("%s %s: %w", method, id, err)
		}
		select {
		case a = <-answer:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	switch fault := string(a.fault); {
	case err != nil:
		return nil, err
	case strings.Contains(fault, "unknown method"):
		return nil, fmt.Errorf("%s: %s: %w", c.endpoint, method, ErrUnknownMethod)
	case !isNull(a.fault):
		return nil, fmt.Errorf("%s: the server refused %s: %s", c.endpoint, method, reason.Quote(fault))
	}
	return a.result, nil
}

// ServerID asks the server process for its id, get_server_id of ovsdb-server(7): a
// UUID that it makes up when it starts. Two connections that get one id end at one
// process. One older than Open vSwitch 2.7 doesn't know: ErrUnknownMethod.
func (c *Conn) ServerID(ctx context.Context) (string, error) {
	result, err := c.ask(ctx, "get_server_id")
	if err != nil {
		return "", err
	}
	var id string
	if err := json.Unmarshal(result, &id); err != nil || !isUUID(id) {
		return "", fmt.Errorf("%s: the server gave %s for its id", c.endpoint, reason.Quote(string(result)))
	}
	return id, nil
}

// Lock asks for a lock of the server, RFC 7047, 4.1.8, and returns when the server
// has put us in its queue. It may be called once for each name until Unlock; a name is an
// <id>, a letter or underscore and then letters, digits and underscores. Locked tells
// whether the lock is ours, and OnChange's function is called when that changes. The
// connection's end gives all locks up.
func (c *Conn) Lock(ctx context.Context, name string) error {
	r := c.relay
	r.mu.Lock()
	_, again := r.locks[name]
	if !again {
		r.locks[name] = false
	}
	r.mu.Unlock()
	if again {
		return fmt.Errorf("the lock %s was asked for already", name)
	}
	_, err := c.ask(ctx, "lock", name)
	return err
}

// Unlock gives up a lock, or the place in its queue, RFC 7047, 4.1.11.
func (c *Conn) Unlock(ctx context.Context, name string) error {
	c.relay.mu.Lock()
	delete(c.relay.locks, name)
	c.relay.mu.Unlock()
	_, err := c.ask(ctx, "unlock", name)
	return err
}

// Locked tells whether a lock that Lock asked for is ours, as far as the server
// has told. A server that hangs, and another holder, may say otherwise: it is
// asserted in a transaction that depends on it, RFC 7047, 5.2.10.
func (c *Conn) Locked(name string) bool {
	c.relay.mu.Lock()
	defer c.relay.mu.Unlock()
	return c.relay.locks[name] && c.life.Err() == nil
}
