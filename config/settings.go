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
	// set checks a value and sets it. The error says what rule it breaks, read after "key: value".
	set func(value string) error
}

// settings lists everything that can be set, in the order of the file. They set the fields of c.
func settings(c *Config) []setting {
	return []setting{
		{"ovs-db", "the local Open_vSwitch database: unix:, tcp: or ssl: `endpoint`", "unix:/var/run/openvswitch/db.sock", false,
			text(&c.OVSDB, dbconn.CheckEndpoint)},
		{"chassis", "chassis `name`, if it is neither in OVN's system-id-override nor external_ids:system-id", "", false,
			text(&c.Chassis, checkName)},
		{"private-key", "PEM `file` with our private key, where the local database has no SSL row", "", false, text(&c.PrivateKey, checkPath)},
		{"certificate", "PEM `file` with our certificate, where the local database has no SSL row", "", false, text(&c.Certificate, checkPath)},
		{"ca-cert", "PEM `file` with the CA's certificate, where the local database has no SSL row", "", false, text(&c.CACert, checkPath)},
		{"verify-host-name", "accept only a server certificate that is for the name we connect to", "false", true, truth(&c.VerifyHostName)},
		{"probe-interval", "give up a silent connection to a database after this `time`", "5s", false,
			duration(&c.Probe, time.Second, 10*time.Minute)},

		{"local-functions", "admit functions of this machine itself (a plain switchdev NIC that is not a DPU)", "false", true,
			truth(&c.LocalFunctions)},
		{"adopt-ovn-vif", "take over ports that a plug provider built into ovn-controller has plugged", "false", true, truth(&c.AdoptOVNVIF)},
		{"program-hw-addr", "give a plugged function the MAC address of its logical port, where the host may not", "false", true,
			truth(&c.ProgramHWAddr)},
		{"register-card-serial", "publish the serial numbers of the cards that serve hosts in ovn-cms-options, where Neutron looks for them",
			"true", true, truth(&c.RegisterCardSerial)},
		{"mass-unplug-hold", "`time` that is waited before most ports are removed or moved within a minute", "2m", false,
			duration(&c.MassUnplugHold, time.Second, 24*time.Hour)},
		{"unplug-grace", "`time` that a port stays after its request is gone and nothing else asks for its function; 0s for none", "5s", false,
			duration(&c.UnplugGrace, 0, time.Minute)},
		{"link-down-grace", "`time` that the link of a plugged port is left down after somebody took it down, as for a rename; 0s for none",
			"5s", false, duration(&c.LinkDownGrace, 0, 10*time.Minute)},
		{"audit-interval", "longest `time` between two passes over everything", "60s", false, duration(&c.Audit, time.Second, time.Hour)},

		{"control-socket", "`path` of the unix socket that representorctl asks", "/run/representord/control.sock", false,
			text(&c.ControlSocket, checkSocket)},
		{"control-group", "`group` that may use the control socket besides root", "", false, text(&c.ControlGroup, checkName)},
		{"metrics-listen", "TCP `address`, host:port, on which Prometheus may read metrics; empty for none", "", false,
			text(&c.MetricsListen, checkListen)},

		{"log-level", "least `level` of what is logged: debug, info, warn or error", "info", false, level(&c.LogLevel)},
		{"log-format", "`format` of the log: text or json", "text", false, text(&c.LogFormat, oneOf("text", "json"))},

		{"path.sysfs", "`directory` where sysfs is mounted", "/sys", false, text(&c.SysfsRoot, checkDirectory)},
		{"path.udev", "`directory` of udev's run-time state", "/run/udev", false, text(&c.UdevRoot, checkDirectory)},
		{"path.ovn-sysconf", "`directory` of OVN's configuration, where system-id-override may be", "/etc/ovn", false,
			text(&c.OVNSysconf, checkDirectory)},
		{"run-dir", "`directory` for the lock of each bridge", "/run/representord", false, text(&c.RunDir, checkDirectory)},
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

// text sets what a check admits as it is.
func text(to *string, check func(string) error) func(string) error {
	return func(v string) error {
		*to = v
		return check(v)
	}
}

func truth(to *bool) func(string) error {
	return func(v string) (err error) {
		if *to, err = strconv.ParseBool(v); err != nil {
			return errors.New("must be true or false")
		}
		return nil
	}
}

// duration sets a time that may be none if that is the least.
func duration(to *time.Duration, least, most time.Duration) func(string) error {
	examples := "90s or 2m"
	if least == 0 {
		examples = "500ms or 5s"
	}
	return func(v string) (err error) {
		if *to, err = time.ParseDuration(v); err != nil || *to < least || *to > most {
			return fmt.Errorf("must be a time from %s to %s, with a unit, as in %s", least, most, examples)
		}
		return nil
	}
}

func level(to *slog.Level) func(string) error {
	check := oneOf("debug", "info", "warn", "error")
	return func(v string) error {
		if err := check(v); err != nil {
			return err
		}
		return to.UnmarshalText([]byte(v))
	}
}

func oneOf(words ...string) func(string) error {
	return func(v string) error {
		if slices.Contains(words, v) {
			return nil
		}
		last := len(words) - 1
		return fmt.Errorf("must be %s or %s", strings.Join(words[:last], ", "), words[last])
	}
}

// checkName admits what may be one word of a command line or a log.
func checkName(v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return errors.New("must be without white space and unprintable characters")
	}
	return nil
}

// checkPath wants an absolute path: a relative one means another to a service than to a shell.
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
