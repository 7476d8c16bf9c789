package card

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// ask asks for a VF of one of the two cards, with its controller or without.
func ask(x *representor.Index, card int, number uint32, controller ...uint32) reason.Code {
	q := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, byte(10 + 4*card)}, Kind: representor.VF, Number: number}
	for _, c := range controller {
		q.Controller = devlink.Some(c)
	}
	_, why := x.Lookup(q)
	if why == nil {
		return ""
	}
	return why.Code
}

func functionOn(device string) representor.Function {
	return representor.Function{Handle: pci(device), Controller: devlink.Some(uint32(1)), External: true, Kind: representor.VF}
}

func TestInstance_ThatHangsIsBlindAloneAndTheOthersAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		if got := ask(w.Index(), 0, 2); got != "" {
			t.Fatalf("at first: %q; want an answer", got)
		}
		hang := make(chan struct{})
		k.change(func(k *kernel) {
			k.hang, k.hung = hang, pci("0000:03:00.1")
			k.ports = append(k.ports[:4:4], k.ports[5:]...) // the first card's last VF goes
			k.links[5].Name = "renamed"                     // the second card's VF 1
		})
		k.portEvents.poke()
		k.linkEvents.poke()
		pass(dumpBound + instanceBound)

		x := w.Index()
		wantKnown(t, w, "while one hangs", "0 c1pf0vf3")
		if rep, ok := x.ByNetdev("renamed"); !ok || rep.Function.Number != 1 {
			t.Errorf("the renamed netdev is %+v, %v; want the VF that it was", rep.Function, ok)
		}
		complete, problem := x.Complete()
		if !complete || !strings.Contains(problem, "1 devlink instances can't be read") || !strings.Contains(problem, "pci/0000:03:00.1") {
			t.Errorf("complete %v, problem %q; want true, and the one named", complete, problem)
		}
		if why, blind := x.BlindFor(functionOn("0000:03:00.1")); !blind || why == "" {
			t.Errorf("the one that hangs is blind: %v, %q", blind, why)
		}
		if why, blind := x.BlindFor(functionOn("0000:03:00.0")); blind {
			t.Errorf("the other is blind: %q", why)
		}
		for want, got := range map[reason.Code]reason.Code{
			"":                          ask(x, 0, 2, 1),
			reason.CodePFUncertain:      ask(x, 0, 2),
			reason.CodeFunctionNotFound: ask(x, 0, 3, 1),
			reason.CodeNoDevlink:        ask(x, 1, 2, 1),
		} {
			if got != want {
				t.Errorf("code %q; want %q", got, want)
			}
		}

		k.change(func(k *kernel) { k.hang = nil })
		close(hang)
		pass(retryMost)
		if complete, problem := w.Index().Complete(); !complete || problem != "" || ask(w.Index(), 1, 2) != "" {
			t.Errorf("afterwards: complete %v, problem %q; want all of it", complete, problem)
		}
	})
}

// An uplink's instance, which comes first by name, is not asked then, and is no culprit.
func TestInstance_ThatIsNotAskedIsNotNamedForTheOneThatHangs(t *testing.T) {
	uplinks := map[devlink.Handle]string{
		{Bus: "auxiliary", Device: "mlx5_core.eth.0"}: "it was not asked", {Bus: "auxiliary", Device: "mlx5_core.eth.1"}: "it was not asked",
	}
	hangs := maps.Clone(uplinks)
	hangs[pci("0000:03:00.1")] = "it hangs"
	for want, blind := range map[string]map[devlink.Handle]string{
		"": nil,
		"the ports of 1 devlink instances can't be read, what is shown of them was read before; the first is pci/0000:03:00.1: it hangs; " +
			"the ports of 2 devlink instances on the bus auxiliary were not asked for meanwhile, what is shown of them was read before": hangs,
		"the ports of 2 devlink instances on the bus auxiliary were not asked for meanwhile, what is shown of them was read before": uplinks,
	} {
		if got := blindProblem(blind); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestInstance_ThatHangsOnAnOldKernelBlindsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		k.old = true
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		k.change(func(k *kernel) { k.hang, k.hung = make(chan struct{}), pci("0000:03:00.1") })
		k.portEvents.poke()
		pass(dumpBound + instanceBound)
		if complete, problem := w.Index().Complete(); complete || !strings.Contains(problem, "read before") {
			t.Errorf("complete %v, problem %q; want false and that this is old", complete, problem)
		}
		wantKnown(t, w, "while one hangs")
		if current, problem := w.Index().LinksCurrent(); !current || problem != "" {
			t.Errorf("links current: %v, %q; want true", current, problem)
		}
	})
}

func TestInstance_ThatGoesWhileAnotherHangsIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		k.change(func(k *kernel) { k.hang, k.hung, k.ports = make(chan struct{}), pci("0000:03:00.1"), k.ports[5:] })
		k.portEvents.poke()
		pass(dumpBound + instanceBound)
		wantKnown(t, w, "once it is gone", "0 c1pf0", "0 c1pf0vf0", "0 c1pf0vf1", "0 c1pf0vf2", "0 c1pf0vf3")
	})
}

// What was never listed together may have an instance that nobody knows of.
func TestInstance_ThatHangsFromTheStartLeavesTheCardIncomplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		for i := range k.links {
			for _, p := range k.ports {
				if p.IfIndex == k.links[i].IfIndex {
					k.links[i].Port = toldPort(p)
				}
			}
		}
		k.hang, k.hung = make(chan struct{}), pci("0000:03:00.1")
		w, _ := watch(t, k, Options{})
		pass(2 * (dumpBound + instanceBound))
		if complete, problem := w.Index().Complete(); complete || problem == "" {
			t.Errorf("complete %v, problem %q; want false and why", complete, problem)
		}
		if rep, ok := w.Index().ByNetdev("repa"); !ok || rep.Function.Handle != pci("0000:03:00.0") {
			t.Errorf("a VF of the instance that answers is %+v, %v; want it known", rep.Function, ok)
		}
		c, ok := w.Index().ClaimOf(14)
		if !ok || !c.Disputed || !strings.HasPrefix(c.Port, "pci/0000:03:00.1/") {
			t.Errorf("a netdev of the one that hangs is claimed by %+v, %v; want its port and no certainty", c, ok)
		}
	})
}
