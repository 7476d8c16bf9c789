package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/explain/scenes"
	"github.com/representord/representord/representor"
)

// remedyAt is what to do at a step of vm1's, on whose row the pass writes nothing.
func remedyAt(t *testing.T, w *scenes.World, name string) string {
	t.Helper()
	w.DryRun = true
	for _, s := range scenes.Explained(t, w.Daemon(t), "vm1").Steps {
		if s.Name == name {
			return s.Remedy
		}
	}
	t.Fatalf("there is no step %s", name)
	return ""
}

// A port that has a row for one function, and asks for another: what is to be done is about
// the other.
func TestExplain_ARemedyIsForTheFunctionThatIsAskedForAndNotForTheOneThatThePortHas(t *testing.T) {
	const asked = "pf0vf1"
	moved := func(link representor.Link) *scenes.World {
		return scenes.With(scenes.Asks("vm1", "vif-plug:representor:vf-num", "1")).Has(scenes.Row("vm1", "pf0vf0", 0)).But(func(w *scenes.World) {
			vf := w.Card.Ports[1]
			vf.Index, vf.VF, vf.IfIndex = 2, devlink.Some[uint16](1), 11
			w.Card.Ports = append(w.Card.Ports, vf)
			w.Card.Links[11] = link
		})
	}
	enslaved := moved(representor.Link{Name: asked, Up: true, MTU: 1500, Settled: true, Master: "br0", MasterKind: "bridge"})
	if got := remedyAt(t, enslaved, diagnose.Netdev); !strings.Contains(got, "`ip link set "+asked+" nomaster`") {
		t.Errorf("the netdev in a bridge: %s", got)
	}
	if got := remedyAt(t, moved(representor.Link{Name: asked, MTU: 1500, Settled: true}), diagnose.LinkUp); !strings.Contains(got,
		"`ip link set "+asked+" up`") {
		t.Errorf("the link that is down: %s", got)
	}
}

// The MAC of a VF is a machine's.
func TestExplain_APFWhoseMACIsMissingIsNotMendedAtTheVFThatThePortHas(t *testing.T) {
	without := func(pfs int) *scenes.World {
		return scenes.Plugged().But(func(w *scenes.World) {
			w.Card.Ports[0].Function = nil
			for i := 1; i < pfs; i++ {
				other := w.Card.Ports[0]
				other.Index, other.PF = 2000, devlink.Some[uint16](1)
				w.Card.Ports = append(w.Card.Ports, other)
			}
		})
	}
	mended := func(pfs int) (at []string) {
		for _, command := range scenes.CommandsIn(remedyAt(t, without(pfs), diagnose.PF)) {
			at = append(at, strings.TrimSuffix(strings.TrimPrefix(command, "devlink port function set pci/0000:03:00.0/"), " hw_addr MAC"))
		}
		return at
	}
	if got := mended(1); !slices.Equal(got, []string{"1000"}) {
		t.Errorf("the only PF is mended at %q", got)
	}
	if got := mended(2); !slices.Equal(got, []string{"1000", "2000"}) {
		t.Errorf("two PFs are mended at %q", got)
	}
}
