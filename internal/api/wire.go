// Package api is the daemon's local API: HTTP and JSON over a unix socket,
// answered from snapshots so that no answer ever waits for a database, but for
// PathExplain, which asks the Southbound for one port and waits less than a second.
// All of it reads but what is asked for with POST.
//
// What is reported goes over the socket as it is: plug.Holding, plug.Event, plug.Counters,
// companion.Sight, register.Card and reason.Reason have JSON keys of their own. A type of this
// package stands where an answer is put together of several reports, or shows less or other
// than they have.
//
//	curl --unix-socket /run/representord/control.sock http://localhost/v1/status
package api

import (
	"time"

	"github.com/representord/representord/internal/cardserial/register"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
)

// DefaultSocket is where the daemon listens unless its configuration says otherwise.
const DefaultSocket = "/run/representord/control.sock"

// The paths of version 1. Later versions of the program may add keys to the
// answers, and never remove one or change its meaning.
const (
	PathStatus       = "/v1/status"
	PathPorts        = "/v1/ports" // and /v1/ports/{logical port}
	PathRepresentors = "/v1/representors"
	PathLookup       = "/v1/lookup"
	PathSerials      = "/v1/serials"
	PathExplain      = "/v1/explain" // /v1/explain/{logical port}
	PathPlan         = "/v1/plan"
	PathEvents       = "/v1/events"
	PathReleaseHold  = "/v1/release-hold" // POST, with a body, see Seen
	PathReconcile    = "/v1/reconcile"    // POST
	PathLogLevel     = "/v1/log-level"    // GET, and POST to set it
	// PathMetrics is in the text format of Prometheus, not JSON.
	PathMetrics = "/metrics"
)

// Role is what a daemon does for its bridge.
type Role string

// The roles.
const (
	// Starting: the local database was not read yet, so the bridge isn't known.
	Starting Role = "starting"
	// Standby: another representord has the bridge; this one takes over when that ends.
	Standby Role = "standby"
	// Active: this daemon keeps the bridge.
	Active Role = "active"
	// Offline is no daemon's: representorctl read everything itself.
	Offline Role = "offline"
)

// Daemon is which process answers, and for whom it works.
type Daemon struct {
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Role    Role      `json:"role"`
	// RoleReason says what keeps the daemon from being active.
	RoleReason string `json:"role-reason,omitempty"`
	// DryRun daemons plan and write nothing.
	DryRun bool `json:"dry-run"`
	// Chassis, Hostname and Bridge are who the daemon is, as external_ids of the
	// local database say; empty while that is not known.
	Chassis  string `json:"chassis"`
	Hostname string `json:"hostname"`
	Bridge   string `json:"bridge"`
	// Problems say what is missing there, or was left out, and which card's serial number
	// can't be published.
	Problems []string `json:"problems,omitempty"`
}

// Status is the answer of PathStatus.
type Status struct {
	Daemon
	Southbound Southbound `json:"southbound"`
	Local      Local      `json:"local"`
	Devlink    Devlink    `json:"devlink"`
	// Companions are the programs that must run beside the daemon. Versions before the key
	// came to be leave it out.
	Companions []companion.Sight `json:"companions,omitempty"`
	// Ports counts the logical ports by state. Every state is there.
	Ports map[plan.State]int `json:"ports"`
	// Holds are removals that wait because they look like a fault of the control plane.
	Holds []plug.Holding `json:"holds"`
	// BuiltInProvider lists the rows on the bridge, by netdev, that bear the mark of
	// the plug provider built into ovn-controller: somebody runs it beside this daemon.
	BuiltInProvider []string `json:"built-in-provider,omitempty"`
	// LastPass is when the last pass ended, absent before the first.
	LastPass time.Time `json:"last-pass,omitzero"`
	plug.Counters
	// Planned are the changes of the last pass; with DryRun they were not made.
	Planned []Change `json:"planned"`
}

// Southbound is the connection to OVN's Southbound database.
type Southbound struct {
	// Connected: the server answers and is not behind or cut off from its cluster.
	// Complete: the first whole view of what concerns this chassis was received.
	Connected bool `json:"connected"`
	Complete  bool `json:"complete"`
	// Since is when Connected last changed.
	Since    time.Time `json:"since,omitzero"`
	Endpoint string    `json:"endpoint,omitempty"`
	// Problem says why it is not connected or not complete.
	Problem string `json:"problem,omitempty"`
	// Identity is the cluster's id, or the uuid of the row in SB_Global.
	Identity string `json:"identity,omitempty"`
	// ChassisKnown: the Chassis row of this chassis is there. ovn-controller makes it.
	ChassisKnown bool `json:"chassis-known"`
}

