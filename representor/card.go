package representor

import "github.com/representord/representord/devlink"

// Link is a netdev of our network namespace, as rtnetlink and udev show it now.
type Link struct {
	Name string
	// Up is the administrative state (IFF_UP).
	Up bool
	// MTU is in bytes.
	MTU int
	// HWAddr is the netdev's own MAC (IFLA_ADDRESS), zero when it has none or one of
	// another length. For a representor it is not the function's MAC.
	HWAddr MAC
	// Settled is false while udev still works on a netdev that is new to us: its
	// name may change, and Linux refuses to rename an interface that is up.
	Settled bool
	// AltNames are the alternative names (IFLA_ALT_IFNAME), by which the kernel finds the
	// netdev as well, separated by NUL: unlike a Name they may hold white space. Linux
	// notifies of a change only while the netdev is up; otherwise an audit finds it.
	AltNames string
	// PortName is what the netdev itself calls the port of a switch that it is
	// (IFLA_PHYS_PORT_NAME), such as "c1pf0vf3"; empty for what is none.
	PortName string
	// Kind is what a software device was made as, such as "veth" (IFLA_INFO_KIND),
	// empty for the netdev of a piece of hardware.
	Kind string
	// Parent is the device behind the netdev, by its bus and name in sysfs
	// (IFLA_PARENT_DEV_BUS_NAME and IFLA_PARENT_DEV_NAME from Linux 5.14 on, else sysfs'
	// own word), zero when none is told.
	Parent devlink.Handle
	// Master is the name of the device that the netdev is a port or a slave of, and
	// MasterKind what that was made as, such as "bridge" or "bond"; empty for none. A
	// datapath of Open vSwitch doesn't count.
	Master, MasterKind string
	// Port is the devlink port that the netdev belongs to (IFLA_DEVLINK_PORT, from Linux
	// 6.2 on), and stays so for as long as the netdev lives. TellsPort is true on a kernel
	// that tells it: a netdev without one then belongs to none for good.
	Port      devlink.Optional[devlink.PortID]
	TellsPort bool
}

// Uplink names a physical port of a card by the card's devlink instance, which needn't be
// the port's own, and by its number, which with most drivers is also the number of the PF
// whose traffic it carries.
type Uplink struct {
	Handle devlink.Handle
	Number uint32
}

// Card is everything the kernel said of the card at one time. It is not
// modified once made.
type Card struct {
	Ports []devlink.Port
	// Links holds every netdev of our network namespace by ifindex.
	Links map[uint32]Link
	// PFMACs holds host PF addresses found outside devlink, for drivers that
	// report zero there (sysfs smart_nic/pf/config below the uplink's netdev).
	PFMACs map[Uplink]MAC
	// Serials holds what is known of each instance's card.
	Serials map[devlink.Handle]Serial
	// Complete is true when Ports and Links are full dumps, but for the ports of the
	// instances in Blind; nothing may be concluded from absence otherwise.
	Complete bool
	// LinksComplete is true when Links is a full dump, whatever Ports is. Complete
	// implies it. LinksProblem says, for an operator, why it isn't, or what in a full dump
	// was left out.
	LinksComplete bool
	LinksProblem  string
	// Blind holds the devlink instances whose ports could not be read now, each with the
	// reason. Ports then has those that were read before. Any implies MayLackPFs.
	Blind map[devlink.Handle]string
	// MayLackPFs is true when a port that is there, or may be, is not in Ports although
	// the dumps are full, and it may be a PF's: the driver failed to tell of it. A MAC
	// that one PF here has may then be another one's as well.
	MayLackPFs bool
	// PortsOnly is true when nothing is known but what devlink(8) printed of the ports, on
	// whatever machine: of netdevs only the names, of SF numbers only the lower 16 bits
	// (pr_out_port_pfvfsf_num in iproute2's devlink.c).
	PortsOnly bool
	// Problem says, for an operator, why the snapshot is not complete, or what in a
	// complete one could not be made sense of and was left out.
	Problem string
}

// Serial is a card's serial number.
type Serial struct {
	// Number is as the card tells it, empty while it isn't known. It may be a
	// placeholder: package serial knows which are.
	Number string
	From   SerialSource
	// Problem says, for an operator, why the number isn't known.
	Problem string
}

// SerialSource is where a serial number was found.
type SerialSource string

// The sources: devlink's board.serial_number, and the field SN of the Vital Product
// Data of the instance's PCI device.
const (
	SerialFromDevlink SerialSource = "devlink"
	SerialFromVPD     SerialSource = "vpd"
)

// Representor is a devlink port that stands for a host function.
type Representor struct {
	Function Function
	// PortIndex is the devlink port index, for showing.
	PortIndex uint32
	Type      devlink.PortType
	// HWAddr is the function's own MAC; for a PF the address Lookup compares,
	// wherever it was found. Zero when unknown.
	HWAddr  MAC
	State   devlink.FunctionState
	OpState devlink.OpState
	// IfIndex is 0 while the port has no netdev in our network namespace, and
	// Link is then empty.
	IfIndex uint32
	Link    Link
}

// Settings change how an Index answers.
type Settings struct {
	// LocalFunctions admits functions of the machine we run on (external false),
	// for a plain switchdev NIC that is its own host.
	LocalFunctions bool
}
