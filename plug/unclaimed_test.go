package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// A reboot dealt ethN anew. The function isn't there (its host is off, or SR-IOV is), and
// its old name is that of something else, which ovs-vswitchd has open as the port.
func TestLeak_ATenantsRowDoesNotKeepWhatIsNoFunctions(t *testing.T) {
	settled := representor.Link{Name: "pf0vf0", Up: true, Settled: true}
	port := func(p devlink.Port) func(*representor.Card) {
		return func(c *representor.Card) {
			p.Handle, p.Type, p.IfIndex = testcard.Handle(), devlink.TypeEth, 3
			c.Ports, c.Links[3] = append(c.Ports, p), settled
		}
	}
	link := func(edit func(*representor.Link)) func(*representor.Card) {
		return func(c *representor.Card) {
			l := settled
			edit(&l)
			c.Links[3] = l
		}
	}
	for name, tt := range map[string]struct {
		card   func(*representor.Card)
		within time.Duration
	}{
		"the uplink": {port(devlink.Port{Index: 65535, Flavour: devlink.FlavourPhysical}), 0},
		"an SF of the DPU's own": {port(devlink.Port{
			Index: 77, Flavour: devlink.FlavourPCISF, Controller: devlink.Some(uint32(0)), PF: devlink.Some(uint16(0)), SF: devlink.Some(uint32(88)),
		}), 0},
		"a veth": {link(func(l *representor.Link) { l.Kind = "veth" }), absentGrace},
		"the management NIC": {link(func(l *representor.Link) {
			l.Parent = devlink.Handle{Bus: "platform", Device: "MLNXBF17:00"}
		}), absentGrace},
		"a NIC of which the kernel says that it has no port":           {link(func(l *representor.Link) { l.TellsPort = true }), absentGrace},
		"a NIC of which nothing is known, which ovs-vswitchd has open": {link(func(*representor.Link) {}), absentGrace},
	} {
		for absent, card := range map[string]representor.Card{
			"no devlink port":       testcard.Of(testcard.Netdev{PF: 0, VF: 9, Name: "eth9", IfIndex: 40}),
			"a port without netdev": testcard.Of(testcard.Netdev{PF: 0, VF: 0}),
		} {
			t.Run(name+", the function has "+absent, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					card.Links = map[uint32]representor.Link{}
					tt.card(&card)
					c := newCloud(representor.NewIndex(card, representor.Settings{}), plantest.Asks("a", 0, 0))
					c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 3))
					r := c.reconciler(nil)
					run(t, r)
					synctest.Wait()
					if tt.within > 0 {
						elapse(tt.within - time.Millisecond)
						if len(c.rows()) != 1 {
							t.Fatal("the row went before devlink had its time to claim the netdev")
						}
						elapse(time.Millisecond)
					}
					if rep := r.Report(); len(c.rows()) != 0 || rep.Leaks != 1 {
						t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
					}
					if s := find(t, r.Report(), "a"); s.State != plan.Pending {
						t.Errorf("the port: %+v", s)
					}
				})
			})
		}
	}
}

// Some drivers register a representor's netdev before devlink says whose it is.
func TestLeak_ANetdevThatDevlinkClaimsInTimeIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		uuid := c.rows()["pf0vf0"].UUID
		for n := range uint32(5) { // and again and again
			unclaimed := testcard.Of(testcard.Netdev{PF: 0, VF: 0})
			unclaimed.Links[20+n] = representor.Link{Name: "pf0vf0", Up: true, Settled: true}
			c.with(func() { c.index = representor.NewIndex(unclaimed, representor.Settings{}) })
			r.Poke()
			elapse(3 * time.Second)
			c.with(func() { c.index = testcard.Index(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf0", IfIndex: 20 + n}) })
			r.Poke()
			elapse(3 * time.Second)
		}
		if row := c.rows()["pf0vf0"]; row.UUID != uuid || r.Report().Leaks != 0 {
			t.Errorf("%d leaks, the row is %+v", r.Report().Leaks, row)
		}
	})
}

// One devlink instance hangs, and with it, on older kernels, the list of all ports. Names
// are fresh all the same, and what a netdev is doesn't change while it lives.
func TestLeak_IsFoundWhileDevlinkHangs(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0, Name: "pf0vf9", IfIndex: 10}, testcard.Netdev{PF: 0, VF: 2, Name: "pf0vf0", IfIndex: 12})
	card.Complete, card.LinksComplete, card.Problem = false, true, "devlink can't be read, what is shown was read before"
	c := newCloud(representor.NewIndex(card, representor.Settings{}), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))
	if rep := c.reconciler(nil).Pass(t.Context()); len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
	}
}

// The kernel finds a netdev by its alternative names, too.
func TestLeak_AnAlternativeNameIsAName(t *testing.T) {
	card := testcard.Of(testcard.Netdev{PF: 0, VF: 0}, testcard.Netdev{PF: 0, VF: 2, Name: "ens2", IfIndex: 12})
	link := card.Links[12]
	link.AltNames = "pf0vf0"
	card.Links[12] = link
	c := newCloud(representor.NewIndex(card, representor.Settings{}), plantest.Asks("a", 0, 0))
	c.actual = plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 0))
	if rep := c.reconciler(nil).Pass(t.Context()); len(c.rows()) != 0 || rep.Leaks != 1 {
		t.Errorf("%d leaks closed, rows %v", rep.Leaks, c.rows())
	}
}
