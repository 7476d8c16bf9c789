// Package explain says, step by step, why a logical port is plugged or is not: what
// was read where, what followed from it, and at the first step that fails what to do.
// It is pure: it is given the snapshots that the daemon decides on and what the last
// pass made of them, and does no input or output.
//
// It decides nothing. Where the last pass gave a reason, that reason stands at its
// step as it is; what else a step tells is read from the snapshots.
package explain

import (
	"time"

	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Input is everything that an explanation is made from.
type Input struct {
	LogicalPort string
	// Idle says why this daemon doesn't keep the bridge now, or has not looked at it
	// yet; empty while it keeps it.
	Idle string
	// Asked is the view that passes go by.
	Asked southbound.View
	// Answer is what the Southbound said when it was asked about this port without any
	// condition, nil when it wasn't or gave no answer, for which Silence says why.
	Answer  *southbound.Answer
	Silence string
	// Index is never nil.
	Index *representor.Index
	// Actual is the local database, at LocalEndpoint.
	Actual        ovs.View
	LocalEndpoint string
	// Status is the port as of the last pass, nil when that had nothing to do with it.
	Status *plan.Status
	// Since is when its state or its reason's code last changed.
	Since time.Time
	// Companions are the programs beside this daemon, as they were seen last.
	Companions []companion.Sight
}

// Explanation is why a port is as it is.
type Explanation struct {
	LogicalPort string `json:"logical-port"`
	// Known is false when this daemon can't tell whether the port is plugged.
	Known   bool `json:"known"`
	Plugged bool `json:"plugged"`
	// State and Since are those of the last pass, absent for a port that it had
	// nothing to do with.
	State plan.State `json:"state,omitempty"`
	Since time.Time  `json:"since,omitzero"`
	// FailedStep is the first step that failed, absent when none did. Why is what
	// failed there, or how it is, in one sentence; Remedy is what to do, as in a Check.
	FailedStep string `json:"failed-step,omitempty"`
	Why        string `json:"why"`
	Remedy     string `json:"remedy,omitempty"`
	// Steps are the chain from a request to a port that works.
	Steps []diagnose.Check `json:"steps"`
}

// Explain goes through the steps.
func Explain(in Input) Explanation {
	c := newChain(in)
	for _, step := range []struct {
		name, source string
		look         func(*diagnose.Check)
	}{
		{diagnose.Daemon, "representord", c.daemon},
		{diagnose.Southbound, "Southbound", c.southbound},
		{diagnose.Chassis, "Southbound, table Chassis", c.chassis},
		{diagnose.PortBinding, portBindingTable + ", asked for this port alone", c.portBinding},
		{diagnose.RequestedChassis, portBindingTable, c.requestedChassis},
		{diagnose.Options, "Port_Binding.options, as parsed", c.options},
		{diagnose.Card, "kernel: devlink, rtnetlink, sysfs", c.card},
		{diagnose.PF, "devlink ports of flavour pcipf", c.pf},
		{diagnose.Function, "devlink ports", c.function},
		{diagnose.Netdev, "rtnetlink, udev", c.netdev},
		{diagnose.Bridge, "local database, table Bridge", c.bridge},
		{diagnose.Others, interfaceTable + ", other requests", c.others},
		{diagnose.Row, interfaceTable, c.row},
		{diagnose.Ofport, interfaceTable + ", as ovs-vswitchd fills it in", c.ofport},
		{diagnose.LinkUp, "rtnetlink", c.link},
		{diagnose.OVNInstalled, interfaceTable + ", as ovn-controller fills it in", c.installed},
		{diagnose.Up, portBindingTable, c.up},
	} {
		s := &diagnose.Check{Name: step.name, Source: step.source}
		c.steps = append(c.steps, s)
		step.look(s)
	}
	c.lastPass()
	c.inTurn()
	c.companions()
	return c.conclude()
}

// Where the steps read.
const (
	portBindingTable = "Southbound, table Port_Binding"
	interfaceTable   = "local database, table Interface"
)
