// Package config is where everything that can be set is read: the file, the
// environment and the flags of representord, and what ovn-controller's own rules
// make of Open_vSwitch.external_ids. Other packages are given typed values.
package config

import (
	"log/slog"
	"path/filepath"
	"time"
)

// DefaultFile is read where no other file is named. It may be absent.
const DefaultFile = "/etc/representord/representord.yaml"

// Config is everything that can be set. Load makes one; its values are valid.
type Config struct {
	// File is the configuration file that was read, empty when there is none.
	File string
	// Warnings tell of variables that set nothing that there is, a sentence each.
	Warnings []string

	// OVSDB is the local Open_vSwitch database: an active connection method of
	// ovsdb(7), such as unix:/var/run/openvswitch/db.sock.
	OVSDB string
	// Chassis is our name where it isn't ovn-controller's, see Identify; mostly empty.
	Chassis string
	// PrivateKey, Certificate and CACert are PEM files for the Southbound, for use
	// where the local database has no SSL row, and for the local database itself where
	// that is reached with TLS. The first two are set together.
	PrivateKey  string
	Certificate string
	CACert      string
	// VerifyHostName asks for more than a certificate that the CA signed: that it is
	// for the name we connect to. Certificates of ovs-pki(8) are not.
	VerifyHostName bool
	// Probe is after how long a silent connection to a database is given up, 1 s or more.
	Probe time.Duration

	// LocalFunctions admits functions of the machine we run on.
	LocalFunctions bool
	// AdoptOVNVIF takes over what a plug provider built into ovn-controller plugged.
	AdoptOVNVIF bool
	// ProgramHWAddr gives functions the MAC addresses of the logical ports they are plugged for.
	ProgramHWAddr bool
	// RegisterCardSerial has the cards' serial numbers published for Neutron.
	RegisterCardSerial bool
	// MassUnplugHold is how long removals wait that look like a control plane's fault, 1 s or more.
	MassUnplugHold time.Duration
	// UnplugGrace is how long a row stays after the Southbound confirmed that its request is
	// gone and nothing else asks for its function, 0 to 1 min.
	UnplugGrace time.Duration
	// LinkDownGrace is how long a link that somebody took down is left down, 0 to 10 min.
	LinkDownGrace time.Duration
	// Audit is the longest time between two passes over everything, at least 1 s.
	Audit time.Duration

	// ControlSocket is the daemon's unix socket, ControlGroup who may use it besides root, if any.
	ControlSocket string
	ControlGroup  string
	// MetricsListen is a TCP address, host:port, for anybody to read metrics; empty for none.
	MetricsListen string

	LogLevel slog.Level
	// LogFormat is "text" or "json": slog.NewTextHandler's or slog.NewJSONHandler's.
	LogFormat string

	// SysfsRoot, UdevRoot and OVNSysconf stand for /sys, /run/udev and OVN's configuration folder.
	SysfsRoot  string
	UdevRoot   string
	OVNSysconf string
	// RunDir is where the lock is by which two daemons for one bridge know of each other.
	RunDir string
}

// SystemIDOverride is the file whose first line names the chassis, before
// external_ids:system-id does (ovn-controller(8)). It is mostly absent.
// ovn-controller reads it once, when it starts.
func (c Config) SystemIDOverride() string {
	return filepath.Join(c.OVNSysconf, "system-id-override")
}
