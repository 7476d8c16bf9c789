package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/representord/representord/internal/reason"
)

// maxAnswer bounds what a client reads, in bytes: 100000 ports need about a third.
const maxAnswer = 128 << 20

// answerPatience bounds how long an answer may take to begin. A daemon answers in
// milliseconds, and within inquiryPatience when it asks the Southbound.
const answerPatience = 5 * time.Second

// Client asks a daemon. It is safe for concurrent use.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client for the daemon on a socket. It connects when it is asked something.
func NewClient(socket string) *Client {
	var dialer net.Dialer
	return &Client{
		socket: socket,
		http: &http.Client{
			Transport: &http.Transport{
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return dialer.DialContext(ctx, "unix", socket)
				},
				// One question, one connection: nothing stays behind that needs closing.
				DisableKeepAlives:     true,
				ResponseHeaderTimeout: answerPatience,
			},
		},
	}
}

// Status asks for PathStatus.
//
// Errors of every method are an *UnreachableError when no daemon answers, an *Error when it refuses.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return ask[Status](ctx, c, http.MethodGet, PathStatus, http.NoBody)
}

// Ports asks for PathPorts.
func (c *Client) Ports(ctx context.Context) (Ports, error) {
	return ask[Ports](ctx, c, http.MethodGet, PathPorts, http.NoBody)
}

// Port asks for one logical port.
func (c *Client) Port(ctx context.Context, logicalPort string) (OnePort, error) {
	return ask[OnePort](ctx, c, http.MethodGet, PathPorts+"/"+escape(logicalPort), http.NoBody)
}

// Representors asks for PathRepresentors.
func (c *Client) Representors(ctx context.Context) (Representors, error) {
	return ask[Representors](ctx, c, http.MethodGet, PathRepresentors, http.NoBody)
}

// Lookup asks for PathLookup, with the parameters Param*.
func (c *Client) Lookup(ctx context.Context, question url.Values) (Lookup, error) {
	return ask[Lookup](ctx, c, http.MethodGet, PathLookup+"?"+question.Encode(), http.NoBody)
}

// Serials asks for PathSerials.
func (c *Client) Serials(ctx context.Context) (Serials, error) {
	return ask[Serials](ctx, c, http.MethodGet, PathSerials, http.NoBody)
}

// escape makes one segment of a path of any text. Dots are escaped as well: a
// port may be called "..", which would be taken for a path.
func escape(s string) string { return strings.ReplaceAll(url.PathEscape(s), ".", "%2E") }

// ask asks the daemon, with http.NoBody for a question that is all in its path.
func ask[T any](ctx context.Context, c *Client, method, path string, body io.Reader) (T, error) {
	var v T
	request, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return v, err
	}
	start := time.Now()
	answer, err := c.http.Do(request)
	if err != nil {
		return v, unreachable(c.socket, err, time.Since(start))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return v, unreachable(c.socket, err, time.Since(start))
	}
	if len(text) > maxAnswer {
		return v, fmt.Errorf("the answer on %s is larger than %d bytes", c.socket, maxAnswer)
	}
	if answer.StatusCode != http.StatusOK {
		return v, refusal(answer, text)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("the answer on %s to %s is not understood: %w; is the daemon of another version?", c.socket, path, withoutTypes(err))
	}
	return v, nil
}

// withoutTypes says what is wrong with JSON without the names of Go's types.
func withoutTypes(err error) error {
	if other, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if other.Field == "" {
			return fmt.Errorf("it is of JSON's type %s", other.Value)
		}
		return fmt.Errorf("%s in it is of JSON's type %s", other.Field, other.Value)
	}
	return err
}

// cause takes off what only repeats the address.
func cause(err error) error {
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		err = operation.Err
	}
	return err
}

func refusal(answer *http.Response, body []byte) error {
	e := &Error{Status: answer.StatusCode}
	if err := json.Unmarshal(body, &e.Problem); err != nil || e.Problem.Error == "" {
		e.Problem = Problem{Error: "the answer is HTTP status " + answer.Status + " with " + reason.Quote(string(body))}
	}
	return e
}
