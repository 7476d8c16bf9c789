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
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// Diagnosis is all checks.
type Diagnosis struct {
	// Healthy: no check failed. What warns or isn't known doesn't count.
	Healthy bool
	Checks  []diagnose.Check
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
	// DropIn is ours for the unit of that ovn-controller.
	DropIn DropIn

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

// What could not be read, as a check says that needs it.
const (
	theCard          = "the card can't be read"
	theLocalDatabase = "the local database can't be read"
	theSouthbound    = "the Southbound doesn't answer"
)

// Examine looks at everything.
func Examine(h Host) Diagnosis {
	p := patient{Host: h, index: representor.NewIndex(h.Card, representor.Settings{LocalFunctions: h.Config.LocalFunctions})}
	missing := map[string]bool{
		theCard: h.CardErr != nil, theLocalDatabase: h.LocalErr != nil, theSouthbound: h.LocalErr != nil || h.ChassisErr != nil,
	}
	d := Diagnosis{Healthy: true}
	for _, check := range []struct {
		name, needs string
		look        func(*diagnose.Check)
	}{
		{"configuration", "", p.configuration},
		{"daemon", "", p.daemon},
		{"versions", "", p.versions},
		{"clock", "", p.clock},
		{"devlink", "", p.devlink},
		{"eswitch", "", p.eswitch},
		{"host-functions", theCard, p.functions},
		{"duplicate-macs", theCard, p.macs},
		{"serial", "", p.serial},
		{"local-database", "", p.localDatabase},
		{"ovs-version", theLocalDatabase, p.ovsVersion},
		{"vswitchd", "", func(c *diagnose.Check) { p.companion(c, p.VSwitchd, startVSwitchd, hungVSwitchd) }},
		{"identity", theLocalDatabase, p.identity},
		{"system-id-override", "", p.override},
		{"bridge", theLocalDatabase, p.bridge},
		{"upcalls", "", p.upcalls},
		{"hw-offload", theLocalDatabase, p.offload},
		{"built-in-provider", theLocalDatabase, p.builtIn},
		{"foreign-rows", theLocalDatabase, p.foreign},
		{"certificates", "", p.certificates},
		{"southbound", "", p.southbound},
		{"ovn-version", theSouthbound, p.ovnVersion},
		{"ovn-controller", "", func(c *diagnose.Check) { p.companion(c, p.Controller, startController, hungController) }},
		{"plug-provider", "", p.plugProvider},
		{"chassis", theSouthbound, p.registered},
		{"unique", theSouthbound, p.twins},
		{"serial-published", theLocalDatabase, p.published},
		{"capabilities", "", p.capabilities},
		{"sockets", "", p.sockets},
		{"ports", "", p.ports},
	} {
		c := diagnose.Check{Name: check.name, Verdict: diagnose.Unknown}
		if missing[check.needs] {
			c.Unknown(check.needs)
		} else {
			check.look(&c)
		}
		d.Checks = append(d.Checks, c)
		d.Healthy = d.Healthy && c.Verdict != diagnose.Failed
	}
	return d
}

// patient is a host while it is examined.
type patient struct {
	Host
	index *representor.Index
}
