package plug

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

func TestMaster_ANetdevOfALinuxBridgeIsPluggedOnceItIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.Bridged()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		elapse(10 * time.Minute)
		if s := find(t, r.Report(), "a"); s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeNetdevHasMaster || c.applied != 0 {
			t.Fatalf("%d changes, %+v", c.applied, s)
		}
		c.with(func() { c.index = testcard.Index(testcard.OneVF()) })
		r.Poke()
		synctest.Wait()
		if s := find(t, r.Report(), "a"); s.State != plan.Plugged {
			t.Errorf("free: %+v", s)
		}
	})
}

func TestMaster_ARowIsNotCutForItAndIsOpenedAsSoonAsTheNetdevIsFree(t *testing.T) {
	busy := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	busy.Ofport, busy.Error = -1, "could not add network device pf0vf0 to ofproto (Device or resource busy)"
	kept := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	kept.Ofport = 7 // from before a boot
	for name, row := range map[string]ovs.Interface{"ovs-vswitchd can't open it": busy, "ovs-vswitchd hasn't opened it": kept} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(testcard.Index(testcard.Bridged()), plantest.Asks("a", 0, 0))
				c.actual = plantest.BridgeWith(row)
				r := c.reconciler(nil)
				run(t, r)
				elapse(10 * time.Minute)
				s := find(t, r.Report(), "a")
				if s.State != plan.Pending || reason.CodeOf(s.Reason) != reason.CodeNetdevHasMaster || c.rows()["pf0vf0"].UUID != row.UUID ||
					c.rows()["pf0vf0"].IfaceID != "a" {
					t.Fatalf("the row is %+v, the port %+v", c.rows()["pf0vf0"], s)
				}
				if c.applied != 0 {
					t.Errorf("%d changes while it isn't free", c.applied)
				}
				c.with(func() { c.index = testcard.Index(testcard.OneVF()) })
				r.Poke()
				synctest.Wait()
				if c.rows()["pf0vf0"].UUID != row.UUID || row.Ofport < 0 && c.applied != 1 {
					t.Errorf("free: %d changes, want one that lets ovs-vswitchd try again; the row is %+v", c.applied, c.rows()["pf0vf0"])
				}
			})
		})
	}
}

// What the card shows may be older than what ovs-vswitchd says, or newer.
func TestMaster_ARowThatIsOpenStaysPluggedAndWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		before := c.rows()["pf0vf0"]
		c.with(func() { c.index = testcard.Index(testcard.Bridged()) })
		r.Poke()
		elapse(10 * time.Minute)
		s := find(t, r.Report(), "a")
		if s.State != plan.Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != reason.CodeNetdevHasMaster || c.rows()["pf0vf0"] != before {
			t.Errorf("%+v, with the row %+v", s, c.rows()["pf0vf0"])
		}
	})
}

func TestMaster_TheLinkOfANetdevThatSomethingElseHasIsNotSetUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := testcard.Bridged()
		d.Down = true
		c := newCloud(testcard.Index(d), plantest.Asks("a", 0, 0))
		row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
		row.Ofport = -1
		c.actual = plantest.BridgeWith(row)
		run(t, c.reconciler(nil))
		elapse(time.Minute)
		if len(c.up) != 0 {
			t.Errorf("set up: %v", c.up)
		}
	})
}

func TestMaster_ARowIsPutBackWhenSomebodyEditsIt(t *testing.T) {
	c := newCloud(testcard.Index(testcard.Bridged()), plantest.Asks("a", 0, 0))
	row := plantest.OurRow("a", "pf0vf0", 0, 0, 0)
	row.IfaceID, row.Ofport = "edited", -1
	c.actual = plantest.BridgeWith(row)
	c.reconciler(nil).Pass(t.Context())
	if got := c.rows()["pf0vf0"]; got.IfaceID != "a" || got.UUID != row.UUID {
		t.Errorf("the row is %+v", got)
	}
}
