package plug

import (
	"testing"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The MACs are dealt back between the plan and the commit.
func TestExchanged_NothingMovesThatIsMeantAsBeforeWhenItComesToTheCommit(t *testing.T) {
	devs := []testcard.Netdev{{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 10}, {PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 20}}
	for _, bs := range [][]southbound.Binding{{plantest.Asks("a", 0, 0)}, {plantest.Asks("a", 0, 0), plantest.Asks("b", 1, 0)}} {
		c := newCloud(representor.NewIndex(testcard.Exchanged(devs...), representor.Settings{}), bs...)
		c.actual = plantest.BridgeWith([]ovs.Interface{plantest.OurRow("a", "pf0vf0", 0, 0, 10),
			plantest.OurRow("b", "pf1vf0", 1, 0, 20)}[:len(bs)]...)
		d := &changingDevices{devices: devices{c}, meanwhile: func() { c.index = testcard.Index(devs...) }}
		c.reconciler(func(cfg *Config) { cfg.Devices = d }).Pass(t.Context())
		if c.applied != 0 {
			t.Errorf("%d ports: %d changes, rows %v", len(bs), c.applied, c.rows())
		}
		c.index = representor.NewIndex(testcard.Exchanged(devs...), representor.Settings{})
		c.reconciler(nil).Pass(t.Context())
		if row := c.rows()["pf1vf0"]; row.IfaceID != "a" {
			t.Errorf("%d ports, when it lasts: rows %v", len(bs), c.rows())
		}
	}
}
