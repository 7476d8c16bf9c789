package plug

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// count is how many lines have a text.
func (j *journal) count(text string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// operated is a cloud with one plugged port whose link is up, and an operator at work.
type operated struct {
	*cloud
	r   *Reconciler
	log *journal
}

func operate(t *testing.T, edit func(*Config)) operated {
	t.Helper()
	o := operated{cloud: newCloud(testcard.Index(testcard.OneVF()), plantest.Asks("a", 0, 0)), log: &journal{}}
	o.r = o.reconciler(func(cfg *Config) {
		cfg.Log = slog.New(slog.NewTextHandler(o.log, nil))
		if edit != nil {
			edit(cfg)
		}
	})
	run(t, o.r)
	synctest.Wait()
	return o
}

// shows lets the card show the port's netdev so.
func (o operated) shows(edit func(*testcard.Netdev)) {
	d := testcard.OneVF()
	edit(&d)
	o.with(func() { o.index = testcard.Index(d) })
	o.r.Poke()
	synctest.Wait()
}

func (o operated) ups() (up []uint32) {
	o.with(func() { up = slices.Clone(o.up) })
	return up
}

func takenDown(d *testcard.Netdev) { d.Down = true }

func TestLink_ThatSomebodyTookDownIsLeftAloneForSomeSecondsAndThenSetUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.shows(takenDown)
		elapse(defaultLinkGrace - time.Millisecond)
		if up := o.ups(); len(up) != 0 {
			t.Fatalf("set up while somebody is at work on it: %v", up)
		}
		if n := o.log.count("was taken down"); n != 1 {
			t.Errorf("that it was taken down is logged %d times", n)
		}
		elapse(time.Millisecond)
		if up := o.ups(); !slices.Equal(up, []uint32{10}) {
			t.Fatalf("set up: %v, want ifindex 10", up)
		}
		if n := o.log.count("link set up again"); n != 1 {
			t.Errorf("that it is set up again is logged %d times", n)
		}
	})
}

func TestLink_ThatIsTakenDownForARenameFollowsTheNameAndIsLeftAloneOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.shows(takenDown)
		elapse(2 * time.Second)
		o.shows(func(d *testcard.Netdev) { d.Down, d.Name = true, "rep0" })
		if row := o.rows()["rep0"]; row.IfaceID != "a" {
			t.Fatalf("the row doesn't follow the rename: %+v", o.rows())
		}
		elapse(time.Second)
		if up := o.ups(); len(up) != 0 {
			t.Fatalf("set up under the operator's hands: %v", up)
		}
		o.shows(func(d *testcard.Netdev) { d.Name = "rep0" })
		elapse(time.Minute)
		if up := o.ups(); len(up) != 0 {
			t.Errorf("the operator set it up, and so did we: %v", up)
		}
	})
}

func TestLink_ThatWasUpBeforeItsPortIsPluggedIsLeftAloneToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.with(func() { o.view, o.actual = plantest.Trusted(), plantest.BridgeWith() })
		o.shows(takenDown)
		o.with(func() { o.view = plantest.Trusted(plantest.Asks("a", 0, 0)) })
		o.r.Poke()
		elapse(time.Second)
		if up := o.ups(); len(up) != 0 || o.rows()["pf0vf0"].IfaceID != "a" {
			t.Errorf("set up: %v; rows %+v", up, o.rows())
		}
	})
}

func TestLink_OfANetdevThatIsNewIsSetUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.shows(func(d *testcard.Netdev) { d.IfIndex = 0 })
		o.shows(func(d *testcard.Netdev) { d.IfIndex, d.Down = 99, true })
		if up := o.ups(); !slices.Equal(up, []uint32{99}) {
			t.Errorf("set up: %v, want ifindex 99", up)
		}
		if n := o.log.count("was taken down"); n != 0 {
			t.Errorf("a netdev that is down since it appeared is said to have been taken down")
		}
	})
}

func TestLink_IsSetUpOnceAndSaidSoOnceThoughTheCardShowsItLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.shows(func(d *testcard.Netdev) { d.IfIndex, d.Down = 99, true })
		for range 5 {
			o.shows(func(d *testcard.Netdev) { d.IfIndex, d.Down = 99, true }) // a list that is older than what was done
			elapse(10 * time.Millisecond)
		}
		o.shows(func(d *testcard.Netdev) { d.IfIndex = 99 })
		elapse(time.Minute)
		if up, n := o.ups(), o.log.count("link set up"); len(up) != 1 || n != 1 {
			t.Errorf("set up %d times, and logged %d times", len(up), n)
		}
	})
}

func TestLink_ThatIsTakenDownAgainAndAgainIsSaidSoEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		for range 3 {
			o.shows(takenDown)
			elapse(defaultLinkGrace)
			o.shows(func(*testcard.Netdev) {})
		}
		if up, n := o.ups(), o.log.count("was taken down"); len(up) != 3 || n != 3 {
			t.Errorf("set up %d times, said to be down %d times", len(up), n)
		}
	})
}

func TestLink_WithoutAGraceIsSetUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, func(cfg *Config) { cfg.LinkGrace = -1 })
		o.shows(takenDown)
		if up := o.ups(); !slices.Equal(up, []uint32{10}) {
			t.Errorf("set up: %v", up)
		}
	})
}

func TestLink_OfACardThatCannotBeReadForAMomentIsRememberedToHaveBeenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := operate(t, nil)
		o.with(func() {
			o.index = representor.NewIndex(representor.Card{Problem: "interrupted"}, representor.Settings{})
		})
		o.r.Poke()
		synctest.Wait()
		o.shows(takenDown)
		if up := o.ups(); len(up) != 0 {
			t.Errorf("set up: %v", up)
		}
	})
}
