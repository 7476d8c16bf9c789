package plug

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// heldUp are devices whose LinkUp doesn't come back before its context ends, for
// one netdev or (0) for all.
type heldUp struct {
	devices
	ifindex uint32
}

func (d heldUp) LinkUp(ctx context.Context, ifindex uint32) error {
	if d.ifindex != 0 && d.ifindex != ifindex {
		return d.devices.LinkUp(ctx, ifindex)
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// downPorts is a cloud of n ports, p00 and on, whose representors are down, and
// those.
func downPorts(n int) (*cloud, []testcard.Netdev) {
	var devs []testcard.Netdev
	var bs []southbound.Binding
	for vf := range n {
		devs = append(devs, testcard.Netdev{PF: 0, VF: vf, Name: fmt.Sprintf("pf0vf%d", vf), IfIndex: uint32(10 + vf), Down: true})
		bs = append(bs, plantest.Asks(fmt.Sprintf("p%02d", vf), 0, vf))
	}
	return newCloud(testcard.Index(devs...), bs...), devs
}

func TestLink_AKernelThatDoesNotSetLinksUpHoldsUpAPassForASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, devs := downPorts(30)
		r := c.reconciler(func(cfg *Config) { cfg.Devices = heldUp{devices: devices{c}} })
		began := time.Now()
		r.Pass(t.Context())
		if took := time.Since(began); took > linkWait {
			t.Errorf("the first pass took %s", took)
		}
		run(t, r)
		elapse(10 * time.Minute)
		passes := r.Report().Passes
		elapse(10 * time.Minute)
		if n := r.Report().Passes - passes; n < 15 || n > 60 {
			t.Errorf("%d passes in 10 minutes, want a try every half a minute", n)
		}
		devs[0].Name, devs[1].Name = devs[1].Name, devs[0].Name
		c.with(func() { c.index = testcard.Index(devs...) })
		began = time.Now()
		r.Poke()
		for c.rows()["pf0vf0"].IfaceID == "p00" {
			elapse(10 * time.Millisecond)
		}
		if took := time.Since(began); took > 2*linkWait {
			t.Errorf("the leak stood for %s", took)
		}
	})
}

func TestLink_ThatKeepsTheKernelBusyHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := downPorts(4)
		r := c.reconciler(func(cfg *Config) { cfg.Devices = heldUp{devices: devices{c}, ifindex: 10} })
		run(t, r)
		elapse(5 * time.Second)
		var up []uint32
		c.with(func() { up = slices.Clone(c.up) })
		slices.Sort(up)
		if !slices.Equal(slices.Compact(up), []uint32{11, 12, 13}) {
			t.Errorf("links set up: %v, want those of ifindex 11 to 13", up)
		}
		if s := find(t, r.Report(), "p00"); s.State != plan.Plugged || len(s.Warnings) != 1 {
			t.Errorf("the port whose link can't be set up: %+v", s)
		}
	})
}

func TestLink_ThatCouldNotBeSetUpIsTriedAgainWithoutAnyPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, devs := downPorts(1)
		c.upErr = errors.New("no such device")
		r := c.reconciler(func(cfg *Config) { cfg.Audit = time.Hour })
		run(t, r)
		tries := func() (n int) {
			c.with(func() { n = len(c.up) })
			return n
		}
		elapse(10 * time.Minute)
		if n := tries(); n < 10 || n > 60 {
			t.Errorf("%d tries in 10 minutes, want a delay that grows to 30 s", n)
		}
		devs[0].Down = false
		c.with(func() { c.upErr, c.index = nil, testcard.Index(devs...) })
		elapse(time.Minute)
		before := tries()
		elapse(10 * time.Minute)
		if s := find(t, r.Report(), "p00"); tries() != before || len(s.Warnings) != 0 {
			t.Errorf("with the link up: %d more tries, %+v", tries()-before, s)
		}
	})
}

func TestLetGo_ADatapathThatDoesNotAnswerIsWaitedForASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, devs := downPorts(20)
		r := c.reconciler(func(cfg *Config) {
			cfg.Detach = oneByOne(func(ctx context.Context, _ uint32, _ string, _ bool) (bool, error) {
				<-ctx.Done()
				return false, context.Cause(ctx)
			})
		})
		r.Pass(t.Context())
		for i := range devs {
			devs[i].Name = fmt.Sprintf("ens%d", i)
		}
		c.index = testcard.Index(devs...)
		began := time.Now()
		r.Pass(t.Context())
		if took := time.Since(began); took > detachWait || len(c.rows()) != 20 || c.rows()["ens7"].IfaceID != "p07" {
			t.Errorf("after %s: %v", took, c.rows())
		}
	})
}
