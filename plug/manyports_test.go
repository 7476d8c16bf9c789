package plug

import (
	"fmt"
	"slices"
	"testing/synctest"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// fourPorts is a cloud with ports p0 to p3 for VFs 0 to 3.
func fourPorts() *cloud { return manyPorts(4) }

// manyPorts is a cloud with ports p0 and on for as many VFs.
func manyPorts(n int) *cloud {
	var devs []testcard.Netdev
	var bs []southbound.Binding
	for vf := range n {
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: fmt.Sprintf("pf0vf%d", vf), IfIndex: uint32(10 + vf)})
		bs = append(bs, plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf))
	}
	return newCloud(testcard.Index(devs...), bs...)
}

// show makes the Southbound this one, which is there and asks for the first n ports of manyPorts, and for others.
func (c *cloud) show(identity string, n int, others ...southbound.Binding) {
	c.with(func() {
		bs := slices.Clone(others)
		for vf := range n {
			bs = append(bs, plantest.Asks(fmt.Sprintf("p%d", vf), 0, vf))
		}
		c.truth = map[string]southbound.Binding{}
		for _, b := range bs {
			c.truth[b.LogicalPort] = b
		}
		c.view = plantest.Trusted(bs...)
		c.view.Identity, c.view.Names = identity, ovn.Names{Global: identity}
	})
}

// leave makes the Southbound ask for the first n ports of manyPorts only.
func (c *cloud) leave(r *Reconciler, n int) {
	c.show("sb1", n)
	r.Poke()
	synctest.Wait()
}
