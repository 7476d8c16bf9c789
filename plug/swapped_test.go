package plug

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The firmware tells the MACs of two PFs the wrong way round.
func TestBrake_AllPortsThatTheCardMovesToOtherFunctionsAtOnceAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 8
		var devs []testcard.Netdev
		var bs []southbound.Binding
		for vf := range n {
			for pf := range 2 {
				devs = append(devs, testcard.Netdev{PF: pf, VF: vf, Name: fmt.Sprintf("pf%dvf%d", pf, vf), IfIndex: uint32(10 + 100*pf + vf)})
			}
			bs = append(bs, plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf))
		}
		c := newCloud(testcard.Index(devs...), bs...)
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		before := c.ifaceIDs()
		card := testcard.Of(devs...)
		one, two := testcard.PFMAC(1), testcard.PFMAC(0)
		card.Ports[0].Function, card.Ports[1].Function = &devlink.Function{HWAddr: one[:]}, &devlink.Function{HWAddr: two[:]}
		c.with(func() { c.index = representor.NewIndex(card, representor.Settings{}) })
		r.Poke()
		elapse(time.Minute)
		if got := c.moved(before); got != 0 || len(r.Report().Holds) != 1 {
			t.Errorf("%d of %d machines have another machine's network, held: %+v", got, n, r.Report().Holds)
		}
		elapse(2 * time.Minute)
		if got := c.moved(before); got != n {
			t.Errorf("%d of %d moved after the hold", got, n)
		}
	})
}
