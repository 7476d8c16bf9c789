package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// socketPath gives a path that is short enough for a unix socket, which
// testing.TB.TempDir's is not always.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "run", "control.sock")
}

// serve starts a server and gives its socket; it is stopped, and waited for, when
// the test ends.
func serve(t *testing.T, facts func() Facts) string {
	t.Helper()
	path := socketPath(t)
	stop := serveOn(t, path, facts)
	t.Cleanup(stop)
	return path
}

func serveOn(t *testing.T, path string, facts func() Facts) (stop func()) {
	t.Helper()
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	release := func(seen []plug.Holding) (released, held []plug.Holding) { return seen, nil }
	server := Server{Facts: facts, Release: release, Log: slog.New(slog.DiscardHandler)}
	go func() { done <- server.Serve(ctx, l) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
}

// raw asks as curl does.
func raw(t *testing.T, socket, method, path string) (int, http.Header, string) {
	t.Helper()
	c := NewClient(socket)
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func TestClient_SeesWhatTheDaemonKnows(t *testing.T) {
	c := NewClient(serve(t, facts))
	status, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(facts().Status(), status, cmpopts.IgnoreUnexported(companion.Sight{})); diff != "" {
		t.Errorf("status (-sent +received):\n%s", diff)
	}
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(facts().Ports(), ports); diff != "" {
		t.Errorf("ports (-sent +received):\n%s", diff)
	}
	representors, err := c.Representors(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(facts().Representors(), representors); diff != "" {
		t.Errorf("representors (-sent +received):\n%s", diff)
	}
}

func TestPort_IsFoundWhateverItsName(t *testing.T) {
	names := []string{oddName, "..", ".", "/", "//", "%2F", "a b", "vm1", "\xff"}
	known := facts()
	for _, name := range names {
		p := known.Report.Ports[1]
		p.LogicalPort = name
		known.Report.Ports = append(known.Report.Ports, p)
	}
	c := NewClient(serve(t, func() Facts { return known }))
	for _, name := range names {
		p, err := c.Port(t.Context(), name)
		// JSON has no bytes that aren't UTF-8; they are replaced.
		if want := strings.ToValidUTF8(name, "\uFFFD"); err != nil || p.LogicalPort != want {
			t.Errorf("port %q: %q, %v", name, p.LogicalPort, err)
		}
	}
}

func TestPort_ThatIsUnknownIs404(t *testing.T) {
	c := NewClient(serve(t, facts))
	_, err := c.Port(t.Context(), "nobody\x1b")
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != http.StatusNotFound || !strings.Contains(err.Error(), `"nobody\x1b"`) {
		t.Errorf("%#v, want 404 with the name escaped", err)
	}
}

func TestServer_NothingIsClaimedOfPortsByADaemonThatDoesNotKnow(t *testing.T) {
	starting, standby, first := facts(), facts(), facts()
	starting.Role, starting.RoleReason, starting.Report = Starting, "the local database: no answer", plug.Report{}
	standby.Role, standby.RoleReason = Standby, "pid 811 has it" // after it had the bridge itself
	first.Report = plug.Report{}
	for _, f := range []Facts{starting, standby, first} {
		c := NewClient(serve(t, func() Facts { return f }))
		ports, err := c.Ports(t.Context())
		if err != nil || ports.Current() || ports.Role != f.Role || ports.RoleReason != f.RoleReason || !ports.AsOf.Equal(instant(f.Report.At)) {
			t.Errorf("%s: %+v, %v; want that they are not current, and why", f.Role, ports.Standing, err)
		}
		_, err = c.Port(t.Context(), "nobody")
		var refused *Error
		if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || !strings.Contains(err.Error(), string(f.Role)+": ") {
			t.Errorf("%s: %v; want 503", f.Role, err)
		}
	}
	c := NewClient(serve(t, func() Facts { return standby }))
	known := standby.Report.Ports[0].LogicalPort
	if p, err := c.Port(t.Context(), known); err != nil || p.Current() || p.LogicalPort != known {
		t.Errorf("%+v, %v; want the port as it was, not current", p, err)
	}
	c = NewClient(serve(t, facts))
	if ports, err := c.Ports(t.Context()); err != nil || !ports.Current() {
		t.Errorf("active: %+v, %v; want that they are current", ports.Standing, err)
	}
}

func TestServer_ErrorsAreJSONWithTheRightStatus(t *testing.T) {
	socket := serve(t, facts)
	for _, c := range []struct {
		method, path string
		status       int
		says         string
	}{
		{http.MethodGet, "/", 404, "/v1/status"},
		{http.MethodGet, "/v2/status", 404, "/v1/status"},
		{http.MethodGet, "/v1/status/more", 404, "no path"},
		{http.MethodGet, "/v1/ports/nobody", 404, "nobody"},
		{http.MethodPost, "/v1/status", 405, "only answers GET"},
		{http.MethodDelete, "/v1/ports/vm1", 405, "only answers GET"},
		{http.MethodGet, "/v1/release-hold", 405, "only answers POST"},
		{http.MethodGet, "/v1/lookup", 400, "pf-mac"},
		{http.MethodGet, "/v1/lookup?pf-mac=00:53:00:00:00:42&vf=3", 400, `"vf"`},
		{http.MethodGet, "/v1/lookup?pf-mac=00:53:00:00:00:42&vf-num=", 400, "empty"},
		{http.MethodGet, "/v1/lookup?pf-mac=00:53:00:00:00:42&vf-num=0&vf-num=1", 400, "2 times"},
		{http.MethodGet, "/v1/lookup?pf-mac=00:53:00:00:00:42&vf-num=3x", 400, "3x"},
		{http.MethodGet, "/v1/lookup?pf-mac=00:53:00:00:00:43", 404, "00:53:00:00:00:43"},
	} {
		status, header, body := raw(t, socket, c.method, c.path)
		var p Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Errorf("%s %s: %q is no JSON: %v", c.method, c.path, body, err)
		}
		if status != c.status || !strings.Contains(p.Error, c.says) || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %v %q, want %d and %q", c.method, c.path, status, header, p.Error, c.status, c.says)
		}
	}
}

func TestReleaseHold_HoldsAreReleasedWhereTheyAreHeldOnly(t *testing.T) {
	now := facts()
	var mu sync.Mutex
	set := func(role Role) {
		mu.Lock()
		defer mu.Unlock()
		now.Role, now.RoleReason = role, "pid 811 has it"
	}
	c := NewClient(serve(t, func() Facts {
		mu.Lock()
		defer mu.Unlock()
		return now
	}))
	released, err := c.ReleaseHold(t.Context(), now.Status().Holds)
	if diff := cmp.Diff(now.Status().Holds, released.Holds); diff != "" || err != nil || len(released.Holds) != 1 || len(released.Held) != 0 {
		t.Errorf("%v; released (-held +told):\n%s", err, diff)
	}
	for _, role := range []Role{Standby, Starting} {
		set(role)
		_, err := c.ReleaseHold(t.Context(), nil)
		var refused *Error
		if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || !strings.Contains(err.Error(), "pid 811") {
			t.Errorf("%s: %v, want 503 with the reason", role, err)
		}
	}
}

func TestServer_KeysAreKebabCase(t *testing.T) {
	socket := serve(t, facts)
	for _, path := range []string{PathStatus, PathPorts, PathRepresentors, "/v1/lookup?pf-mac=00:53:00:00:00:42&vf-num=0"} {
		status, _, body := raw(t, socket, http.MethodGet, path)
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, status, err)
		}
		for _, key := range keys(v) {
			if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz-") != "" {
				t.Errorf("%s: key %q", path, key)
			}
		}
	}
}

