package config

import (
	"errors"
	"slices"
	"time"

	"github.com/representord/representord/internal/dbconn"
)

// setting is one thing that can be set, under one key everywhere: "ovs-db" is the
// flag --ovs-db, the environment's REPRESENTORD_OVS_DB, and a key of the file.
// docs/configuration.md and systemd/representord.yaml are made from this, by a test.
type setting struct {
	key string
	// usage is the flag's help text, with a name for the value in back quotes.
	usage string
	// value is the default as text.
	value string
	rule
	// about is what an operator should know of it, in sentences, with code in back quotes.
	about string
}

// section is settings that belong together.
type section struct {
	title    string
	settings []setting
}

// sections lists everything that can be set, in the order of the file. The settings set the fields of c.
func sections(c *Config) []section {
	return []section{
		{"Databases", databases(c)},
		{"Ports", ports(c)},
		{"The daemon", daemon(c)},
		{"Where things are", places(c)},
	}
}

func settings(c *Config) []setting {
	var all []setting
	for _, s := range sections(c) {
		all = slices.Concat(all, s.settings)
	}
	return all
}

func databases(c *Config) []setting {
	return []setting{
		{
			"ovs-db", "the local Open_vSwitch database: unix:, tcp: or ssl: `endpoint`", "unix:/var/run/openvswitch/db.sock",
			endpoint(&c.OVSDB),
			"The local Open_vSwitch database. Where the Southbound is, is read from there, as ovn-controller does: `external_ids:ovn-remote`, " +
				"`ovn-bridge`, `hostname` and `system-id`. With `ssl:` the settings `private-key`, `certificate` and `ca-cert` must be set, " +
				"since the SSL row that could name them is in that very database.",
		},
		{
			"chassis", "chassis `name`, if it is neither in OVN's system-id-override nor external_ids:system-id", "", word(&c.Chassis),
			"The chassis name, where ovn-controller was given one with its option `-n`. Empty: the first line of OVN's `system-id-override`, " +
				"else `external_ids:system-id`.",
		},
		{
			"private-key", "PEM `file` with our private key, where the local database has no SSL row", "", pemFile(&c.PrivateKey),
			"A PEM file with the private key for `ssl:` endpoints of the Southbound, for use where the local database has no SSL row " +
				"(`ovs-vsctl set-ssl`), which comes first; and for `ovs-db` where that is an `ssl:` endpoint. The file may be replaced at any " +
				"time: each new connection reads it again. Set together with `certificate`.",
		},
		{
			"certificate", "PEM `file` with our certificate, where the local database has no SSL row", "", pemFile(&c.Certificate),
			"A PEM file with the certificate for that key, used and read again as it is.",
		},
		{
			"ca-cert", "PEM `file` with the CA's certificate, where the local database has no SSL row", "", pemFile(&c.CACert),
			"A PEM file with the certificate of the CA that signs the servers' certificates, used and read again as the other two.",
		},
		{
			"verify-host-name", "accept only a server certificate that is for the name we connect to", "false", truth(&c.VerifyHostName),
			"Whether a server's certificate must be for the name that is connected to. Certificates made by ovs-pki are not. That the CA " +
				"signed it is always checked.",
		},
		{
			"probe-interval", "give up a silent connection to a database after this `time`", "5s",
			duration(&c.Probe, time.Second, 10*time.Minute),
			"After how long without any sign of life a connection to a database is given up. For the local database more than 20s count as 20s.",
		},
	}
}

