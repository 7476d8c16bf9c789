package plug

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
)

func TestLetGo_ANetdevThatWasRenamedWhilePluggedLeavesTheDatapathWhenItsRowIsGone(t *testing.T) {
	other := testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}
	c := newCloud(testcard.Index(testcard.OneVF(), other), plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1))
	var detached []uint32
	r := c.reconciler(func(cfg *Config) {
		cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, name string, force bool) (bool, error) {
			if _, still := c.rows()["pf0vf0"]; still || name != "ens1" || force {
				t.Errorf("%s is taken out of the datapath, with its row there: %t, by force: %t", name, still, force)
			}
			detached = append(detached, ifindex)
			return true, nil
		})
	})
	r.Pass(t.Context())
	c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10}, other)
	delete(c.truth, "a")
	c.view = plantest.Trusted(plantest.Asks("b", 0, 1))
	c.refuse["a"] = errors.New("disk full")
	r.Pass(t.Context())
	if len(detached) != 0 {
		t.Fatalf("%v taken out of the datapath though the row could not be removed", detached)
	}
	delete(c.refuse, "a")
	c.reconciler(func(cfg *Config) { *cfg = r.cfg }).Pass(t.Context())
	delete(c.truth, "b")
	c.view = plantest.Trusted()
	r.Pass(t.Context()) // what goes under its own name is ovs-vswitchd's to take out
	if diff := cmp.Diff([]uint32{10}, detached); diff != "" {
		t.Errorf("detached (-want +got):\n%s", diff)
	}
}

// headless is a switch whose ovs-vswitchd is dead: nobody opens what is plugged, and the
// kernel's datapath goes on with the flows it has.
type headless struct{ localSwitch }

func (s headless) Apply(ctx context.Context, changes []ovs.Change) []error {
	errs := s.localSwitch.Apply(ctx, changes)
	s.with(func() {
		for _, c := range changes {
			for _, p := range c.Plug {
				if i, made := s.actual.Interfaces[p.Netdev]; made {
					i.Ofport, i.IfIndex = 0, 0
					s.actual.Interfaces[p.Netdev] = i
				}
			}
		}
	})
	return errs
}

// What the old row says that ovs-vswitchd has open is what a dead one had.
func TestLetGo_ARenamedNetdevThatStaysPluggedStaysInTheDatapathUntilOVSHasFailedToAddIt(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10})
	detached := 0
	r := c.reconciler(func(cfg *Config) {
		cfg.Switch = headless{localSwitch{c}}
		cfg.Detach = oneByOne(func(context.Context, uint32, string, bool) (bool, error) { detached++; return true, nil })
	})
	r.Pass(t.Context())
	if _, plugged := c.rows()["ens1"]; !plugged || detached != 0 {
		t.Fatalf("plugged under its new name: %t; taken out of the datapath, while nobody is there to add it again: %d times", plugged, detached)
	}
	c.failing("ens1", "could not add network device ens1 to ofproto (File exists)")
	r.Pass(t.Context())
	if detached != 1 {
		t.Errorf("taken out of the datapath %d times when ovs-vswitchd had failed, want once", detached)
	}
}

// The name that it had is another function's by now, so that its row leaks.
func TestLetGo_ARenamedNetdevThatIsPluggedAnewAsItsRowLeaksStaysInTheDatapath(t *testing.T) {
	c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10},
		testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20}), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	var detached []uint32
	r := c.reconciler(func(cfg *Config) {
		cfg.Switch = headless{localSwitch{c}}
		cfg.Detach = oneByOne(func(_ context.Context, ifindex uint32, _ string, _ bool) (bool, error) {
			detached = append(detached, ifindex)
			return true, nil
		})
	})
	r.Pass(t.Context())
	if _, plugged := c.rows()["ens1"]; !plugged || len(detached) != 0 {
		t.Errorf("plugged under its new name: %t; taken out of the datapath: %d", plugged, detached)
	}
}