// Local is the connection to the local Open_vSwitch database.
type Local struct {
	// Complete: the whole database was read and the connection lives.
	Complete bool   `json:"complete"`
	Endpoint string `json:"endpoint,omitempty"`
	Problem  string `json:"problem,omitempty"`
	// BridgeFound: the integration bridge exists.
	BridgeFound bool `json:"bridge-found"`
	// DatapathType is the bridge's, "" and "system" being the kernel's.
	DatapathType string `json:"datapath-type,omitempty"`
}

// Devlink is what is known of the card.
type Devlink struct {
	// Complete: all of the kernel's devlink ports and netdevs were read.
	Complete bool   `json:"complete"`
	Problem  string `json:"problem,omitempty"`
	// Representors is how many devlink ports stand for a host function.
	Representors int `json:"representors"`
}

// Standing is how far what a daemon says of ports may be trusted.
type Standing struct {
	Role Role `json:"role"`
	// RoleReason says what keeps the daemon from being active.
	RoleReason string `json:"role-reason,omitempty"`
	// AsOf is when the last pass ended, absent before the first. Ports are told of as
	// they were then.
	AsOf time.Time `json:"as-of,omitzero"`
}

// Current tells whether the ports are those of now: the daemon keeps the bridge and
// has made a pass, or was not asked. Otherwise the absence of a port means nothing.
func (s Standing) Current() bool { return (s.Role == Active || s.Role == Offline) && !s.AsOf.IsZero() }

// Ports is the answer of PathPorts, sorted by logical port.
type Ports struct {
	Standing
	Ports []Port `json:"ports"`
}

// OnePort is the answer of PathPorts with a logical port.
type OnePort struct {
	Standing
	Port
}

// Port is one logical port as of the last pass: a plug.Port, and whether its row is on the
// bridge now.
type Port struct {
	LogicalPort string     `json:"logical-port"`
	State       plan.State `json:"state"`
	// Reason says why, absent for a plugged port.
	Reason *reason.Reason `json:"reason,omitempty"`
	// Warnings are remarks that don't change the state.
	Warnings []reason.Reason `json:"warnings,omitempty"`
	// Since is when the state or the reason's code last changed.
	Since time.Time `json:"since,omitzero"`
	// Request is what was asked for in its canonical form, Function the function
	// found or plugged, as in "pci/0000:03:00.0 c1pf0vf3".
	Request  string `json:"request,omitempty"`
	Function string `json:"function,omitempty"`
	// Netdev, IfIndex and Ofport are the representor's, absent when not known.
	Netdev  string `json:"netdev,omitempty"`
	IfIndex uint32 `json:"ifindex,omitempty"`
	Ofport  int    `json:"ofport,omitempty"`
	// Up is Port_Binding.up: ovn-controller has installed the port's flows.
	Up bool `json:"up"`
	// OnBridge: a row of ours for the port is on the bridge, whatever its state.
	OnBridge bool `json:"on-bridge"`
}

// Representors is the answer of PathRepresentors, sorted by function.
type Representors struct {
	// Complete is false when not all of the card was read; Problem says why.
	Complete     bool          `json:"complete"`
	Problem      string        `json:"problem,omitempty"`
	Representors []Representor `json:"representors"`
	// Uplinks are the card's physical ports, sorted by handle, number and port index.
	// Versions before the key came to be leave it out.
	Uplinks []Uplink `json:"uplinks"`
}

// Uplink is one physical port of the card.
type Uplink struct {
	Handle    string `json:"handle"`
	PortIndex uint32 `json:"port-index"`
	// Card is the devlink instance of the card that it is an uplink of, which may be
	// another one than Handle; absent while it can't be known. Versions before the key
	// came to be leave it out.
	Card string `json:"card,omitempty"`
	// Number is the front panel's, absent when the driver reports none.
	Number *uint32 `json:"number,omitempty"`
	// Netdev, IfIndex and Link are as in Representor.
	Netdev  string `json:"netdev,omitempty"`
	IfIndex uint32 `json:"ifindex,omitempty"`
	Link    *Link  `json:"link,omitempty"`
}