func keys(v any) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			all = append(all, k)
			all = append(all, keys(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, keys(inner)...)
		}
	}
	return all
}

func TestLookup_AnswersAsTheIndexDoes(t *testing.T) {
	c := NewClient(serve(t, facts))
	found, err := c.Lookup(t.Context(), question(ParamPFMAC, "00:53:00:00:00:42", ParamVF, "0"))
	if err != nil || !found.Ready || found.Representor.Netdev != "pf0vf0" || found.Representor.LogicalPort != "vm1" {
		t.Errorf("VF 0: %+v, %v", found, err)
	}
	found, err = c.Lookup(t.Context(), question(ParamPFMAC, "00:53:00:00:00:42", ParamVF, "1", ParamController, "1"))
	if err != nil || found.Ready || found.Reason == nil || found.Reason.Code != reason.CodeNoNetdev ||
		found.Representor.Function != "pci/0000:03:00.0 c1pf0vf1" {
		t.Errorf("VF 1, which has no netdev: %+v, %v", found, err)
	}
	_, err = c.Lookup(t.Context(), question(ParamPFMAC, "00:53:00:00:00:42", ParamVF, "2"))
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != http.StatusNotFound || refused.Reason == nil ||
		refused.Reason.Code != reason.CodeFunctionNotFound {
		t.Errorf("VF 2: %#v, want 404 and the reason", err)
	}
}

