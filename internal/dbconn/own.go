package dbconn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/representord/representord/internal/reason"
)

// ErrUnknownMethod is wrapped in the error of a question that the server doesn't
// know: it is older than the question.
var ErrUnknownMethod = errors.New("the server doesn't know this method")

// ownIDs is what the ids of our own questions begin with. The library's are numbers.
const ownIDs = "representord-"

// own are the questions that we ask ourselves on the library's connection, and the
// locks that some of them ask for. The library sees none of it.
type own struct {
	mu      sync.Mutex
	last    int
	waiting map[string]*question // by id, as JSON
	locks   map[string]bool      // those asked for, as JSON, and whether they are ours
	tell    []func()
}

// question waits for its answer.
type question struct {
	lock   string      // the lock that it asks for, as JSON; empty for none
	answer chan answer // takes one
}

// answer is a copy of the parts of a message that count.
type answer struct{ result, fault string }

func newOwn() *own { return &own{waiting: map[string]*question{}, locks: map[string]bool{}} }

// ask notes a question, and gives the message to send.
func (o *own) ask(method, params string) (id string, q *question, request []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	id = strconv.Quote(ownIDs + strconv.Itoa(o.last))
	q = &question{answer: make(chan answer, 1)}
	if method == "lock" {
		q.lock = strings.TrimSuffix(strings.TrimPrefix(params, "["), "]")
	}
	o.waiting[id] = q
	return id, q, fmt.Appendf(nil, `{"method":%q,"params":%s,"id":%s}`, method, params, id)
}

// answered takes the answers to our own questions.
func (o *own) answered(m message) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.waiting[string(m.id)]
	if q == nil {
		return false
	}
	delete(o.waiting, string(m.id))
	q.answer <- answer{result: string(m.result), fault: string(m.fault)}
	if q.lock != "" {
		var got struct {
			Locked bool `json:"locked"`
		}
		o.hold(q.lock, json.Unmarshal(m.result, &got) == nil && got.Locked)
	}
	return true
}

// told takes the notifications "locked" and "stolen", RFC 7047, 4.1.9 and 4.1.10.
func (o *own) told(m message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := &notation{b: m.params}
	if !n.take('[') {
		return
	}
	if name, ok := n.text(); ok {
		o.hold(string(name), m.method == "locked")
	}
}

// hold notes whether a lock that was asked for is ours. The caller holds the mutex.
func (o *own) hold(lock string, locked bool) {
	if was, asked := o.locks[lock]; !asked || was == locked {
		return
	}
	o.locks[lock] = locked
	for _, f := range o.tell {
		f()
	}
}

// ask asks the server something by ourselves. The answer's result is returned.
func (c *Conn) ask(ctx context.Context, method string, params ...string) (string, error) {
	list, err := json.Marshal(append([]string{}, params...))
	if err != nil {
		return "", fmt.Errorf("%s: %w", method, err)
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	size := int64(len(method) + len(list) + len(`{"method":"","params":,"id":"representord-18446744073709551615"}`))
	if err := c.window.Acquire(ctx, size); err != nil {
		return "", c.explain(ctx, err)
	}
	id, q, request := c.relay.own.ask(method, string(list))
	if err := c.relay.send(request); err != nil {
		return "", c.explain(ctx, fmt.Errorf("%s %s: %w", method, id, err))
	}
	select {
	case a := <-q.answer:
		c.window.Release(size)
		return a.result, c.refused(method, a.fault)
	case <-ctx.Done():
		c.abandoned.Add(size)
		return "", c.explain(ctx, ctx.Err())
	}
}

// refused turns the error of an answer into ours.
func (c *Conn) refused(method, fault string) error {
	switch {
	case isNull([]byte(fault)):
		return nil
	case strings.Contains(fault, "unknown method"):
		return fmt.Errorf("%s: %s: %w", c.endpoint, method, ErrUnknownMethod)
	}
	return fmt.Errorf("%s: the server refused %s: %s", c.endpoint, method, reason.Quote(fault))
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
	if err := json.Unmarshal([]byte(result), &id); err != nil || !isUUID(id) {
		return "", fmt.Errorf("%s: the server gave %s for its id", c.endpoint, reason.Quote(result))
	}
	return id, nil
}

// Lock asks for a lock of the server, RFC 7047, 4.1.8, and returns when the server
// has put us in its queue. It may be called once for each name until Unlock; a name is an
// <id>, a letter or underscore and then letters, digits and underscores. Locked tells
// whether the lock is ours, and OnChange's function is called when that changes. The
// connection's end gives all locks up.
func (c *Conn) Lock(ctx context.Context, name string) error {
	o, key := c.relay.own, strconv.Quote(name)
	o.mu.Lock()
	_, again := o.locks[key]
	if !again {
		o.locks[key] = false
	}
	o.mu.Unlock()
	if again {
		return fmt.Errorf("the lock %s was asked for already", name)
	}
	_, err := c.ask(ctx, "lock", name)
	return err
}

// Unlock gives up a lock, or the place in its queue, RFC 7047, 4.1.11.
func (c *Conn) Unlock(ctx context.Context, name string) error {
	o := c.relay.own
	o.mu.Lock()
	delete(o.locks, strconv.Quote(name))
	o.mu.Unlock()
	_, err := c.ask(ctx, "unlock", name)
	return err
}

// Locked tells whether a lock that Lock asked for is ours, as far as the server
// has told. A server that hangs, and another holder, may say otherwise: it is
// asserted in a transaction that depends on it, RFC 7047, 5.2.10.
func (c *Conn) Locked(name string) bool {
	c.relay.own.mu.Lock()
	defer c.relay.own.mu.Unlock()
	return c.relay.own.locks[strconv.Quote(name)] && c.life.Err() == nil
}
