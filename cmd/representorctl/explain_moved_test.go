package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/representor"
)

// remedyAt is what to do at a step of vm1's, on whose row the pass writes nothing.
func remedyAt(t *testing.T, w *world, name string) string {
	t.Helper()
	w.dryRun = true
	for _, s := range explained(t, daemonWith(t, w.facts(t), api.Server{Inquire: w.inquire}), "vm1").Steps {
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
	moved := func(link representor.Link) *world {
		return worldWith(asks("vm1", "vif-plug:representor:vf-num", "1")).has(rowOf("vm1", "pf0vf0", 0)).but(func(w *world) {
			vf := w.card.Ports[1]
			vf.Index, vf.VF, vf.IfIndex = 2, devlink.Some[uint16](1), 11
			w.card.Ports = append(w.card.Ports, vf)
			w.card.Links[11] = link
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

func TestExplain_TheCommandsForAPortThatIsNamedLikeAnOptionAreTaken(t *testing.T) {
	const other = "--json"
	w := worldWith(asks("-v"), asks(other)).has(rowOf(other, "pf0vf0", 0))
	socket := daemonWith(t, w.facts(t), api.Server{Inquire: w.inquire})
	out := run1(t, socket, "", nil, "explain", "--", "-v")
	var commands []string
	for line := range strings.Lines(out.stdout) {
		if _, command, found := strings.Cut(line, "representorctl "); found {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if len(commands) != 2 {
		t.Fatalf("the commands are %q in\n%s", commands, out)
	}
	for i, port := range []string{other, "-v"} {
		if got := run1(t, socket, "", nil, strings.Fields(commands[i])...); !strings.HasPrefix(got.stdout, "port        "+port+"\n") {
			t.Errorf("%s says\n%s", commands[i], got)
		}
	}
}

// The MAC of a VF is a machine's.
func TestExplain_APFWhoseMACIsMissingIsNotMendedAtTheVFThatThePortHas(t *testing.T) {
	without := func(pfs int) *world {
		return worldWith(asks("vm1")).has(rowOf("vm1", "pf0vf0", 0)).but(func(w *world) {
			w.card.Ports[0].Function = nil
			for i := 1; i < pfs; i++ {
				other := w.card.Ports[0]
				other.Index, other.PF = 2000, devlink.Some[uint16](1)
				w.card.Ports = append(w.card.Ports, other)
			}
		})
	}
	mended := func(pfs int) (at []string) {
		for _, command := range commandsIn(remedyAt(t, without(pfs), diagnose.PF)) {
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
