package plug

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// staleDevices go on to show an index that the kernel has left behind.
type staleDevices struct {
	devices
	shows *representor.Index
}

func (d *staleDevices) Index() *representor.Index { return d.shows }

func TestConfirm_NothingIsPluggedThatTheKernelSaysIsAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(swapped(), plantest.Asks("a", 0, 0)) // pf0vf0 has become VF 1's
		stale := &staleDevices{devices: devices{c}, shows: testcard.Index(testcard.OneVF())}
		r := c.reconciler(func(cfg *Config) { cfg.Devices = stale })
		r.Pass(t.Context())
		if len(c.rows()) != 0 || c.applied != 0 {
			t.Errorf("%d changes, rows %v", c.applied, c.rows())
		}
		elapse(time.Second)
		stale.shows = c.index
		r.Pass(t.Context())
		if row := c.rows()["ens1"]; row.IfaceID != "a" {
			t.Errorf("rows %v once the index shows it", c.rows())
		}
	})
}

func TestConfirm_AParkedRowGetsNoNameBackThatTheKernelSaysIsAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := unopened()
		r := c.reconciler(nil)
		r.Pass(t.Context())
		c.index = swapped()
		r.cfg.Devices = &staleDevices{devices: devices{c}, shows: testcard.Index(testcard.OneVF())}
		r.Pass(t.Context())
		if row := c.rows()["pf0vf0"]; row.IfaceID != "" {
			t.Errorf("the row is %+v", row)
		}
	})
}

func TestConfirm_AKernelThatDoesNotAnswerPutsThePlugOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.mute = errors.New("no answer")
		r := c.reconciler(nil)
		run(t, r)
		elapse(time.Minute)
		if s := find(t, r.Report(), "a"); len(c.rows()) != 0 || s.State != plan.Pending ||
			reason.CodeOf(s.Reason) != reason.CodeTransactionPending {
			t.Fatalf("rows %v, %+v", c.rows(), s)
		}
		c.with(func() { c.mute = nil })
		elapse(time.Minute)
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged {
			t.Errorf("when it answers again: %+v", s)
		}
	})
}

// The name is dealt anew between the question and the commit, and the index doesn't show
// it yet.
func TestConfirm_WhatBecomesAnothersInTheTransactionIsUnpluggedAtOnce(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	stale := &staleDevices{devices: devices{c}, shows: testcard.Index(testcard.OneVF())}
	s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() { c.index = swapped() }}
	rep := c.reconciler(func(cfg *Config) { cfg.Devices, cfg.Switch = stale, s }).Pass(t.Context())
	if len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
	}
}

// It was renamed only, and is followed.
func TestConfirm_WhatIsRenamedInTheTransactionIsFollowed(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() {
		c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0,
			Name: "ens1", IfIndex: 10})
	}}
	rep := c.reconciler(func(cfg *Config) { cfg.Switch = s }).Pass(t.Context())
	if row := c.rows()["ens1"]; row.IfaceID != "a" || len(c.rows()) != 1 || rep.Leaks != 0 {
		t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
	}
}

// changingDevices let something happen while the kernel is asked.
type changingDevices struct {
	devices
	meanwhile func()
}

func (d *changingDevices) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	if f := d.meanwhile; f != nil {
		d.meanwhile = nil
		d.with(f)
	}
	return d.devices.Confirm(ctx, r)
}

// The plan is seconds old when it comes to the commit.
func TestConfirm_NothingIsPluggedThatIsNotAskedForAnyMore(t *testing.T) {
	two := testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11})
	for name, tt := range map[string]struct {
		asks []southbound.Binding
		want string
	}{
		"the port asks for another function": {[]southbound.Binding{plantest.Asks("a", 0, 1)}, "pf0vf1"},
		"nothing asks for the port":          {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(two, plantest.Asks("a", 0, 0))
				changed := func() {
					c.view, c.truth = plantest.Trusted(tt.asks...), map[string]southbound.Binding{}
					for _, b := range tt.asks {
						c.truth[b.LogicalPort] = b
					}
				}
				d := &changingDevices{devices: devices{c}, meanwhile: changed}
				run(t, c.reconciler(func(cfg *Config) { cfg.Devices = d }))
				elapse(10 * time.Second)
				netdevs := slices.Sorted(maps.Keys(c.rows()))
				if strings.Join(netdevs, " ") != tt.want || c.applied > len(tt.asks) {
					t.Errorf("%d changes, rows %v", c.applied, c.rows())
				}
			})
		})
	}
}

// A port whose row makes room for another one is asked for again before that is committed.
func TestConfirm_NoRowMakesRoomThatIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.actual = plantest.BridgeWith(plantest.OurRow("b", "pf0vf0", 0, 0, 10))
		c.view.Bindings["b"] = plantest.Classified(plantest.Asks("b", 0, 0), southbound.Withdrawn)
		c.truth["b"] = c.view.Bindings["b"]
		d := &changingDevices{devices: devices{c}, meanwhile: func() {
			c.view = plantest.Trusted(plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 0))
			c.truth["b"] = plantest.Asks("b", 0, 0)
		}}
		run(t, c.reconciler(func(cfg *Config) { cfg.Devices = d }))
		elapse(10 * time.Second)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "b" || row.UUID != "uuid-pf0vf0" || d.meanwhile != nil {
			t.Errorf("rows %v", c.rows())
		}
	})
}

// slowDevices are a card whose driver asks its firmware about each port.
type slowDevices struct{ devices }

func (d slowDevices) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	select {
	case <-time.After(5 * time.Millisecond):
		return d.devices.Confirm(ctx, r)
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

func TestConfirm_AKernelThatTakesItsTimeForEachOfManyPortsPutsNoneOffForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(1000)
		r := c.reconciler(func(cfg *Config) { cfg.Devices = slowDevices{devices{c}} })
		run(t, r)
		elapse(6 * time.Second)
		if rep := r.Report(); len(c.rows()) != 1000 || rep.Failures != 0 {
			t.Errorf("%d of 1000 rows after 6 s, %d failures", len(c.rows()), rep.Failures)
		}
	})
}

// freshSwitch refuses what was confirmed too long ago.
type freshSwitch struct {
	localSwitch
	t         *testing.T
	confirmed map[string]time.Time // by netdev
}

func (s freshSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	for _, c := range changes {
		for _, p := range c.Plug {
			if age := time.Since(s.confirmed[p.Netdev]); age > confirmFresh+10*time.Millisecond {
				s.t.Errorf("%s is plugged %v after the kernel was asked about it", p.Netdev, age)
			}
		}
	}
	return s.localSwitch.Apply(ctx, changes)
}

type notedDevices struct {
	slowDevices
	confirmed map[string]time.Time
}

func (d notedDevices) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	d.confirmed[r.Link.Name] = time.Now()
	return d.slowDevices.Confirm(ctx, r)
}

func TestConfirm_TheKernelsWordIsFreshWhenAPlugIsCommittedHoweverManyThereAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := manyPorts(300)
		confirmed := map[string]time.Time{}
		r := c.reconciler(func(cfg *Config) {
			cfg.Devices = notedDevices{slowDevices{devices{c}}, confirmed}
			cfg.Switch = freshSwitch{localSwitch{c}, t, confirmed}
		})
		run(t, r)
		elapse(6 * time.Second)
		if len(c.rows()) != 300 {
			t.Errorf("%d of 300 rows", len(c.rows()))
		}
	})
}
