// Package ovs is the local Open_vSwitch database: what is on the integration
// bridge, and the transactions that plug and unplug.
package ovs

import (
	"cmp"
	"time"
)

// Marker is what makes an Interface row ours: three keys of its external_ids.
type Marker struct {
	// LogicalPort is the port the row was made for (key representord-logical-port):
	// iface-id's value when nobody edited it.
	LogicalPort string
	// Function is representor.Function.String() of what is plugged (key
	// representord-function).
	Function string
	// Request is representor.Query.String() of what was asked (key representord-request).
	Request string
}

// Keys of Interface.external_ids.
const (
	KeyIfaceID     = "iface-id"
	KeyIfaceIDVer  = "iface-id-ver"
	KeyLogicalPort = "representord-logical-port"
	KeyFunction    = "representord-function"
	KeyRequest     = "representord-request"
	// KeySouthbound names the Southbound database whose request the row answers. It is not
	// part of the marker.
	KeySouthbound = "representord-southbound"
	// KeyParked has the iface-id of a row whose function is away, so that the row carries
	// nobody's name. It is not part of the marker.
	KeyParked = "representord-parked-iface-id"
	// KeyAttempt counts how often ovs-vswitchd was asked again to open the netdev. It
	// is not part of the marker.
	KeyAttempt = "representord-attempt"
	// KeyOVNPlugged is the mark of ovn-controller's built-in plug provider.
	KeyOVNPlugged = "ovn-plugged"
	// KeyOVNInstalled is set to "true" by ovn-controller when a port's flows are there.
	KeyOVNInstalled = "ovn-installed"
)

// Interface is an Interface row with the Port that holds it.
type Interface struct {
	UUID string
	Name string
	Type string
	// PortUUID and PortName are the Port row that holds it, empty for none.
	// PortInterfaces is how many interfaces that port has: more than 1 is a bond, or
	// a row that several ports or bridges hold, for which Shared is true.
	PortUUID       string
	PortName       string
	PortInterfaces int
	Shared         bool
	// Bridge is the name of the bridge that holds the port, empty for none.
	Bridge string

	IfaceID    string
	IfaceIDVer string
	// Marker is set on our rows; Marked is true when any key of ours is there, even
	// if not all of them are.
	Marker Marker
	Marked bool
	// Parked is the value of external_ids:representord-parked-iface-id, empty without.
	Parked string
	// Southbound is the value of external_ids:representord-southbound, empty without.
	Southbound string
	// OVNPlugged is the value of external_ids:ovn-plugged, empty without.
	OVNPlugged string
	// Installed tells that ovn-controller has installed the flows of the port
	// (external_ids:ovn-installed; ovn-controller(8)).
	Installed bool

	// MTURequest is mtu_request in bytes, 0 when empty.
	MTURequest int
	// Ofport is the OpenFlow port, 0 while ovs-vswitchd has not set it, -1 when it
	// could not open the netdev, for which Error says why.
	Ofport int
	Error  string
	// IfIndex is the netdev that ovs-vswitchd opened, 0 when unknown.
	IfIndex uint32
}

// IsParked reports whether the row carries nobody's name for as long as its function is
// away. A row that has an iface-id as well was named by somebody else since.
func (i Interface) IsParked() bool { return i.Parked != "" && i.IfaceID == "" }

// LogicalPort is the logical port that a row of ours is for: by its marker, or by its iface-id,
// also a parked one, where somebody has taken that away.
func (i Interface) LogicalPort() string { return cmp.Or(i.Marker.LogicalPort, i.IfaceID, i.Parked) }

// IsAlone reports whether the row is the only one of its Port, which has its name.
func (i Interface) IsAlone() bool { return i.PortInterfaces == 1 && i.PortName == i.Name }

// IsOpen reports whether ovs-vswitchd has a netdev open for the row. After a reboot the
// database still has the row's ofport, and no ifindex (vswitch.ovsschema: ephemeral).
func (i Interface) IsOpen() bool { return i.Ofport > 0 && i.IfIndex != 0 }

// View is the local database at one time. It is not modified once made.
type View struct {
	// Complete is true once the whole database was read and the connection lives.
	Complete bool
	// Problem says why it is not, for an operator.
	Problem string
	// Since is when Complete last changed (monotonic), zero before it ever did.
	Since time.Time
	// Bridge is the integration bridge's name, BridgeUUID its row, empty while it
	// is missing. DatapathType is its datapath_type ("" and "system" are the kernel's).
	Bridge       string
	BridgeUUID   string
	DatapathType string
	// Interfaces are all Interface rows, of every bridge, by name.
	Interfaces map[string]Interface
	// PortNames are the names of all Port rows and of the bridges: a port can't be
	// added under a name that is taken, whatever its interfaces are called.
	PortNames map[string]bool
	// RootUUID is the row of the table Open_vSwitch, empty while there is none;
	// ExternalIDs are its external_ids, and SSL is the SSL row.
	RootUUID    string
	ExternalIDs map[string]string
	SSL         SSL
	// HWOffload: ovs-vswitchd hands flows to the card (other_config:hw-offload).
	HWOffload bool
	// DefaultDatapathType, DOCA and DPDK are what other_config says of the switch's kind; see
	// Userspace.
	DefaultDatapathType string
	DOCA                bool
	DPDK                bool
}

// IsOurs reports whether a row is marked by us, alone in its port, on the integration bridge, and
// not also marked by the plug provider built into ovn-controller, which would be a fight.
func (v View) IsOurs(i Interface) bool {
	return i.Marked && i.OVNPlugged == "" && i.IsAlone() && v.Bridge != "" && i.Bridge == v.Bridge
}

// SSL is the SSL row of the local database: file names in PEM, all empty without a row.
type SSL struct {
	PrivateKey  string
	Certificate string
	CACert      string
}
