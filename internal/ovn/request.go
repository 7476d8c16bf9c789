// Package ovn reads what OVN's Southbound asks of this chassis. It never writes.
package ovn

import (
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// Request is what one Port_Binding row asks for: put the representor of this
// function on the integration bridge for this logical port.
type Request struct {
	LogicalPort string
	// Query is the function asked for; zero when Invalid is set.
	Query representor.Query
	// MTU is vif-plug-mtu-request in bytes, 0 for no request.
	MTU int
	// IfaceIDVer is the option iface-id-ver, to be copied to the Interface: without
	// it ovn-controller never claims the port.
	IfaceIDVer string
	// Invalid says why the options can't be followed; nothing is plugged then.
	Invalid *reason.Reason
	// Warnings are options that were left out; the request stands without them.
	Warnings []reason.Reason
}
