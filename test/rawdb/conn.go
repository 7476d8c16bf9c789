// Package rawdb speaks OVSDB's protocol (RFC 7047) with nothing between the test
// and the server: no cache, no reconnecting, no library that the programs use too.
package rawdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// ErrClosed is the error of every call on a connection that has ended. What became
// of a transaction that was under way is not known.
var ErrClosed = errors.New("the connection to the database has ended")

// Conn is one connection to one server on a unix socket.
type Conn struct {
	conn net.Conn
	done chan struct{}

	mu      sync.Mutex
	next    int
	waiting map[int]func(result json.RawMessage, err error)
	monitor func(Update)
}

// Update is what one notification of a monitor says, which is what one
// transaction changed, or what there is at first.
type Update struct {
	// At is when it was received.
	At     time.Time
	Tables map[string]map[string]RowUpdate
}

// RowUpdate is a row, by its uuid. New is nil for a row that is gone. Of a row that
// changed Old has the columns that did; it is nil for a new row.
type RowUpdate struct {
	Old Row `json:"old"`
	New Row `json:"new"`
}

// Dial connects to an endpoint "unix:PATH".
func Dial(ctx context.Context, endpoint string) (*Conn, error) {
	nc, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", strings.TrimPrefix(endpoint, "unix:"))
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: nc, done: make(chan struct{}), waiting: map[int]func(json.RawMessage, error){}}
	go c.read()
	return c, nil
}

// Close ends the connection and waits until nobody will be called any more.
func (c *Conn) Close() {
	_ = c.conn.Close()
	<-c.done
}

// Done is closed when the connection has ended, for whatever reason.
func (c *Conn) Done() <-chan struct{} { return c.done }

// message is a request, a notification or an answer, RFC 7047 section 4.
type message struct {
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
	ID     json.RawMessage `json:"id"`
}

func (c *Conn) read() {
	defer func() {
		_ = c.conn.Close()
		c.mu.Lock()
		waiting := c.waiting
		c.waiting = nil
		c.mu.Unlock()
		for _, answer := range waiting {
			answer(nil, ErrClosed)
		}
		close(c.done)
	}()
	decoder := json.NewDecoder(c.conn)
	for {
		var m message
		if decoder.Decode(&m) != nil || c.take(m) != nil {
			return
		}
	}
}

func (c *Conn) take(m message) error {
	switch m.Method {
	case "":
		var id int
		if err := json.Unmarshal(m.ID, &id); err != nil {
			return err
		}
		c.mu.Lock()
		answer := c.waiting[id]
		delete(c.waiting, id)
		c.mu.Unlock()
		if answer == nil {
			return nil
		}
		if len(m.Error) > 0 && string(m.Error) != "null" {
			answer(nil, fmt.Errorf("the server answers: %s", m.Error))
		} else {
			answer(m.Result, nil)
		}
	case "echo":
		return c.write(map[string]any{"id": m.ID, "result": m.Params, "error": nil})
	case "update":
		var params []json.RawMessage
		if err := json.Unmarshal(m.Params, &params); err != nil || len(params) != 2 {
			return fmt.Errorf("update: %d parameters: %w", len(params), err)
		}
		return c.update(params[1])
	}
	return nil
}

func (c *Conn) update(tables json.RawMessage) error {
	u := Update{At: time.Now()}
	if err := json.Unmarshal(tables, &u.Tables); err != nil {
		return err
	}
	c.mu.Lock()
	tell := c.monitor
	c.mu.Unlock()
	tell(u)
	return nil
}

func (c *Conn) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.conn.Write(b)
	return err
}

// call sends a request. Its answer is given to a function, in the order in which
// the server sends it and what else it sends.
func (c *Conn) call(method string, params []any, answer func(json.RawMessage, error)) {
	c.mu.Lock()
	if c.waiting == nil {
		c.mu.Unlock()
		answer(nil, ErrClosed)
		return
	}
	c.next++
	id := c.next
	c.waiting[id] = answer
	c.mu.Unlock()
	if c.write(map[string]any{"method": method, "params": params, "id": id}) != nil {
		_ = c.conn.Close() // the reader answers
	}
}

// ask is call, and waits.
func (c *Conn) ask(ctx context.Context, method string, params []any, first func(json.RawMessage) error) (json.RawMessage, error) {
	type outcome struct {
		result json.RawMessage
		err    error
	}
	got := make(chan outcome, 1)
	c.call(method, params, func(result json.RawMessage, err error) {
		if err == nil && first != nil {
			err = first(result)
		}
		got <- outcome{result, err}
	})
	select {
	case o := <-got:
		if o.err != nil {
			return nil, fmt.Errorf("%s: %w", method, o.err)
		}
		return o.result, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

// Monitor has a function called with all rows of these columns, by table, and then
// with every change to them, one call at a time, until the connection ends. There
// can be one on a connection.
func (c *Conn) Monitor(ctx context.Context, database string, tables map[string][]string, tell func(Update)) error {
	requests := map[string]any{}
	for table, columns := range tables {
		requests[table] = map[string]any{"columns": columns}
	}
	c.mu.Lock()
	c.monitor = tell
	c.mu.Unlock()
	_, err := c.ask(ctx, "monitor", []any{database, "monitor", requests}, c.update)
	return err
}

// Transact does operations in one transaction, and returns the error of the first
// that failed.
func (c *Conn) Transact(ctx context.Context, database string, operations ...Operation) ([]Result, error) {
	params := []any{database}
	for _, o := range operations {
		params = append(params, o)
	}
	answer, err := c.ask(ctx, "transact", params, nil)
	if err != nil {
		return nil, err
	}
	var results []*Result // null after the one that failed
	if err := json.Unmarshal(answer, &results); err != nil {
		return nil, fmt.Errorf("transact: %w", err)
	}
	out := make([]Result, 0, len(results))
	for i, r := range results {
		if r == nil {
			break
		}
		if r.Error != "" {
			return nil, fmt.Errorf("transact: operation %d: %s: %s", i, r.Error, r.Details)
		}
		out = append(out, *r)
	}
	return out, nil
}
