package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/semaphore"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
)

// Bounds of the server. A client that is slow, silent or greedy costs little.
const (
	maxConnections = 32
	maxHeader      = 16 << 10
	readTimeout    = 5 * time.Second
	writeTimeout   = 10 * time.Second
	idleTimeout    = 5 * time.Second
	stopTimeout    = time.Second
)

// Server answers the API with what it is given. Its functions are called from many
// goroutines, and none but Inquire may block. Facts, Release and Log are needed; what
// else is nil isn't had, and is answered like something that can't be known now.
type Server struct {
	// Facts gives what is known, at each request.
	Facts func() Facts
	// Release ends holds that somebody has seen, and gives those that end and those that stay.
	Release func(seen []plug.Holding) (released, held []plug.Holding)
	// Inquire asks the Southbound for one logical port, whatever it says about us. It
	// ends with its context, and at once without a connection.
	Inquire func(ctx context.Context, logicalPort string) (southbound.Answer, error)
	// Poke asks for a pass. It does not wait for it.
	Poke func()
	// Events gives the changes of state after a number, oldest first.
	Events func(after uint64) []plug.Event
	// Level is from which level on the daemon logs.
	Level *slog.LevelVar
	// Metrics answers PathMetrics.
	Metrics http.Handler
	Log     *slog.Logger
}

// Serve answers on the listener until the context is done; see the function Serve. Of the
// connections that it has at a time some are kept for root.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	reserved := &reserve{Listener: listener, others: semaphore.NewWeighted(maxOthers)}
	if err := Serve(ctx, reserved, s.handler(), s.Log); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Serve has a handler answer on a listener, within the bounds of this package, until the context is done. It
// then lets requests that are under way end, closes the listener, waits for every goroutine it started, and
// returns nil.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(netutil.LimitListener(listener, maxConnections)) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		_ = server.Close() // cuts off those that didn't end in time
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// The methods that a path may answer, as the header Allow has them.
const (
	reads = "GET, HEAD"
	acts  = "POST"
	both  = reads + ", " + acts
)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(PathStatus, s.answer(reads, func(f Facts, _ *http.Request) (any, error) { return f.Status(), nil }))
	mux.Handle(PathPorts, s.answer(reads, func(f Facts, _ *http.Request) (any, error) { return f.Ports(), nil }))
	mux.Handle(PathPorts+"/{port...}", s.answer(reads, port))
	mux.Handle(PathRepresentors, s.answer(reads, func(f Facts, _ *http.Request) (any, error) { return f.Representors(), nil }))
	mux.Handle(PathLookup, s.answer(reads, func(f Facts, r *http.Request) (any, error) { return f.Lookup(r.URL.Query()) }))
	mux.Handle(PathSerials, s.answer(reads, func(f Facts, _ *http.Request) (any, error) { return f.CardSerials(), nil }))
	if s.Metrics != nil {
		mux.Handle(PathMetrics, s.Metrics)
	}
	mux.Handle(PathExplain+"/{port...}", s.answer(reads, s.explain(semaphore.NewWeighted(maxExplanations))))
	mux.Handle(PathPlan, s.answer(reads, func(f Facts, _ *http.Request) (any, error) { return f.Plan(), nil }))
	mux.Handle(PathEvents, s.answer(reads, s.events))
	mux.Handle(PathReleaseHold, s.answer(acts, s.releaseHold))
	mux.Handle(PathReconcile, s.answer(acts, s.reconcile))
	mux.Handle(PathLogLevel, s.answer(both, s.logLevel))
	mux.Handle("/", s.answer(reads, func(_ Facts, r *http.Request) (any, error) {
		return nil, refuse(http.StatusNotFound, "no path %s; there are %s", reason.Quote(r.URL.Path), strings.Join(paths(), ", "))
	}))
	return mux
}

func paths() []string {
	return []string{
		PathStatus, PathPorts, PathRepresentors, PathLookup, PathSerials, PathExplain + "/PORT", PathPlan, PathEvents, PathReleaseHold,
		PathReconcile, PathLogLevel, PathMetrics,
	}
}

func port(f Facts, r *http.Request) (any, error) {
	name := r.PathValue("port")
	if p := f.port(name); p != nil {
		return OnePort{Standing: f.standing(), Port: newPort(*p, f.placed())}, nil
	}
	if standing := f.standing(); !standing.Current() {
		return nil, refuse(http.StatusServiceUnavailable, "logical port %s: nothing is known of it now; this representord is %s: %s",
			reason.Quote(name), standing.Role, cmp.Or(standing.RoleReason, "it has made no pass yet"))
	}
	return nil, refuse(http.StatusNotFound, "logical port %s: nothing asks this chassis to plug it and no row of ours has it",
		reason.Quote(name))
}

// answer makes a handler of a function that makes what is sent of the facts and the
// request. Its error may be an *Error; any other has status 500.
func (s *Server) answer(methods string, body func(Facts, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(strings.Split(methods, ", "), r.Method) {
			w.Header().Set("Allow", methods)
			wanted := strings.ReplaceAll(strings.Replace(methods, reads, http.MethodGet, 1), ", ", " and ")
			s.send(w, http.StatusMethodNotAllowed,
				Problem{Error: "method " + reason.Quote(r.Method) + " is not allowed; this path only answers " + wanted})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v, err := body(s.Facts(), r)
		if err == nil {
			s.send(w, http.StatusOK, v)
			return
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok {
			refused = refuse(http.StatusInternalServerError, "%s", err.Error())
		}
		if refused.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		s.send(w, refused.Status, refused.Problem)
	})
}

func (s *Server) send(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		s.Log.Error("answer can't be encoded", "error", err)
		http.Error(w, `{"error": "the answer can't be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(append(b, '\n')); err != nil {
		s.Log.Debug("answer not delivered", "error", err)
	}
}
