package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/representord/representord/internal/dbconn"
)

// setting is one thing that can be set, under one key everywhere: "ovs-db" is the
// flag --ovs-db, the environment's REPRESENTORD_OVS_DB, and a key of the file.
type setting struct {
	key string
	// usage is the flag's help text, with a name for the value in back quotes.
	usage string
	// value is the default as text.
	value string
	// boolean: the flag alone, without a value, means true.
	boolean bool
	// set checks a value and puts it where it belongs. The error says what rule the
	// value breaks, to be read after "key: value".
	set func(c *Config, value string) error
}

// settings lists everything that can be set, in the order of the file.
func settings() []setting {
	return []setting{
		{"ovs-db", "the local Open_vSwitch database: unix:, tcp: or ssl: `endpoint`", "unix:/var/run/openvswitch/db.sock", false,
			func(c *Config, v string) error { c.OVSDB = v; return dbconn.CheckEndpoint(v) }},
		{"chassis", "chassis `name`, if it is neither in OVN's system-id-override nor external_ids:system-id", "", false,
			func(c *Config, v string) error { c.Chassis = v; return checkName(v) }},
		{"private-key", "PEM `file` with our private key, where the local database has no SSL row", "", false,
			func(c *Config, v string) error { c.PrivateKey = v; return checkPath(v) }},
		{"certificate", "PEM `file` with our certificate, where the local database has no SSL row", "", false,
			func(c *Config, v string) error { c.Certificate = v; return checkPath(v) }},
		{"ca-cert", "PEM `file` with the CA's certificate, where the local database has no SSL row", "", false,
			func(c *Config, v string) error { c.CACert = v; return checkPath(v) }},
		{"verify-host-name", "accept only a server certificate that is for the name we connect to", "false", true,
			func(c *Config, v string) error { return setBool(&c.VerifyHostName, v) }},
		{"probe-interval", "give up a silent connection to a database after this `time`", "5s", false,
			func(c *Config, v string) error { return setDuration(&c.Probe, v, 10*time.Minute) }},

		{"local-functions", "admit functions of this machine itself (a plain switchdev NIC that is not a DPU)", "false", true,
			func(c *Config, v string) error { return setBool(&c.LocalFunctions, v) }},
		{"adopt-ovn-vif", "take over ports that a plug provider built into ovn-controller has plugged", "false", true,
			func(c *Config, v string) error { return setBool(&c.AdoptOVNVIF, v) }},
		{"program-hw-addr", "give a plugged function the MAC address of its logical port, where the host may not", "false", true,
			func(c *Config, v string) error { return setBool(&c.ProgramHWAddr, v) }},
		{"register-card-serial", "publish the serial numbers of the cards that serve hosts in ovn-cms-options, where Neutron looks for them",
			"true", true,
			func(c *Config, v string) error { return setBool(&c.RegisterCardSerial, v) }},
		{"mass-unplug-hold", "`time` that is waited before most ports are removed or moved within a minute", "2m", false,
			func(c *Config, v string) error { return setDuration(&c.MassUnplugHold, v, 24*time.Hour) }},
		{"unplug-grace", "`time` that a port stays after its request is gone and nothing else asks for its function; 0s for none", "5s", false,
			func(c *Config, v string) error { return setPause(&c.UnplugGrace, v, time.Minute) }},
		{"link-down-grace", "`time` that the link of a plugged port is left down after somebody took it down, as for a rename; 0s for none",
			"5s", false,
			func(c *Config, v string) error { return setPause(&c.LinkDownGrace, v, 10*time.Minute) }},
		{"audit-interval", "longest `time` between two passes over everything", "60s", false,
			func(c *Config, v string) error { return setDuration(&c.Audit, v, time.Hour) }},

		{"control-socket", "`path` of the unix socket that representorctl asks", "/run/representord/control.sock", false,
			func(c *Config, v string) error { c.ControlSocket = v; return checkSocket(v) }},
		{"control-group", "`group` that may use the control socket besides root", "", false,
			func(c *Config, v string) error { c.ControlGroup = v; return checkName(v) }},
		{"metrics-listen", "TCP `address`, host:port, on which Prometheus may read metrics; empty for none", "", false,
			func(c *Config, v string) error { c.MetricsListen = v; return checkListen(v) }},

		{"log-level", "least `level` of what is logged: debug, info, warn or error", "info", false,
			func(c *Config, v string) error { return setLogLevel(&c.LogLevel, v) }},
		{"log-format", "`format` of the log: text or json", "text", false,
			func(c *Config, v string) error { return setLogFormat(&c.LogFormat, v) }},

		{"path.sysfs", "`directory` where sysfs is mounted", "/sys", false,
			func(c *Config, v string) error { c.SysfsRoot = v; return checkDirectory(v) }},
		{"path.udev", "`directory` of udev's run-time state", "/run/udev", false,
			func(c *Config, v string) error { c.UdevRoot = v; return checkDirectory(v) }},
		{"path.ovn-sysconf", "`directory` of OVN's configuration, where system-id-override may be", "/etc/ovn", false,
			func(c *Config, v string) error { c.OVNSysconf = v; return checkDirectory(v) }},
		{"run-dir", "`directory` for the lock of each bridge", "/run/representord", false,
			func(c *Config, v string) error { c.RunDir = v; return checkDirectory(v) }},
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

func setBool(to *bool, v string) (err error) {
	if *to, err = strconv.ParseBool(v); err != nil {
		return errors.New("must be true or false")
	}
	return nil
}

func setDuration(to *time.Duration, v string, most time.Duration) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < time.Second || d > most {
		return fmt.Errorf("must be a time from 1s to %s, with a unit, as in 90s or 2m", most)
	}
	*to = d
	return nil
}

// setPause is setDuration for a time that may be none.
func setPause(to *time.Duration, v string, most time.Duration) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > most {
		return fmt.Errorf("must be a time from 0s to %s, with a unit, as in 500ms or 5s", most)
	}
	*to = d
	return nil
}

