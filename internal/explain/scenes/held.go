package scenes

import (
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// parkedScene is a port whose function has been away for some seconds.
func parkedScene() Scene {
	row := Row("vm1", "pf0vf0", 0)
	row.IfaceID, row.Parked, row.Ofport, row.IfIndex, row.Installed = "", "vm1", -1, 0, false
	row.Error = "could not open network device pf0vf0 (No such device)"
	return Scene{Name: "parked", World: With(Asks("vm1")).Has(row).But(func(w *World) {
		w.Card.Ports[1].IfIndex, w.Card.Links = 0, nil
	}), State: plan.Pending, Code: reason.CodeNoNetdev}
}

func heldScenes() []Scene {
	held := func(code reason.Code, w *World) Scene {
		return Scene{Name: string(code), World: w, State: plan.Held, Code: code}
	}
	kept := Asks("vm1")
	kept.Disposition, kept.RequestedChassis = southbound.Kept, ""
	kept.Why = "requested_chassis is empty, but the option requested-chassis names us"
	alone := func() *World { return With().Has(Row("vm1", "pf0vf0", 0)) }
	return []Scene{
		parkedScene(),
		held(reason.CodeRequestEvidence, With(kept).Has(Row("vm1", "pf0vf0", 0))),
		held(reason.CodeRequestUnverified, alone().But(func(w *World) { w.silent = true })),
		held(reason.CodeWithdrawn, alone().But(func(w *World) { w.DryRun = true })),
		{Name: "held-southbound-away", World: alone().But(func(w *World) {
			w.Asked = southbound.View{Chassis: "dpu1", Endpoint: "ssl:192.0.2.1:6642", Problem: "ssl:192.0.2.1:6642: connection refused"}
		}), State: plan.Held, Code: reason.CodeSouthboundUntrusted},
		held(reason.CodeUnplugGrace, alone().But(func(w *World) { w.grace = time.Minute })),
		held(reason.CodeMassUnplug, alone().Has(Row("vm2", "pf0vf1", 1), Row("vm3", "pf0vf2", 2))),
		held(reason.CodeSouthboundReplaced, Plugged().But(func(w *World) {
			w.passes, w.between = 2, func(w *World) {
				w.Asked.Identity, w.Asked.Bindings, w.Answers = "sb2", map[string]southbound.Binding{}, nil
			}
		})),
	}
}
