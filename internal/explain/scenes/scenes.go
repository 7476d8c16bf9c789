package scenes

import (
	"cmp"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// Scene is a world, and what is to be explained in it.
type Scene struct {
	Name  string
	World *World
	Port  string // "vm1" unless it is set
	// Code is that of one of the steps, empty for none in particular; State is the port's.
	Code  reason.Code
	State plan.State
}

// All are the scenes, each in a world of its own that has made no pass yet. Together they
// have every state and every reason.
func All() []Scene {
	var all []Scene
	all = append(all, plainScenes()...)
	all = append(all, requestScenes()...)
	all = append(all, cardScenes()...)
	all = append(all, switchScenes()...)
	all = append(all, heldScenes()...)
	all = append(all, othersScenes()...)
	for i := range all {
		all[i].Port = cmp.Or(all[i].Port, "vm1")
	}
	return all
}

func plainScenes() []Scene {
	return []Scene{
		{Name: "plugged", World: Plugged(), State: plan.Plugged},
		{Name: "plugged-not-installed", World: With(unclaimed(Asks("vm1"))), State: plan.Plugged},
		{Name: "plugged-southbound-away", World: Plugged().But(func(w *World) {
			w.Asked.Connected, w.Asked.Problem = false, "ssl:192.0.2.1:6642: connection refused"
		}), State: plan.Plugged, Code: reason.CodeSouthboundUntrusted},
		{
			Name: "ignored-option", World: With(Asks("vm1", "vif-plug-mtu-request", "9k")).Has(Row("vm1", "pf0vf0", 0)),
			State: plan.Plugged, Code: reason.CodeIgnoredOption,
		},
		{
			Name: "link-up-failed", World: Plugged().But(func(w *World) {
				w.linkErr = errors.New("operation not permitted")
				w.Card.Links[10] = representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true}
			}), State: plan.Plugged, Code: reason.CodeLinkUpFailed,
		},
		{Name: "hw-addr-differs", World: addressed(), State: plan.Plugged},
		{
			Name: "hw-addr-failed", World: addressed().But(func(w *World) { w.addrErr = unix.EOPNOTSUPP }),
			State: plan.Plugged, Code: reason.CodeHWAddrFailed,
		},
		{Name: "plugged-link-down", World: Plugged().But(func(w *World) {
			w.passes, w.between = 2, func(w *World) {
				w.Card.Links = map[uint32]representor.Link{10: {Name: "pf0vf0", MTU: 1500, Settled: true}}
			}
		}), State: plan.Plugged},
	}
}

// addressed is a port that is plugged, with a MAC address that isn't its function's.
func addressed() *World {
	a := Asks("vm1")
	a.MAC = representor.MAC{0, 0x53, 0, 0, 1, 1}
	return With(a).Has(Row("vm1", "pf0vf0", 0)).But(func(w *World) {
		w.Card.Ports[1].Function = &devlink.Function{HWAddr: []byte{2, 0, 0, 0, 0, 9}}
	})
}

// unclaimed is a port that ovn-controller has not claimed.
func unclaimed(a southbound.Answer) southbound.Answer {
	a.Up, a.Chassis = false, ""
	return a
}

func requestScenes() []Scene {
	lonely := func(w *World) { w.Asked.ChassisKnown = false }
	return []Scene{
		{Name: "invalid-option", World: With(Asks("vm1", "vif-plug:representor:vf-num", "3x")), State: plan.Invalid,
			Code: reason.CodeInvalidOption},
		{Name: "chassis-missing", World: With(Asks("vm1")).But(lonely), State: plan.Pending, Code: reason.CodeChassisMissing},
		{Name: "southbound-untrusted", World: With(Asks("vm1")).But(func(w *World) {
			w.Asked.Connected, w.Asked.Problem = false, "ssl:192.0.2.1:6642: the server is cut off from its cluster"
		}), State: plan.Pending, Code: reason.CodeSouthboundUntrusted},
		{Name: "southbound-silent", World: Plugged().But(func(w *World) { w.silent = true }), State: plan.Plugged},
		{Name: "odd-name", Port: "odd \x1b[31m/../name",
			World: With(Asks("odd \x1b[31m/../name", "vif-plug:representor:vf-num", "\x1b[2J")), State: plan.Invalid},
	}
}