func setLogLevel(to *slog.Level, v string) error {
	levels := []string{"debug", "info", "warn", "error"}
	if !slices.Contains(levels, v) {
		return errors.New("must be debug, info, warn or error")
	}
	return to.UnmarshalText([]byte(v))
}

func setLogFormat(to *LogFormat, v string) error {
	*to = LogFormat(v)
	if *to != LogText && *to != LogJSON {
		return errors.New("must be text or json")
	}
	return nil
}

// checkName admits what may be one word of a command line or a log.
func checkName(v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errors.New("must be without white space and unprintable characters")
	}
	return nil
}

// checkPath wants an absolute path: what is relative means something else to a
// service than to a shell.
func checkPath(v string) error {
	if v != "" && !filepath.IsAbs(v) || strings.ContainsRune(v, 0) {
		return errors.New("must be an absolute path")
	}
	return nil
}

func checkDirectory(v string) error {
	if v == "" {
		return errors.New("must be an absolute path")
	}
	return checkPath(v)
}

// checkListen wants an IP address, or nothing for all of the machine's, and a port.
// A name may come to mean another address than was thought of.
func checkListen(v string) error {
	if v == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(v)
	if err == nil && host != "" {
		_, err = netip.ParseAddr(host)
	}
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
		return errors.New("must be an IP address and a port from 1 to 65535, as in 127.0.0.1:9797 or [::1]:9797, or :9797 for all addresses " +
			"of the machine")
	}
	return nil
}

// checkSocket wants a path that fits into sockaddr_un of unix(7), which holds 108
// bytes with the terminating NUL.
func checkSocket(v string) error {
	if len(v) > 107 {
		return errors.New("must be at most 107 bytes long, as the path of any unix socket")
	}
	return checkDirectory(v)
}
