// Package doctor says what is wrong with a DPU on which nothing gets plugged, before
// any port is asked for: what a newcomer forgets, and what breaks later by itself. It
// is pure: it is given what was read of the machine, its databases and the daemon.
package doctor

import (
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Verdict is how a check came out.
type Verdict string

// The verdicts.
const (
	OK   Verdict = "ok"
	Warn Verdict = "warn"
	Fail Verdict = "FAIL"
	// Unknown: it can't be read here or now, which is no fault by itself.
	Unknown Verdict = "unknown"
)

// Check is one thing that was looked at.
type Check struct {
	// Name is stable, lower case, for scripts.
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Finding is one sentence. Remedy is what mends it, absent where nothing needs
	// mending; the commands in it are between backticks.
	Finding string `json:"finding"`
	Remedy  string `json:"remedy,omitempty"`
}

// Diagnosis is all of them.
type Diagnosis struct {
	// Healthy: no check failed. What warns or isn't known doesn't count.
	Healthy bool    `json:"healthy"`
	Checks  []Check `json:"checks"`
}

// Host is what was read. What could not be read has an error.
type Host struct {
	Now time.Time
	// Version is ours, Kernel the kernel's release.
	Version string
	Kernel  string

	Config    config.Config
	ConfigErr error
	// OverrideModified is when the file system-id-override changed last, zero without
	// that file.
	OverrideModified time.Time

	Card    representor.Card
	CardErr error
	// Eswitches are those of the devices that have one, or may have.
	// EswitchErr is why the devices can't be listed.
	Eswitches  map[devlink.Handle]Eswitch
	EswitchErr error

	// Local is the local database. Identity is what it makes of us, empty while Local
	// isn't complete. LocalErr is why it isn't.
	Local    ovs.View
	LocalErr error
	Identity config.Identity

	// VSwitchd and Controller are the ovs-vswitchd and the ovn-controller of the local database.
	VSwitchd   companion.Sight
	Controller companion.Sight

	// OVS and OVN are the versions that the databases tell.
	OVS    ovs.Versions
	OVSErr error
	OVN    ovn.Versions
	OVNErr error

	// Datapath is what the kernel counted in the datapath of the bridge.
	Datapath    datapath.Statistics
	DatapathErr error

	// Chassis is who is registered in the Southbound, as Server says.
	Chassis    []ovn.Chassis
	Server     string
	ChassisErr error

	// Own and CA are when the certificates are valid, of a host that needs them.
	TLS     bool
	Own, CA dbconn.Period
	TLSErr  error

	// Daemon is its status, nil when none answers, for which DaemonErr says why.
	Daemon    *api.Status
	DaemonErr error
	// DaemonNetAdmin: the daemon has CAP_NET_ADMIN, nil when that can't be read.
	DaemonNetAdmin *bool
	// Sockets are the daemon's and the local database's.
	Sockets []Socket
}

// Examine looks at everything.
func Examine(h Host) Diagnosis {
	p := patient{Host: h, index: representor.NewIndex(h.Card, representor.Settings{LocalFunctions: h.Config.LocalFunctions})}
	d := Diagnosis{Healthy: true}
	for _, check := range []func() Check{
		p.configuration, p.daemon, p.versions, p.clock,
		p.devlink, p.eswitch, p.functions, p.macs, p.serial,
		p.localDatabase, p.ovsVersion, p.vswitchd, p.identity, p.override, p.bridge, p.upcalls, p.offload, p.builtIn, p.foreign,
		p.certificates, p.southbound, p.ovnVersion, p.controller, p.registered, p.twins, p.published,
		p.capabilities, p.sockets, p.ports,
	} {
		c := check()
		d.Checks = append(d.Checks, c)
		d.Healthy = d.Healthy && c.Verdict != Fail
	}
	return d
}

// patient is a host while it is examined.
type patient struct {
	Host
	index *representor.Index
}
