package plug

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// kernelDatapath is what the kernel's datapath forwards, by ifindex.
type kernelDatapath struct {
	mu    sync.Mutex
	has   map[uint32]bool
	fails int // so many times
	takes time.Duration
	asked int
}

// oneByOne makes a Config.Detach of what takes one netdev out.
func oneByOne(detach func(ctx context.Context, ifindex uint32, name string, force bool) (bool, error)) func(context.Context,
	[]Stray) ([]bool, error) {
	return func(ctx context.Context, netdevs []Stray) (gone []bool, err error) {
		for _, n := range netdevs {
			was, err := detach(ctx, n.IfIndex, n.Name, n.Force)
			if err != nil {
				return gone, err
			}
			gone = append(gone, was)
		}
		return gone, nil
	}
}

func (k *kernelDatapath) detach(ctx context.Context, ifindex uint32, _ string, force bool) (bool, error) {
	select {
	case <-ctx.Done():
		return false, fmt.Errorf("listing vports: %w", ctx.Err())
	case <-time.After(k.takes):
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	if k.fails > 0 {
		k.fails--
		return false, errors.New("no answer")
	}
	was := k.has[ifindex] && force
	if was {
		delete(k.has, ifindex)
	}
	return was, nil
}

// holds reports whether the datapath forwards a netdev still.
func (k *kernelDatapath) holds(ifindex uint32) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.has[ifindex]
}

// ovs-vswitchd hangs: the row of a leak goes, and the netdev stays in the datapath.
func TestLetGo_ADatapathThatKeepsALeaksNetdevLosesItAfterASecond(t *testing.T) {
	for name, fails := range map[string]int{"at once": 0, "though the kernel fails at first": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
				k := &kernelDatapath{has: map[uint32]bool{10: true}, fails: fails}
				r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
				run(t, r)
				synctest.Wait()
				c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 10}) })
				r.Poke()
				elapse(letGoAfter - time.Millisecond)
				if len(c.rows()) != 0 || !k.holds(10) {
					t.Fatalf("rows %v; the datapath has it: %v", c.rows(), k.holds(10))
				}
				elapse(time.Duration(1+fails) * letGoAfter)
				if k.holds(10) {
					t.Error("the kernel still forwards what the row had open")
				}
			})
		})
	}
}

func TestLetGo_ANetdevThatARowHasOpenByThenIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}), plantest.Asks("a", 0, 0),
			plantest.Asks("b", 0, 1))
		k := &kernelDatapath{has: map[uint32]bool{10: true, 11: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf1", IfIndex: 10},
				testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf0", IfIndex: 11})
		})
		r.Poke()
		elapse(10 * letGoAfter)
		if !k.holds(10) || !k.holds(11) || len(c.rows()) != 2 {
			t.Errorf("the datapath has %v, rows %v", k.has, c.rows())
		}
	})
}

// What the database says of a row may be older than what ovs-vswitchd did: it opens a row
// for whatever has its name.
func TestLetGo_ANetdevThatOVSVswitchdOpenedWithoutHavingSaidSoIsNoted(t *testing.T) {
	for name, ifindex := range map[string]uint32{"it says nothing": 0, "it says the one before": 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 77}), plantest.Asks("a", 0, 0))
				row := plantest.OurRow("a", "pf0vf0", 0, 0, ifindex)
				row.Ofport = 5
				c.actual = plantest.BridgeWith(row)
				k := &kernelDatapath{has: map[uint32]bool{77: true}}
				run(t, c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) }))
				elapse(3 * letGoAfter)
				if k.holds(77) || len(c.rows()) != 0 {
					t.Errorf("the datapath has it: %v; rows %v", k.holds(77), c.rows())
				}
			})
		})
	}
}

// ovs-vswitchd hangs while a row is removed for another reason than a leak.
func TestLetGo_WhatAPortHasNoMoreIsLetGoAndWhatItKeepsIsNot(t *testing.T) {
	const own, veth = 10, 55
	renamed := testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: own}
	for name, tt := range map[string]struct {
		said     uint32   // to be open under a's row, which is for VF 0; 0 for nothing
		has      []uint32 // what the datapath has
		index    *representor.Index
		asks     []southbound.Binding
		forwards []uint32
	}{
		"its port is gone": {own, []uint32{own}, testcard.Index(testcard.OneVF()), nil, nil},
		"its port is gone, and it isn't said to be open yet": {0, []uint32{own}, testcard.Index(testcard.OneVF()), nil, nil},
		"its function is another port's": {own, []uint32{own}, testcard.Index(testcard.OneVF()),
			[]southbound.Binding{plantest.Asks("b", 0, 0)}, nil},
		"it follows its function, which it has open": {own, []uint32{own}, testcard.Index(renamed),
			[]southbound.Binding{plantest.Asks("a", 0, 0)}, []uint32{own}},
		"it follows its function, and has what nobody claims": {
			veth, []uint32{veth}, withVeth(renamed, veth), []southbound.Binding{plantest.Asks("a", 0, 0)}, nil,
		},
		"it follows its function, has what nobody claims, and is said to have its own": {
			own, []uint32{own, veth}, withVeth(renamed, veth), []southbound.Binding{plantest.Asks("a", 0, 0)}, []uint32{own},
		},
		"it follows its function, has what nobody claims, and is said to have nothing": {
			0, []uint32{veth}, withVeth(renamed, veth), []southbound.Binding{plantest.Asks("a", 0, 0)}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(tt.index, tt.asks...)
				row := plantest.OurRow("a", "pf0vf0", 0, 0, tt.said)
				if tt.said == 0 {
					row.Ofport = -1
				}
				c.actual = plantest.BridgeWith(row)
				k := &kernelDatapath{has: map[uint32]bool{}}
				for _, ifindex := range tt.has {
					k.has[ifindex] = true
				}
				s := &hungSwitch{localSwitch{c}}
				run(t, c.reconciler(func(cfg *Config) { cfg.Detach, cfg.Switch = oneByOne(k.detach), s }))
				elapse(3 * letGoAfter)
				if got := slices.Sorted(maps.Keys(k.has)); !slices.Equal(got, tt.forwards) {
					t.Errorf("the datapath forwards %v, want %v; rows %v", got, tt.forwards, c.rows())
				}
			})
		})
	}
}

