package servers

import (
	"path/filepath"
	"testing"
)

// Relay is an ovsdb-server that has no file, and passes on another's database.
type Relay struct {
	// Endpoint is "unix:" and the path of the socket; it stays over a Restart.
	Endpoint string
	// Process is what runs at present.
	Process *Process

	dir  string
	argv []string
}

// NewRelay starts a relay of a database of another server.
func NewRelay(tb testing.TB, database string, source *OVSDB) *Relay {
	tb.Helper()
	dir := Dir(tb)
	socket := filepath.Join(dir, "relay.sock")
	r := &Relay{Endpoint: "unix:" + socket, dir: dir, argv: []string{
		"ovsdb-server", "relay:" + database + ":" + source.Endpoint, "--remote=punix:" + socket,
		"--unixctl=" + filepath.Join(dir, "relay.ctl"), "-vconsole:info", "-vsyslog:off",
	}}
	r.Restart(tb)
	return r
}

// Restart kills the relay if it runs, and starts it.
func (r *Relay) Restart(tb testing.TB) {
	tb.Helper()
	if r.Process != nil {
		r.Process.Kill()
	}
	r.Process = startIn(tb, r.dir, "relay", r.argv...)
}
