// Package ovn has what users of either of OVN's databases need: the grammar of the options that ask for a representor, the rows of
// the Southbound, by which names a database is known again, and how its servers are reached and asked.
package ovn

import (
	"log/slog"
	"strings"
	"time"

	"github.com/representord/representord/internal/dbconn"
)

// TLSFiles are the files that "ssl:" remotes need.
type TLSFiles = dbconn.TLSFiles

// Servers are where a database is, and how each of them is reached.
type Servers struct {
	// Remotes are the members of a cluster, or a single server, see dbconn.CheckEndpoint. Any of them will do.
	Remotes []string
	TLS     TLSFiles
	// Probe is how often a server must answer, 0 for dbconn.DefaultProbe.
	Probe time.Duration
}

// DialOptions are for one connection: TLS files are read for each anew.
func (s Servers) DialOptions(endpoint string, log *slog.Logger) (dbconn.Options, error) {
	o := dbconn.Options{Endpoint: endpoint, Probe: s.Probe, Log: log}
	if !dbconn.NeedsTLS(endpoint) {
		return o, nil
	}
	var err error
	o.TLS, err = s.TLS.Load()
	return o, err
}

// Patience bounds each step of making a connection.
func (s Servers) Patience() time.Duration {
	probe := s.Probe
	if probe <= 0 {
		probe = dbconn.DefaultProbe
	}
	return min(max(2*probe, time.Second), 30*time.Second)
}

// Problem says what is wrong with a server, and bounds what that may have put into an error.
func Problem(endpoint string, err error) string {
	const most = 400
	p := err.Error()
	if !strings.Contains(p, endpoint) {
		p = endpoint + ": " + p
	}
	if len(p) > most {
		p = strings.ToValidUTF8(p[:most], "") + "..."
	}
	return p
}