// Representor is one devlink port that stands for a host function.
type Representor struct {
	// Function is the canonical text of the identity that the next six keys spell out.
	Function string `json:"function"`
	Handle   string `json:"handle"`
	// Controller is absent on kernels that don't report controllers.
	Controller *uint32 `json:"controller,omitempty"`
	// External: the function belongs to another host than the one of the daemon.
	External bool   `json:"external"`
	PF       uint16 `json:"pf"`
	// Kind is "pf", "vf" or "sf"; Number is the VF or SF number, absent for a PF.
	Kind   string  `json:"kind"`
	Number *uint32 `json:"number,omitempty"`
	// PortIndex is the devlink port's index, Type its link layer ("eth").
	PortIndex uint32 `json:"port-index"`
	Type      string `json:"type"`
	// HWAddr is the function's own MAC, absent when not known.
	HWAddr string `json:"hw-addr,omitempty"`
	// State ("active", "inactive") and OpState ("attached", "detached") are absent
	// when the driver reports none.
	State   string `json:"state,omitempty"`
	OpState string `json:"opstate,omitempty"`
	// Netdev and IfIndex are absent while there is no netdev in our network
	// namespace; Link is absent as well when nothing is known of the netdev but
	// its name.
	Netdev  string `json:"netdev,omitempty"`
	IfIndex uint32 `json:"ifindex,omitempty"`
	Link    *Link  `json:"link,omitempty"`
	// LogicalPort is the port that the daemon has plugged it for.
	LogicalPort string `json:"logical-port,omitempty"`
}

// Link is what of a representor's netdev decides whether it can be plugged.
type Link struct {
	// Up is the administrative state, MTU in bytes, HWAddr the netdev's own MAC.
	Up     bool   `json:"up"`
	MTU    int    `json:"mtu"`
	HWAddr string `json:"hw-addr,omitempty"`
	// Settled is false while udev may still rename it.
	Settled bool `json:"settled"`
}

// Lookup is the answer of PathLookup for a function that was found.
type Lookup struct {
	// Query is what was asked for in its canonical form.
	Query       string      `json:"query"`
	Representor Representor `json:"representor"`
	// Ready: it can be plugged now. Reason says why not.
	Ready  bool           `json:"ready"`
	Reason *reason.Reason `json:"reason,omitempty"`
}

// Serials is the answer of PathSerials: the cards' serial numbers, and whether they
// are published where Neutron looks for them.
type Serials struct {
	// Registration: the setting register-card-serial is on.
	Registration bool `json:"registration"`
	// Key is the key of Open_vSwitch.external_ids that counts for this chassis, Options
	// its value; both are empty while the chassis isn't known.
	Key     string `json:"key"`
	Options string `json:"options"`
	// Problem says why nothing can be written at present.
	Problem string `json:"problem,omitempty"`
	// CardProblem says why not all cards can be read, absent if they can: some may be
	// missing.
	CardProblem string `json:"card-problem,omitempty"`
	// Cards are sorted by handle.
	Cards []register.Card `json:"cards"`
	// Stale are numbers that the daemon published and no card has at present, Foreign
	// those that somebody else put there and no card has: ports that name them are sent
	// to this chassis.
	Stale   []string `json:"stale,omitempty"`
	Foreign []string `json:"foreign,omitempty"`
	// Southbound is the Chassis row as the Southbound has it, absent while that isn't
	// known.
	Southbound *ChassisOptions `json:"southbound,omitempty"`
}

// ChassisOptions is what our Chassis row has as ovn-cms-options.
type ChassisOptions struct {
	Chassis string `json:"chassis"`
	Options string `json:"options"`
	// HiddenFromOldNeutron: cards are published where Neutron 20.0 to 20.2 and 21.0 don't
	// look.
	HiddenFromOldNeutron bool `json:"hidden-from-old-neutron,omitempty"`
}

// Change is what one transaction does to the bridge: an ovs.Change with as much of its rows
// as tells an operator which they are.
type Change struct {
	LogicalPorts []string `json:"logical-ports"`
	Why          string   `json:"why"`
	Unplug       []Row    `json:"unplug,omitempty"`
	Plug         []Row    `json:"plug,omitempty"`
	Edit         []Edit   `json:"edit,omitempty"`
}

// Row is an Interface row that a Change removes or makes.
type Row struct {
	Netdev      string `json:"netdev"`
	LogicalPort string `json:"logical-port"`
	Function    string `json:"function,omitempty"`
	// MTU is mtu_request in bytes, absent for none.
	MTU int `json:"mtu,omitempty"`
}

// Edit is what a Change does to an Interface row that stays.
type Edit struct {
	Netdev string `json:"netdev"`
	// Set and Delete are keys of external_ids.
	Set    map[string]string `json:"set,omitempty"`
	Delete []string          `json:"delete,omitempty"`
	// MTU is the new mtu_request in bytes, 0 to clear it, absent to leave it.
	MTU *int `json:"mtu,omitempty"`
	// ClearsType: the interface's type, which somebody set, is emptied.
	ClearsType bool `json:"clears-type,omitempty"`
}

// Problem is the body of every answer that is an error.
type Problem struct {
	// Error is one sentence for an operator.
	Error string `json:"error"`
	// Reason is there when a lookup found nothing or could not be made.
	Reason *reason.Reason `json:"reason,omitempty"`
}
