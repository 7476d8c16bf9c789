package plug

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/ovn"
	"github.com/representord/representord/representor"
)

func TestARowIsReportedForAsLongAsItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() {
			c.refuse["a"] = errors.New("disk full")
			c.view, c.truth = trusted(), map[string]ovn.Binding{}
		})
		r.Poke()
		elapse(10 * time.Minute)
		rep := r.Report()
		s := find(t, rep, "a")
		if s.State != Held || codeOf(s.Reason) != representor.CodeTransactionFailed || !strings.Contains(s.Reason.Message, "disk full") {
			t.Errorf("a removal that is refused: %+v", s)
		}
		if rep.Failures < 10 || rep.Failures > 60 {
			t.Errorf("%d tries in 10 minutes", rep.Failures)
		}
		c.with(func() { delete(c.refuse, "a") })
		elapse(time.Minute)
		if rep := r.Report(); len(rep.Ports) != 0 || len(c.rows()) != 0 {
			t.Errorf("once it can be removed: %+v", rep.Ports)
		}
	})
}

func TestALeakThatCanNotBeRemovedIsTheReasonOfItsPort(t *testing.T) {
	c := newCloud(indexOf(netdev{pf: 0, vf: 0}, netdev{pf: 0, vf: 1, name: "pf0vf0", ifindex: 11}), asks("a", 0, 0))
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))
	c.refuse["a"] = errors.New("disk full")
	if s := find(t, c.reconciler(nil).Pass(t.Context()), "a"); s.State != Pending || codeOf(s.Reason) != representor.CodeTransactionFailed {
		t.Errorf("%+v", s)
	}
}

func TestASecondRowThatCanNotBeRemovedIsAWarningOnAPluggedPort(t *testing.T) {
	c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
	c.actual = bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10), ourRow("a", "pf0vf9", 0, 9, 19))
	c.refuse["a"] = errors.New("disk full")
	s := find(t, c.reconciler(nil).Pass(t.Context()), "a")
	if s.State != Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != representor.CodeTransactionFailed {
		t.Errorf("%+v", s)
	}
}

func TestWhatWasRefusedIsForgottenWhenItIsNoLongerDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexOf(oneVF()), asks("a", 0, 0))
		c.refuse["a"] = errors.New("constraint violation")
		r := c.reconciler(nil)
		run(t, r)
		synctest.Wait()
		c.with(func() { c.view, c.truth = trusted(), map[string]ovn.Binding{} })
		r.Poke()
		elapse(2 * time.Minute)
		if n := len(r.pace.ports); n != 0 {
			t.Errorf("%d ports are remembered", n)
		}
	})
}
