package plug

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn"
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
		stay []ovn.Binding
	}{
		"a grace": {func(cfg *Config) { cfg.Grace = 2300 * time.Millisecond }, []ovn.Binding{asks("b", 0, 1), asks("c", 0, 2), asks("d", 1, 0)}},
		"a hold":  {func(cfg *Config) { cfg.MassUnplugHold = 2300 * time.Millisecond }, []ovn.Binding{asks("d", 1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := netdev{pf: 1, vf: 0, name: "pf1vf0", ifindex: 99, down: true}
				c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11},
					netdev{pf: 0, vf: 2, name: "pf0vf2", ifindex: 12}, down),
					asks("a", 0, 0), asks("b", 0, 1), asks("c", 0, 2), asks("d", 1, 0))
				r := c.reconciler(func(cfg *Config) {
					cfg.Devices, cfg.Audit = laboriousDevices{devices{c}}, time.Hour
					tt.edit(cfg)
				})
				run(t, r)
				elapse(10 * time.Second)
				c.with(func() {
					c.view, c.truth = trusted(tt.stay...), map[string]ovn.Binding{}
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
	southbound
	looks int
}

func (s *stallingSouthbound) View() ovn.View {
	s.looks++
	if s.looks == 4 { // a plan looks, and so does what may have to be asked
		<-time.After(2 * reopenDelay)
	}
	return s.southbound.View()
}

func TestDue_ARowThatHadToStayAwayComesBackThoughThePassThatRemovedItTookLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), asks("a", 0, 0))
		leaking := ourRow("a", "pf0vf0", 0, 0, 11) // VF 1's netdev is open under it
		c.actual = bridgeWith(leaking)
		run(t, c.reconciler(func(cfg *Config) {
			cfg.Southbound, cfg.Audit = &stallingSouthbound{southbound: southbound{c}}, time.Hour
		}))
		elapse(10 * time.Second)
		if row := c.rows()["pf0vf0"]; row.IfaceID != "a" || row.UUID == leaking.UUID {
			t.Errorf("the row is %+v", row)
		}
	})
}
