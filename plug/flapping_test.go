package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The kernel interrupts every other list of a card on which much happens.
func TestLasting_WhatCannotBeReadForAMomentStartsNoTimeAnew(t *testing.T) {
	veth := testcard.Of(testcard.Netdev{PF: 0, VF: 9, Name: "eth9", IfIndex: 40})
	veth.Links[3] = representor.Link{Name: "pf0vf0", Up: true, Settled: true, Kind: "veth"}
	for name, tt := range map[string]struct {
		card    representor.Card
		ifindex uint32
	}{"a function that is away": {testcard.Of(), 0}, "a netdev of nobody's": {veth, 3}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
				r := c.reconciler(nil)
				run(t, r)
				synctest.Wait()
				torn := tt.card
				torn.Complete, torn.Problem = false, "interrupted"
				for range 10 {
					for _, card := range []representor.Card{tt.card, torn} {
						c.with(func() {
							row := c.actual.Interfaces["pf0vf0"]
							row.IfIndex = tt.ifindex
							if row.UUID != "" {
								c.actual = plantest.BridgeWith(row)
							}
							c.index = representor.NewIndex(card, representor.Settings{})
						})
						r.Poke()
						elapse(2 * time.Second)
					}
				}
				if row := c.rows()["pf0vf0"]; row.IfaceID != "" {
					t.Errorf("after 40 s the row still has its name: %+v", row)
				}
			})
		})
	}
}