func ports(c *Config) []setting {
	return []setting{
		{
			"local-functions", "admit functions of this machine itself (a plain switchdev NIC that is not a DPU)", "false",
			truth(&c.LocalFunctions),
			"Whether functions of this machine itself may be plugged. Off on a DPU. On where a plain NIC in switchdev mode serves the machine " +
				"that it is plugged into.",
		},
		{
			"adopt-ovn-vif", "take over ports that a plug provider built into ovn-controller has plugged", "false", truth(&c.AdoptOVNVIF),
			"Whether to take over ports that a plug provider built into ovn-controller has plugged (Interface `external_ids:ovn-plugged`), and " +
				"to remove those that nobody asks for. The provider must not be registered any more: `representorctl doctor` tells. Off: those " +
				"ports are left alone and reported.",
		},
		{
			"program-hw-addr", "give a plugged function the MAC address of its logical port, where the host may not", "false",
			truth(&c.ProgramHWAddr),
			"Whether to give the function of a plugged port the logical port's MAC address, over devlink, where the two differ and the port has " +
				"one address only. On where nobody on the host does, or may. Nova and libvirt set a VF's themselves. The PF's own is never " +
				"changed. Where the driver can't, the port has the warning `hw-addr-failed`. A function's driver may take the address only when " +
				"it starts the next time.",
		},
		{
			"register-card-serial",
			"publish the serial numbers of the cards that serve hosts in ovn-cms-options, where Neutron looks for them",
			"true", truth(&c.RegisterCardSerial),
			"Whether to publish the serial numbers of the cards that serve hosts, as `card-serial-number=...` in `external_ids:ovn-cms-options`, " +
				"where Neutron looks for the chassis of a port of type remote-managed. Switched off, what was published stays.",
		},
		{
			"mass-unplug-hold", "`time` that is waited before most ports are removed or moved within a minute", "2m",
			duration(&c.MassUnplugHold, time.Second, 24*time.Hour),
			"How long it is waited before most of the ports are removed or moved to other functions within a minute, or any of them when the " +
				"Southbound is another database than before. Both are likelier a fault of the control plane than meant. Each port on the bridge " +
				"names the database that asked for it, so that this holds after a restart too. `representorctl release-hold` ends the wait.",
		},
		{
			"unplug-grace", "`time` that a port stays after its request is gone and nothing else asks for its function; 0s for none", "5s",
			duration(&c.UnplugGrace, 0, time.Minute),
			"How long a port stays plugged after the Southbound confirmed that its request is gone, while nothing else asks for its function. " +
				"`0s` is no time. What is deleted and made again within that time, as when the Southbound is restored, isn't cut off.",
		},
		{
			"link-down-grace", "`time` that the link of a plugged port is left down after somebody took it down, as for a rename; 0s for none",
			"5s", duration(&c.LinkDownGrace, 0, 10*time.Minute),
			"How long the link of a plugged port is left down after somebody took it down, before it is set up again. `0s` is no time. Linux " +
				"up to 6.1 renames a netdev only while it is down. A netdev that is new has its link set up at once.",
		},
		{
			"audit-interval", "longest `time` between two passes over everything", "60s", duration(&c.Audit, time.Second, time.Hour),
			"The longest time between two passes over everything, when nothing has happened.",
		},
	}
}

func daemon(c *Config) []setting {
	return []setting{
		{
			"control-socket", "`path` of the unix socket that representorctl asks", "/run/representord/control.sock", socket(&c.ControlSocket),
			"The unix socket that representorctl asks, in a directory that nobody but root may write.",
		},
		{
			"control-group", "`group` that may use the control socket besides root", "", word(&c.ControlGroup),
			"The group that may use that socket besides root, and release holds; empty for none. The service, which may not give files away, " +
				"needs `Group=` with that group in a drop-in. While there is no such group, or it can't be given the socket, root alone may use " +
				"the socket, and log and status say so.",
		},
		{
			"metrics-listen", "TCP `address`, host:port, on which Prometheus may read metrics; empty for none", "", listen(&c.MetricsListen),
			"A TCP address on which Prometheus may read metrics, below `/metrics`, as may everybody else who reaches it; empty for none. They " +
				"name no logical port, and are on the control socket in any case.",
		},
		{
			"log-level", "least `level` of what is logged: debug, info, warn or error", "info", level(&c.LogLevel),
			"What is logged, on standard error: this and what is worse. `representorctl log-level` changes it while the daemon runs.",
		},
		{
			"log-format", "`format` of the log: text or json", "text", oneOf(&c.LogFormat, "text", "json"),
			"How it is logged.",
		},
	}
}

func places(c *Config) []setting {
	return []setting{
		{
			"path.sysfs", "`directory` where sysfs is mounted", "/sys", directory(&c.SysfsRoot),
			"Where sysfs is mounted.",
		},
		{
			"path.udev", "`directory` of udev's run-time state", "/run/udev", directory(&c.UdevRoot),
			"Where udev's run-time state is.",
		},
		{
			"path.ovn-sysconf", "`directory` of OVN's configuration, where system-id-override may be", "/etc/ovn", directory(&c.OVNSysconf),
			"Where OVN's configuration is, in which `system-id-override` may be.",
		},
		{
			"run-dir", "`directory` for the lock of each bridge", "/run/representord", directory(&c.RunDir),
			"The directory for the lock of each bridge. Nobody but root may write there: representord waits, and says why, for as long as " +
				"others may.",
		},
	}
}

// validate checks what settings mean together, as far as each is right by itself.
func (c Config) validate(wrong map[string]bool) error {
	var errs []error
	pair := wrong["private-key"] || wrong["certificate"]
	if !pair && (c.PrivateKey == "") != (c.Certificate == "") {
		errs = append(errs, errors.New("private-key and certificate belong together: set both or neither"))
		pair = true
	}
	if !pair && !wrong["ovs-db"] && !wrong["ca-cert"] && dbconn.NeedsTLS(c.OVSDB) && (c.PrivateKey == "" || c.CACert == "") {
		errs = append(errs, errors.New("ovs-db is reached with ssl:, for which private-key, certificate and ca-cert must be set: the SSL row "+
			"that could name them is in that very database"))
	}
	return errors.Join(errs...)
}
