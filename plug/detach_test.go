package plug

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestANetdevThatWasRenamedWhilePluggedLeavesTheDatapathWhenItsRowIsGone(t *testing.T) {
	other := netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}
	c := newCloud(indexOf(oneVF(), other), asks("a", 0, 0), asks("b", 0, 1))
	var detached []uint32
	r := c.reconciler(func(cfg *Config) {
		cfg.Detach = func(_ context.Context, ifindex uint32, name string) (bool, error) {
			if _, still := c.rows()["pf0vf0"]; still || name != "ens1" {
				t.Errorf("%s is taken out of the datapath, with its row there: %v", name, still)
			}
			detached = append(detached, ifindex)
			return true, nil
		}
	})
	r.Pass(t.Context())
	c.index = indexOf(netdev{pf: 0, vf: 0, name: "ens1", ifindex: 10}, other)
	c.refuse["a"] = errors.New("disk full")
	r.Pass(t.Context())
	if len(detached) != 0 {
		t.Fatalf("%v taken out of the datapath though the row could not be replaced", detached)
	}
	delete(c.refuse, "a")
	c.reconciler(func(cfg *Config) { *cfg = r.cfg }).Pass(t.Context())
	delete(c.truth, "b")
	c.view = trusted(asks("a", 0, 0))
	r.Pass(t.Context()) // what goes under its own name is ovs-vswitchd's to take out
	if diff := cmp.Diff([]uint32{10}, detached); diff != "" {
		t.Errorf("detached (-want +got):\n%s", diff)
	}
}
