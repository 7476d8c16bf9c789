package scenes

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/test/servers"
)

// Daemon serves what the daemon knows after the passes until the test ends. It gives the
// control socket.
func (w *World) Daemon(t *testing.T) string {
	t.Helper()
	return Serve(t, w.Facts(t), api.Server{Inquire: w.Inquire})
}

// Serve serves facts until the test ends, and does as asked. It gives the control socket.
func Serve(t *testing.T, facts api.Facts, server api.Server) string {
	t.Helper()
	server.Facts, server.Log = func() api.Facts { return facts }, slog.New(slog.DiscardHandler)
	socket := filepath.Join(servers.Dir(t), "control.sock")
	l, err := api.Listen(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return socket
}

// Explained is the explanation of a port by the daemon at a control socket.
func Explained(t *testing.T, socket, lport string) explain.Explanation {
	t.Helper()
	e, err := api.NewClient(socket).Explain(t.Context(), lport)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// CommandsIn are the commands of a remedy.
func CommandsIn(remedy string) []string {
	var all []string
	for i, part := range strings.Split(remedy, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}
