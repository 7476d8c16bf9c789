// Package plantest is what the tests of plan and plug share: what the Southbound says and what is on the
// bridge, in few words.
package plantest

import (
	"fmt"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/representor"
)

// Asks is a binding that asks for a VF.
func Asks(lport string, pf, vf int) southbound.Binding {
	return southbound.Binding{LogicalPort: lport, Disposition: southbound.Asked,
		Request: ovn.Request{LogicalPort: lport, Query: testcard.VFQuery(pf, vf)}}
}

// Invalid is a binding that asks for something, in words that nobody understands.
func Invalid(lport string) southbound.Binding {
	return southbound.Binding{LogicalPort: lport, Disposition: southbound.Asked, Request: ovn.Request{
		LogicalPort: lport, Invalid: &reason.Reason{Code: reason.CodeInvalidOption, Message: "vf-num is bad"},
	}}
}

// Classified is a binding that stands otherwise.
func Classified(b southbound.Binding, f southbound.Disposition) southbound.Binding {
	b.Disposition, b.Why = f, "a test says so"
	return b
}

// Trusted is a complete view of these bindings.
func Trusted(bs ...southbound.Binding) southbound.View {
	v := southbound.View{Complete: true, Connected: true, Chassis: "dpu1", ChassisKnown: true, Identity: "sb1",
		Names: ovn.Names{Global: "sb1"}, Bindings: map[string]southbound.Binding{}}
	for _, b := range bs {
		if b.Disposition == southbound.Gone {
			continue
		}
		v.Bindings[b.LogicalPort] = b
	}
	return v
}

// Addressed asks for VF 0, for a port of that address.
func Addressed(mac representor.MAC) southbound.Binding {
	b := Asks("a", 0, 0)
	b.MAC = mac
	return b
}

// PortMAC is the MAC address of a logical port.
func PortMAC() representor.MAC { return representor.MAC{0, 0x53, 0, 0, 1, 1} }

// UUIDNamed is a logical port as Neutron names it.
func UUIDNamed(n int) string { return fmt.Sprintf("4b8c51d1-0000-4000-8000-%012d", n) }
