package scenes

import (
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// withdrawn is a row that asks nothing of us.
func withdrawn(a southbound.Answer, why string, edit func(*southbound.Answer)) southbound.Answer {
	a.Disposition, a.Why, a.Request, a.Up, a.Chassis = southbound.Withdrawn, why, ovn.Request{}, false, ""
	edit(&a)
	return a
}

func othersScenes() []Scene {
	another := withdrawn(Asks("vm1", "requested-chassis", "dpu2"), "requested_chassis is another Chassis row", func(a *southbound.Answer) {
		a.RequestedChassis, a.Chassis = "dpu2", "dpu2"
	})
	nobody := withdrawn(Asks("vm1", "requested-chassis", "dpu9"),
		"requested_chassis is empty, and the option requested-chassis doesn't name us", func(a *southbound.Answer) {
			a.RequestedChassis = ""
		})
	const doesNotName = "requested_chassis is empty, and the option requested-chassis doesn't name us"
	unbound := withdrawn(Asks("vm1"), doesNotName, func(a *southbound.Answer) {
		a.RequestedChassis = ""
		delete(a.Options, "requested-chassis")
	})
	router := withdrawn(Asks("vm1"), `its type is "patch", which no VIF has`,
		func(a *southbound.Answer) { a.Type, a.Options, a.RequestedChassis = "patch", nil, "" })
	plain := withdrawn(Asks("vm1"), "it has no option vif-plug-type", func(a *southbound.Answer) { delete(a.Options, "vif-plug-type") })
	return []Scene{
		{Name: "another-chassis", World: With(another)},
		{Name: "no-such-chassis", World: With(nobody)},
		{Name: "unbound", World: With(unbound)},
		{Name: "not-a-vif", World: With(router)},
		{Name: "not-a-representor", World: With(plain)},
		{Name: "gone", World: With()},
		{Name: "nothing-known", World: With().But(func(w *World) {
			w.Asked = southbound.View{Chassis: "dpu1", Endpoint: "ssl:192.0.2.1:6642", Problem: "ssl:192.0.2.1:6642: connection refused"}
		}), Code: reason.CodeSouthboundUntrusted},
		{Name: "standby", World: Plugged().But(func(w *World) {
			w.role, w.why = api.Standby, "another representord has this bridge: pid 811 holds /run/representord/br-int.lock"
		}), State: plan.Plugged},
		{Name: "no-pass-yet", World: Plugged().But(func(w *World) { w.passes = 0 })},
	}
}
