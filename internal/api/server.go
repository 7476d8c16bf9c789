package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

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

// Server answers the API.
type Server struct {
	facts   func() Facts
	release func(seen []plug.Holding) []plug.Holding
	log     *slog.Logger
	metrics http.Handler
	acts    Acts
	// explanations are those under way.
	explanations slots
}

// NewServer returns a server that asks facts at each request, and calls release with the
// holds that somebody has seen, which gives those that it ends, when it is told to. Neither may block; both
// are called from many goroutines.
func NewServer(facts func() Facts, release func(seen []plug.Holding) []plug.Holding, log *slog.Logger) *Server {
	return &Server{facts: facts, release: release, log: log, explanations: make(slots, maxExplanations)}
}

// ShowMetrics has PathMetrics answered by a handler. It must be called before Serve.
func (s *Server) ShowMetrics(h http.Handler) { s.metrics = h }

// Serve answers on the listener until the context is done; see the function Serve. Of the
// connections that it has at a time some are kept for root.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if err := Serve(ctx, reserving(listener), s.handler(), s.log); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Serve has a handler answer on a listener, within the bounds of this package, until
// the context is done. It then lets requests that are under way end, closes the
// listener and waits for every goroutine it started. It returns nil when the context
// ended it.
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

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(PathStatus, s.answer(func(f Facts, _ *http.Request) (any, error) { return f.Status(), nil }))
	mux.HandleFunc(PathPorts, s.answer(func(f Facts, _ *http.Request) (any, error) { return f.Ports(), nil }))
	mux.HandleFunc(PathPorts+"/{port...}", s.answer(port))
	mux.HandleFunc(PathRepresentors, s.answer(func(f Facts, _ *http.Request) (any, error) { return f.Representors(), nil }))
	mux.HandleFunc(PathLookup, s.answer(lookup))
	mux.HandleFunc(PathSerials, s.answer(func(f Facts, _ *http.Request) (any, error) { return f.CardSerials(), nil }))
	if s.metrics != nil {
		mux.Handle(PathMetrics, s.metrics)
	}
	mux.HandleFunc(PathExplain+"/{port...}", s.answer(s.explain))
	mux.HandleFunc(PathPlan, s.answer(func(f Facts, _ *http.Request) (any, error) { return f.Plan(), nil }))
	mux.HandleFunc(PathEvents, s.answer(s.events))
	mux.HandleFunc(PathReleaseHold, s.releaseHold)
	mux.HandleFunc(PathReconcile, s.reconcile)
	mux.HandleFunc(PathLogLevel, s.logLevel)
	mux.HandleFunc("/", s.answer(func(_ Facts, r *http.Request) (any, error) {
		return nil, &Error{Status: http.StatusNotFound, Problem: Problem{Error: fmt.Sprintf(
			"no path %s; there are %s", reason.Quote(r.URL.Path), strings.Join(paths(), ", "))}}
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
	for _, p := range f.Report.Ports {
		if p.LogicalPort == name {
			return OnePort{Standing: f.standing(), Port: newPort(p, f.placed())}, nil
		}
	}
	if standing := f.standing(); !standing.Current() {
		why := standing.RoleReason
		if why == "" {
			why = "it has made no pass yet"
		}
		return nil, &Error{Status: http.StatusServiceUnavailable, Problem: Problem{Error: fmt.Sprintf(
			"logical port %s: nothing is known of it now; this representord is %s: %s", reason.Quote(name), standing.Role, why)}}
	}
	return nil, &Error{Status: http.StatusNotFound, Problem: Problem{Error: fmt.Sprintf(
		"logical port %s: nothing asks this chassis to plug it and no row of ours has it", reason.Quote(name))}}
}

func lookup(f Facts, r *http.Request) (any, error) {
	found, err := Resolve(f.Index, r.URL.Query())
	if err != nil {
		return nil, err
	}
	found.Representor.LogicalPort = f.pluggedFor()[found.Representor.Function]
	return found, nil
}

// answer makes a handler of a function that turns facts into what is sent.
func (s *Server) answer(body func(Facts, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.refuseMethod(w, r, "GET, HEAD", http.MethodGet)
			return
		}
		v, err := body(s.facts(), r)
		if err == nil {
			s.send(w, http.StatusOK, v)
			return
		}
		var refused *Error
		if !errors.As(err, &refused) {
			refused = &Error{Status: http.StatusInternalServerError, Problem: Problem{Error: err.Error()}}
		}
		if refused.Status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		s.send(w, refused.Status, refused.Problem)
	}
}

func (s *Server) refuseMethod(w http.ResponseWriter, r *http.Request, allowed, wanted string) {
	w.Header().Set("Allow", allowed)
	s.send(w, http.StatusMethodNotAllowed,
		Problem{Error: "method " + reason.Quote(r.Method) + " is not allowed; this path only answers " + wanted})
}

func (s *Server) send(w http.ResponseWriter, status int, v any) {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		s.log.Error("answer can't be encoded", "error", err)
		http.Error(w, `{"error": "the answer can't be encoded"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(append(b, '\n')); err != nil {
		s.log.Debug("answer not delivered", "error", err)
	}
}