// The names of many netdevs are dealt anew, and ovs-vswitchd hangs with all of them open:
// the kernel takes its time for each, and what it still forwards comes before what is to
// be plugged.
func TestLetGo_OfManyIsNotInterruptedByWhatIsToBePlugged(t *testing.T) {
	const n, each = 100, 34 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		var asked []southbound.Binding
		var netdevs []testcard.Netdev
		k := &kernelDatapath{has: map[uint32]bool{}, takes: each}
		var rows []ovs.Interface
		for vf := range n {
			name := fmt.Sprint("n", vf)
			asked = append(asked, plantest.Asks(name, 0, vf))
			netdevs = append(netdevs, testcard.Netdev{PF: 0, VF: (vf + 1) % n, Name: name, IfIndex: uint32(100 + vf)})
			rows = append(rows, plantest.OurRow(name, name, 0, vf, uint32(100+vf)))
			k.has[uint32(100+vf)] = true
		}
		c := newCloud(testcard.Index(netdevs...), asked...)
		c.actual = plantest.BridgeWith(rows...)
		s := &hungSwitch{localSwitch{c}}
		run(t, c.reconciler(func(cfg *Config) { cfg.Detach, cfg.Switch = oneByOne(k.detach), s }))
		elapse(letGoAfter + n*each + detachWait)
		if len(k.has) > 0 {
			t.Errorf("%d of %d netdevs are still forwarded", len(k.has), n)
		}
		elapse(time.Minute)
		if got := len(c.rows()); got != n {
			t.Errorf("%d rows afterwards, want %d", got, n)
		}
	})
}

// withVeth is a card whose VF has one netdev, and a veth the VF's old name.
func withVeth(d testcard.Netdev, ifindex uint32) *representor.Index {
	card := testcard.Of(d)
	card.Links[ifindex] = representor.Link{Name: "pf0vf0", Up: true, Settled: true, Kind: "veth"}
	return representor.NewIndex(card, representor.Settings{})
}

// hungSwitch is one whose ovs-vswitchd opens nothing that is new.
type hungSwitch struct{ localSwitch }

func (s *hungSwitch) View() ovs.View {
	v := s.localSwitch.View()
	v.Interfaces = maps.Clone(v.Interfaces)
	for name, r := range v.Interfaces {
		if strings.HasPrefix(r.UUID, "new-") {
			r.Ofport, r.IfIndex = 0, 0
			v.Interfaces[name] = r
		}
	}
	return v
}

// The card can't be read for a moment in which names are dealt anew: what ovs-vswitchd
// opened under the row is not what is known to have its name.
func TestLetGo_WhatHasTheNameOfARemovedRowWhenTheCardIsReadAgainIsLetGoToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, blind := testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 77}, testcard.Of(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0",
			IfIndex: 77})
		blind.Complete, blind.LinksComplete = false, false
		c := newCloud(testcard.Index(old), plantest.Asks("a", 0, 0))
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
		row.Ofport = 0
		c.actual = plantest.BridgeWith(row)
		k := &kernelDatapath{has: map[uint32]bool{78: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach = oneByOne(k.detach) })
		run(t, r)
		synctest.Wait()
		if len(c.rows()) != 0 {
			t.Fatalf("rows %v", c.rows())
		}
		c.with(func() { c.index = representor.NewIndex(blind, representor.Settings{}) })
		r.Poke()
		elapse(3 * letGoAfter)
		c.with(func() {
			c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf1", IfIndex: 77},
				testcard.Netdev{PF: 0, VF: 8, Name: "pf0vf0", IfIndex: 78})
		})
		r.Poke()
		elapse(2 * letGoAfter)
		if k.holds(78) {
			t.Error("the kernel still forwards what ovs-vswitchd opened under the row's name")
		}
		if len(r.letGo.rows)+len(r.letGo.netdevs) != 0 {
			t.Errorf("%+v is remembered", r.letGo)
		}
	})
}

// What a port keeps is plugged anew for it by the plan. If it never is, and ovs-vswitchd hangs,
// nobody's flows may go on to be the machine's.
func TestLetGo_WhatIsKeptForAPlugThatIsNeverMadeIsLetGoToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		k := &kernelDatapath{has: map[uint32]bool{10: true}}
		r := c.reconciler(func(cfg *Config) { cfg.Detach, cfg.Switch = oneByOne(k.detach), headless{localSwitch{c}} })
		run(t, r)
		synctest.Wait()
		leaks := testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "ens1", IfIndex: 10},
			testcard.Netdev{PF: 0, VF: 7, Name: "pf0vf0", IfIndex: 20})
		c.with(func() { c.index, c.refusePlugs = leaks, errors.New("constraint violation") })
		r.Poke()
		elapse(letGoAfter / 2)
		if !k.holds(10) || len(c.rows()) != 0 {
			t.Errorf("the kernel forwards: %t; %+v", k.holds(10), c.rows())
		}
		elapse(2 * letGoAfter)
		if k.holds(10) {
			t.Error("the kernel forwards still, and there is no row")
		}
	})
}
