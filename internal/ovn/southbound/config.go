package southbound

import "github.com/representord/representord/internal/ovn"

// Config says who we are and where the Southbound is. It may change at any time.
type Config struct {
	// Chassis is our name, as ovn-controller decides it; empty while not known.
	Chassis string
	// Hostname is as ovn-controller writes it to our Chassis row: the option requested-chassis may hold either. May be empty.
	Hostname string
	ovn.Servers
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
