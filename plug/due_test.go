package plug

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
)

// laboriousDevices take a while to set a link up, which never helps.
type laboriousDevices struct{ devices }

func (d laboriousDevices) LinkUp(ctx context.Context, ifindex uint32) error {
	<-time.After(900 * time.Millisecond)
	return d.devices.LinkUp(ctx, ifindex)
}

// A hold, or a grace, may end while a pass is at work on something else.
func TestDue_WhatFallsDueInTheMiddleOfAPassIsDoneAfterIt(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*Config)
		stay []southbound.Binding
	}{
		"a grace": {func(cfg *Config) { cfg.Grace = 2300 * time.Millisecond },
			[]southbound.Binding{plantest.Asks("b", 0, 1), plantest.Asks("c", 0, 2), plantest.Asks("d", 1, 0)}},
		"a hold": {func(cfg *Config) { cfg.MassUnplugHold = 2300 * time.Millisecond }, []southbound.Binding{plantest.Asks("d", 1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := testcard.Netdev{PF: 1, VF: 0, Name: "pf1vf0", IfIndex: 99, Down: true}
				c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11},
					testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf2", IfIndex: 12}, down),
					plantest.Asks("a", 0, 0), plantest.Asks("b", 0, 1), plantest.Asks("c", 0, 2), plantest.Asks("d", 1, 0))
				r := c.reconciler(func(cfg *Config) {
					cfg.Devices, cfg.Audit = laboriousDevices{devices{c}}, time.Hour
					tt.edit(cfg)
				})
				run(t, r)
				elapse(10 * time.Second)
				c.with(func() {
					c.view, c.truth = plantest.Trusted(tt.stay...), map[string]southbound.Binding{}
					for _, b := range tt.stay {
						c.truth[b.LogicalPort] = b
					}
				})
				r.Poke()
				elapse(time.Second)
				r.Poke() // a pass that is at work when the time is over
				elapse(20 * time.Second)
				if n := len(c.rows()); n != len(tt.stay) {
					t.Errorf("%d rows are left, want %d", n, len(tt.stay))
				}
			})
		})
	}
}

// stallingSouthbound holds a pass up, as a busy machine does, in its second round: between
// what it changes and what it remembers.
type stallingSouthbound struct {
	fakeSouthbound
	looks int
}

func (s *stallingSouthbound) View() southbound.View {
	s.looks++
	if s.looks == 4 { // a plan looks, and so does what may have to be asked
		<-time.After(2 * reopenDelay)
	}
	return s.fakeSouthbound.View()
}

func TestDue_ARowThatHadToStayAwayComesBackThoughThePassThatRemovedItTookLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0))
		leaking := plantest.OurRow("a", "pf0vf0", 0, 0, 11) // VF 1's netdev is open under it
		c.actual = plantest.BridgeWith(leaking)
		run(t, c.reconciler(func(cfg *Config) {
			cfg.Southbound, cfg.Audit = &stallingSouthbound{fakeSouthbound: fakeSouthbound{c}}, time.Hour
		}))
		elapse(10 * time.Second)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.UUID == leaking.UUID {
			t.Errorf("the row is %+v", row)
		}
	})
}
