// Package option names the options of a logical switch port that say what is to be plugged for it,
// and where: northd copies them to Port_Binding.options. No other file spells them. docs/options.md
// has their grammar, internal/ovn reads it.
package option

// Prefix begins the options that name a function.
const Prefix = "vif-plug:representor:"

// Options of OVN itself, of its plug provider for representors (ovn-vif), and of ovn-controller.
const (
	// Chassis is the chassis that the port is for, by name or hostname; ovn-nb(5).
	Chassis = "requested-chassis"
	// Type is what plugs the port: Representor here.
	Type = "vif-plug-type"
	// MTU is the MTU to request, 68 to 65535 bytes. Missing, empty or 0, none
	// is requested. With anything else the port is plugged without, and warned of.
	MTU = "vif-plug-mtu-request"
	// IfaceIDVer is copied to the Interface as it is: ovn-controller compares
	// the two, and leaves the port alone while they differ. What is longer than 255
	// bytes or not printable is not copied, and warned of.
	IfaceIDVer = "iface-id-ver"
	// PFMAC is six pairs of hex digits with colons, in any case: a unicast
	// address and not zero. It is required.
	PFMAC = Prefix + "pf-mac"
	// VFNum is a decimal number up to 65534. Missing or empty, the PF's own
	// representor is meant.
	VFNum = Prefix + "vf-num"
)

// Representor is the value of Type for what is plugged here.
const Representor = "representor"

// Options that are ours alone.
const (
	// SFNum is a decimal number of 32 bits: a scalable function instead of a
	// VF. Never together with VFNum.
	SFNum = Prefix + "sf-num"
	// Controller is a decimal number of 32 bits: only a PF of this devlink
	// controller is meant.
	Controller = Prefix + "controller"
	// CardSerial is the board serial number that the card must have: up to
	// 255 printable characters (the most that PCI VPD holds) without commas, which
	// separate entries of ovn-cms-options, and without white space.
	CardSerial = Prefix + "card-serial-number"
)
