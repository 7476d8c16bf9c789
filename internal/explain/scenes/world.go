// Package scenes is what the tests of explain and those of representorctl, which prints
// explanations, share: a scene for each state of a port and each reason, with the world that
// leads to it. It is for tests.
package scenes

import (
	"slices"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// Noon is when the scenes take place.
func Noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// World is what a reconciler works on, so that explanations are those of real passes
// over snapshots and not of reasons that a test made up.
type World struct {
	Card     representor.Card
	settings representor.Settings
	Asked    southbound.View
	// Answers are the Southbound's rows, whatever they say about us.
	Answers map[string]southbound.Answer
	Actual  ovs.View
	// role, when not Active, is what the daemon is instead; why says more.
	role api.Role
	why  string

	silent  bool  // the Southbound doesn't answer questions
	refuses error // the local database refuses every change
	linkErr error
	addrErr error // nil: the setting program-hw-addr is off
	DryRun  bool
	grace   time.Duration // 0 for none
	// vswitchd is what it makes of a row that is new.
	vswitchd func(*ovs.Interface)
	passes   int // 1 unless set; between does something before each but the first
	between  func(*World)
}

// With is a DPU with one PF and VF 0, and rows in the Southbound, of which the
// view holds those that concern us.
func With(rows ...southbound.Answer) *World {
	w := &World{
		Card: card(), role: api.Active, passes: 1,
		Asked: southbound.View{
			Complete: true, Connected: true, Since: Noon().Add(-time.Hour), Endpoint: "ssl:192.0.2.1:6642",
			Chassis: "dpu1", ChassisKnown: true, Identity: "sb1", Bindings: map[string]southbound.Binding{},
		},
		Answers:  map[string]southbound.Answer{},
		Actual:   plantest.BridgeWith(),
		vswitchd: func(i *ovs.Interface) { i.Ofport, i.IfIndex = 5, 10 },
	}
	for _, a := range rows {
		w.Answers[a.LogicalPort] = a
		if a.Disposition == southbound.Asked || a.Disposition == southbound.Kept {
			w.Asked.Bindings[a.LogicalPort] = a.Binding
		}
	}
	return w
}

// Plugged is a world with the port vm1, which is plugged.
func Plugged() *World { return With(Asks("vm1")).Has(Row("vm1", "pf0vf0", 0)) }

// card is the shared one without its second PF: Ports are PF 0 and its VF 0.
func card() representor.Card {
	c := testcard.Of(testcard.OneVF())
	c.Ports = slices.Delete(c.Ports, 1, 2)
	c.Ports[1].Index = 1
	return c
}

// Asks is the row of a port that asks dpu1 for VF 0; pairs are more options.
func Asks(lport string, pairs ...string) southbound.Answer {
	options := map[string]string{
		"requested-chassis": "dpu1", "vif-plug-type": "representor",
		"vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:vf-num": "0",
	}
	for i := 0; i < len(pairs); i += 2 {
		options[pairs[i]] = pairs[i+1]
	}
	return southbound.Answer{
		Binding: southbound.Binding{
			LogicalPort: lport, Disposition: southbound.Asked, Why: "requested_chassis is our Chassis row", Up: true,
			Request: ovn.ParseRequest(lport, options),
		},
		ChassisKnown: true, Options: options, RequestedChassis: "dpu1", Chassis: "dpu1",
	}
}

// Row is a row of ours that ovs-vswitchd has opened: VF 0 has ifindex 10, the next 11.
func Row(lport, netdev string, vf int) ovs.Interface {
	r := plantest.OurRow(lport, netdev, 0, vf, uint32(10+vf))
	r.Ofport, r.Installed, r.Southbound = 5, true, ""
	return r
}

// Has adds rows to the bridges.
func (w *World) Has(rows ...ovs.Interface) *World {
	for _, r := range rows {
		w.Actual.Interfaces[r.Name] = r
		w.Actual.PortNames[r.PortName] = true
	}
	return w
}

// But is the world after a change.
func (w *World) But(edit func(*World)) *World {
	edit(w)
	return w
}
