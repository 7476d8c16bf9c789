package ovn

import (
	"log/slog"
	"time"

	"github.com/representord/representord/internal/dbconn"
)

// TLSFiles are the files that "ssl:" remotes need.
type TLSFiles = dbconn.TLSFiles

// Config says who we are and where the Southbound is. It may change at any time.
type Config struct {
	// Chassis is our name, as ovn-controller decides it; empty while not known.
	Chassis string
	// Hostname is as ovn-controller writes it to our Chassis row: the option requested-chassis may hold either. May be empty.
	Hostname string
	// Remotes are the servers, see dbconn.CheckEndpoint. Any of them will do.
	Remotes []string
	TLS     TLSFiles
	// Probe is how often a server must answer, 0 for dbconn.DefaultProbe.
	Probe time.Duration
}

// sameBut compares everything but the remotes.
func (c Config) sameBut(d Config) bool {
	return c.sameIdentity(d) && c.TLS == d.TLS && c.Probe == d.Probe
}

// sameIdentity tells whether rows are classified alike under both.
func (c Config) sameIdentity(d Config) bool {
	return c.Chassis == d.Chassis && c.Hostname == d.Hostname
}

// notTold is why nothing is known before Configure.
const notTold = "the local database, which says who we are and where the Southbound is, was not read yet"

// missing says what can't be done without, "" when nothing is missing.
func missing(c *Config) string {
	switch {
	case c == nil:
		return notTold
	case c.Chassis == "":
		return "our chassis name is not known: external_ids:system-id is not set in the local Open_vSwitch table"
	case len(c.Remotes) == 0:
		return "the Southbound's address is not known: external_ids:ovn-remote is not set in the local Open_vSwitch table"
	}
	return ""
}

// dialOptions are for one connection: TLS files are read for each anew.
func (c Config) dialOptions(endpoint string, log *slog.Logger) (dbconn.Options, error) {
	o := dbconn.Options{Endpoint: endpoint, Probe: c.Probe, Log: log}
	if !dbconn.NeedsTLS(endpoint) {
		return o, nil
	}
	var err error
	o.TLS, err = c.TLS.Load()
	return o, err
}

// establish bounds each step of making a connection.
func (c Config) establish() time.Duration {
	probe := c.Probe
	if probe <= 0 {
		probe = dbconn.DefaultProbe
	}
	return min(max(2*probe, time.Second), 30*time.Second)
}
