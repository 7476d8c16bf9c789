package plug

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
)

// changingSwitch lets something happen between the plan and what it plans.
type changingSwitch struct {
	localSwitch
	meanwhile func()
}

func (s *changingSwitch) Apply(ctx context.Context, changes []ovs.Change) []error {
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		s.with(f)
	}
	return s.localSwitch.Apply(ctx, changes)
}

func TestPass_ANetdevThatIsRenamedInTheMiddleIsNotLeftUnderAnothersName(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() { c.index = swapped() }}
	rep := c.reconciler(func(cfg *Config) { cfg.Switch = s }).Pass(t.Context())
	if st := find(t, rep, "a"); st.State != plan.Plugged || st.Netdev != "ens1" || len(c.rows()) != 1 || rep.Leaks != 1 {
		t.Errorf("%+v with %v, %d leaks", st, c.rows(), rep.Leaks)
	}
}

func TestPass_ARowThatIsEditedInTheMiddleIsPlannedOnAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
		c.actual = plantest.BridgeWith(plantest.OurRow("a", "old", 0, 0, 19))
		s := &changingSwitch{localSwitch: localSwitch{c}, meanwhile: func() {
			r := plantest.OurRow("b", "old", 0, 7, 19) // the operator gave it to another port
			c.actual = plantest.BridgeWith(r)
		}}
		r := c.reconciler(func(cfg *Config) { cfg.Switch = s })
		run(t, r)
		elapse(time.Minute)
		rows := c.rows()
		if st := find(t, r.Report(), "a"); st.State != plan.Plugged || len(rows) != 1 || rows["pf0vf0"].IfaceID != "a" {
			t.Errorf("%+v with %v", st, rows)
		}
	})
}

func TestVerify_TheSouthboundsAnswerCountsMoreThanTheViewThatChangedMeanwhile(t *testing.T) {
	c := newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0))
	r := c.reconciler(nil)
	r.Pass(t.Context())
	c.view = plantest.Trusted() // the view lost it, the server still has it
	c.refusePlugs = errors.New("not to be plugged again")
	rep := r.Pass(t.Context())
	if s := find(t, rep, "a"); s.State != plan.Plugged || len(rep.Planned) != 0 {
		t.Errorf("%+v after %v", s, rep.Planned)
	}
}
