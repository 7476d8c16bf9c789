package plan

import (
	"strings"
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

func TestReasons_WhatOthersWroteIsBoundedAndEscaped(t *testing.T) {
	for _, evil := range plantest.HostileTexts() {
		marked := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		marked.Marker.Function, marked.Error, marked.OVNPlugged = evil, evil, evil
		failed := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
		failed.Ofport, failed.Error = -1, evil
		moved := plantest.OurRow("a", evil, 0, 0, 19)
		moved.Marker.Function = evil
		elsewhere := plantest.ForeignRow(evil, "a")
		builtIn := plantest.ForeignRow(evil, "a")
		builtIn.OVNPlugged = evil
		under := plantest.ForeignRow("pf0vf0", "")
		under.Bridge, under.OVNPlugged = evil, evil
		replaced := plantest.Trusted()
		replaced.Identity = evil
		lost := southbound.View{Problem: evil}
		noChassis := plantest.Trusted()
		noChassis.ChassisKnown, noChassis.Chassis = false, evil
		kept := plantest.Classified(plantest.Asks("a", 0, 0), southbound.Kept)
		kept.Why = evil
		withdrawn := plantest.Classified(plantest.Asks("a", 0, 0), southbound.Withdrawn)
		withdrawn.Why = evil
		unread := representor.NewIndex(representor.Card{Problem: evil}, representor.Settings{})
		userspace := plantest.BridgeWith()
		userspace.Bridge, userspace.DatapathType = evil, evil
		asked := plantest.Asks("a", 0, 0)
		for name, in := range map[string]Input{
			"both marks":         {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(marked)},
			"both marks, no one": {Asked: plantest.Trusted(), Actual: plantest.BridgeWith(marked)},
			"interface error":    {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(failed)},
			"moved": {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(moved),
				Index: testcard.Index(testcard.Netdev{PF: 0, VF: 0})},
			"foreign iface-id":  {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(elsewhere)},
			"built-in iface-id": {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(builtIn)},
			"foreign name":      {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(under)},
			"replaced":          {Asked: replaced, Actual: plantest.BridgeWith(failed), Hold: Hold{All: true}},
			"untrusted":         {Asked: lost, Actual: plantest.BridgeWith(failed)},
			"no chassis":        {Asked: noChassis, Actual: plantest.BridgeWith(failed)},
			"kept":              {Asked: plantest.Trusted(kept), Actual: plantest.BridgeWith(failed)},
			"withdrawn":         {Asked: plantest.Trusted(), Actual: plantest.BridgeWith(failed)},
			"unread":            {Asked: plantest.Trusted(asked), Actual: plantest.BridgeWith(), Index: unread},
			"userspace":         {Asked: plantest.Trusted(asked), Actual: userspace},
			"no database":       {Asked: plantest.Trusted(asked), Actual: ovs.View{Problem: evil}},
			"two for one": {Asked: plantest.Trusted(plantest.Asks("b"+evil, 0, 0), plantest.Asks("a"+evil, 0, 0)),
				Actual: plantest.BridgeWith()},
		} {
			t.Run(name, func(t *testing.T) {
				if in.Index == nil {
					in.Index = testcard.Index(testcard.OneVF())
				}
				d := planWith(in, withdrawn)
				for _, s := range d.Ports {
					if s.Reason != nil {
						plantest.Legible(t, *s.Reason)
					}
					for _, w := range s.Warnings {
						plantest.Legible(t, w)
					}
				}
				if len(d.Ports) == 0 {
					t.Error("no status")
				}
			})
		}
	}
}

func TestHold_WhatIsHeldNamesTheCommandThatEndsIt(t *testing.T) {
	for _, r := range []*reason.Reason{reasonMass(3, 4), reasonReplaced(plantest.Trusted())} {
		if !strings.HasSuffix(r.Message, ": representorctl release-hold") {
			t.Errorf("%s: %s", r.Code, r.Message)
		}
	}
}