func TestLookup_OnACardThatCantBeReadIs503(t *testing.T) {
	blind := facts()
	blind.Index = representor.NewIndex(representor.Card{Problem: "no devlink"}, representor.Settings{})
	c := NewClient(serve(t, func() Facts { return blind }))
	_, err := c.Lookup(t.Context(), question(ParamPFMAC, "00:53:00:00:00:42"))
	var refused *Error
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable {
		t.Errorf("%#v, want 503", err)
	}
}

func TestClient_WithoutADaemonSaysWhere(t *testing.T) {
	path := socketPath(t)
	_, err := NewClient(path).Status(t.Context())
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Socket != path || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want an UnreachableError for %s", err, path)
	}
}

// A daemon that was stopped with SIGSTOP has its socket still: connections wait there.
func TestClient_ADaemonThatHangsIsToldFromNone(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = NewClient(path).Status(ctx)
	var unreachable *UnreachableError
	// How long it was, to a tenth of a second, is the machine's business.
	if !errors.As(err, &unreachable) || !unreachable.Hangs ||
		!strings.HasPrefix(err.Error(), "the daemon on "+path+" doesn't answer: nothing came within ") {
		t.Errorf("%v, want that it hangs", err)
	}
	if said := unreachable.Err.Error(); !regexp.MustCompile(`within (\d+\.)?\d+(ms|s)$`).MatchString(said) {
		t.Errorf("%q", said)
	}
	full := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EAGAIN)}
	if !unreachableBy(full).Hangs || unreachableBy(syscall.ECONNREFUSED).Hangs || unreachableBy(context.Canceled).Hangs {
		t.Error("a full queue is a daemon that hangs, a refusal and an interrupt are not")
	}
}

func unreachableBy(err error) *UnreachableError { return unreachable("/s", err, 0) }

func TestClient_SomethingElseOnTheSocketIsNoAnswer(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	defer func() { _ = server.Close(); <-done }()
	if _, err := NewClient(path).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "not understood") {
		t.Errorf("%v, want that the answer is not understood", err)
	}
}

func TestServer_AHeaderThatIsTooLargeIsRefused(t *testing.T) {
	var asked atomic.Int64
	c := NewClient(serve(t, func() Facts { asked.Add(1); return facts() }))
	_, err := c.Port(t.Context(), strings.Repeat("x", 2*maxHeader))
	// The server says 431 and closes; the kernel drops what was not received yet, so
	// the client may only see the end of the connection.
	var refused *Error
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) && (!errors.As(err, &refused) || refused.Status != http.StatusRequestHeaderFieldsTooLarge) {
		t.Errorf("%v, want a refusal", err)
	}
	if asked.Load() != 0 {
		t.Error("the request was served")
	}
}

func TestServer_ManyClientsAreAnsweredAtOnce(t *testing.T) {
	var asked atomic.Int64
	socket := serve(t, func() Facts { asked.Add(1); return facts() })
	const clients = 3 * maxConnections
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			if _, err := NewClient(socket).Ports(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked.Load() != clients {
		t.Errorf("%d answers, want %d", asked.Load(), clients)
	}
}
