// Package option names the options of a logical switch port that say what is to be plugged for it,
// and where, and the values that they may have: northd copies them to Port_Binding.options. No other file
// spells them. docs/options.md has their grammar, internal/ovn reads it.
package option

import (
	"errors"
	"math"
	"net"
	"strings"
)

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
	// PFMAC, which is required, is six pairs of hex digits with colons, in any case: unicast, not zero.
	PFMAC = Prefix + "pf-mac"
	// VFNum is a decimal number up to 65534. Missing or empty, the PF's own representor is meant.
	VFNum = Prefix + "vf-num"
)

// Representor is the value of Type for what is plugged here.
const Representor = "representor"

// Options that are ours alone.
const (
	// SFNum is a decimal number of 32 bits: a scalable function, never together with VFNum.
	SFNum = Prefix + "sf-num"
	// Controller is a decimal number of 32 bits: only a PF of this devlink controller is meant.
	Controller = Prefix + "controller"
	// CardSerial is the board serial number that the card must have: up to
	// 255 printable characters (the most that PCI VPD holds) without commas, which
	// separate entries of ovn-cms-options, and without white space.
	CardSerial = Prefix + "card-serial-number"
)

// MaxVF is the largest VF number: SR-IOV's NumVFs is 16 bits wide, and VF numbers count from 0.
const MaxVF = math.MaxUint16 - 1

// MinMTU is the least MTU that an IPv4 link may have (RFC 791), MaxMTU the largest that Linux
// allows, in bytes.
const (
	MinMTU = 68
	MaxMTU = math.MaxUint16
)

// What ParsePFMAC refuses.
var (
	ErrMACForm      = errors.New("no MAC address of six pairs of hex digits with colons")
	ErrMACZero      = errors.New("zero")
	ErrMACMulticast = errors.New("a multicast address")
)

// ParsePFMAC reads the MAC address of a function, in the one form that the options have for it. The
// error is one of those above.
func ParsePFMAC(s string) (mac [6]byte, err error) {
	// net.ParseMAC takes hyphens, dots and longer addresses as well.
	parsed, err := net.ParseMAC(s)
	if err != nil || len(parsed) != len(mac) || parsed.String() != strings.ToLower(s) {
		return mac, ErrMACForm
	}
	mac = [6]byte(parsed)
	switch {
	case mac == [6]byte{}:
		return mac, ErrMACZero
	case mac[0]&1 != 0:
		return mac, ErrMACMulticast
	}
	return mac, nil
}
