package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/representor"
)

// database is a local database that only has external_ids.
type database struct {
	mu    sync.Mutex
	view  ovs.View
	err   error
	edits []time.Time
	poke  func()
}

func (d *database) View() ovs.View {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.view
}

func (d *database) EditRoot(_ context.Context, e ovs.RootEdit) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.edits = append(d.edits, time.Now())
	switch {
	case d.err != nil:
		return d.err
	case !maps.Equal(e.Planned, d.view.ExternalIDs):
		return ovs.ErrChanged
	}
	done := Decision{Set: e.Set, Delete: e.Delete}
	d.view.ExternalIDs = done.Apply(d.view.ExternalIDs)
	return nil
}

// set is what somebody else does.
func (d *database) set(text string) {
	d.mu.Lock()
	d.view.ExternalIDs = ids(text)
	d.mu.Unlock()
	d.poke()
}

func (d *database) fail(err error) {
	d.mu.Lock()
	d.err = err
	d.mu.Unlock()
	d.poke()
}

func (d *database) options() string { return d.View().ExternalIDs[cardserial.OptionsKey] }

func (d *database) made() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.edits)
}

// slots are cards that come and go.
type slots struct {
	mu    sync.Mutex
	index *representor.Index
}

func (s *slots) Index() *representor.Index {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index
}

// have makes the cards: "03 MT1" is a host's, "03- MT1" our own machine's, "03" one
// without a number, and "?" says that the kernel can't be read as a whole.
func (s *slots) have(cards ...string) {
	c := representor.Card{Serials: map[devlink.Handle]representor.Serial{}, Complete: true}
	for _, card := range cards {
		slot, number, _ := strings.Cut(card, " ")
		if slot == "?" {
			c.Complete, c.Problem = false, "devlink can't be read"
			continue
		}
		external := !strings.HasSuffix(slot, "-")
		h := devlink.Handle{Bus: "pci", Device: "0000:" + strings.TrimSuffix(slot, "-") + ":00.0"}
		c.Ports = append(c.Ports, devlink.Port{
			Handle: h, Index: 1, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
			Controller: devlink.Some[uint32](1), External: devlink.Some(external), PF: devlink.Some[uint16](0),
		})
		c.Serials[h] = representor.Serial{Number: number, From: representor.SerialFromVPD}
		if number == "" {
			c.Serials[h] = representor.Serial{Problem: "the card has no VPD"}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index = representor.NewIndex(c, representor.Settings{})
}

// rig is a Registrar that runs in a bubble.
type rig struct {
	*Registrar
	db    *database
	cards *slots
	log   *strings.Builder
}

func (r *rig) have(cards ...string) {
	r.cards.have(cards...)
	r.Poke()
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func running(t *testing.T, change func(*Config), cards ...string) *rig {
	t.Helper()
	r := &rig{db: &database{view: ovs.View{Complete: true, ExternalIDs: map[string]string{"system-id": "dpu1"}}}, cards: &slots{},
		log: &strings.Builder{}}
	r.cards.have(cards...)
	cfg := Config{
		Switch: r.db, Devices: r.cards, Log: slog.New(slog.NewTextHandler(r.log, nil)),
		Chassis: func(m map[string]string) string { return m["system-id"] },
	}
	if change != nil {
		change(&cfg)
	}
	r.Registrar = NewRegistrar(cfg)
	r.db.poke = r.Poke
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return r
}

func want(t *testing.T, r *rig, options string) {
	t.Helper()
	if got := r.db.options(); got != options {
		t.Errorf("%s=%q, want %q\n%s", cardserial.OptionsKey, got, options, r.log)
	}
}

func TestRegistrar_ASerialNumberIsPublishedAndPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		want(t, r, "card-serial-number=MT1")
		if rep := r.Report(); !rep.Cards[0].Published || !rep.Cards[0].Ours || rep.Cards[0].Reason != nil || len(rep.Problems()) > 0 {
			t.Errorf("%+v", rep)
		}
		r.db.set("system-id=dpu1 ovn-cms-options=enable-chassis-as-gw representord-card-serial=MT1")
		pass(time.Second)
		want(t, r, "enable-chassis-as-gw,card-serial-number=MT1")
		before := r.db.made()
		pass(time.Hour)
		if n := r.db.made() - before; n > 0 {
			t.Errorf("%d edits in an hour in which nothing happened", n)
		}
	})
}

func TestRegistrar_WhoFightsForTheOptionsIsFoughtAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		for range 600 {
			r.db.set("system-id=dpu1 ovn-cms-options=x representord-card-serial=MT1")
			pass(100 * time.Millisecond)
		}
		if n := r.db.made(); n < 25 || n > 40 {
			t.Errorf("%d edits in a minute, want about 30", n)
		}
		pass(retry.Window)
		want(t, r, "x,card-serial-number=MT1")
	})
}

func TestRegistrar_ACardThatIsAwayKeepsItsEntryForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1", "04 MT2")
		r.have("03 MT1")
		pass(lostAfter - time.Second)
		want(t, r, "card-serial-number=MT1,card-serial-number=MT2")
		r.have("03 MT1", "04 MT2")
		pass(time.Second)
		r.have("03 MT1")
		pass(lostAfter - time.Second)
		want(t, r, "card-serial-number=MT1,card-serial-number=MT2")
		if stale := r.Report().Stale; len(stale) != 1 || stale[0] != "MT2" {
			t.Errorf("stale: %q", stale)
		}
		pass(2 * time.Second)
		want(t, r, "card-serial-number=MT1")
	})
}

func TestRegistrar_AKernelThatCantBeReadIsNoReasonToWithdraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		r.have("?")
		pass(24 * time.Hour)
		want(t, r, "card-serial-number=MT1")
		r.have()
		pass(lostAfter + time.Second)
		want(t, r, "")
	})
}

func TestRegistrar_ACardThatWasReplacedIsReplacedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		r.have("03 MT9")
		pass(time.Millisecond)
		want(t, r, "card-serial-number=MT9")
	})
}

func TestRegistrar_WhatIsNotPublishedIsSaid(t *testing.T) {
	for _, c := range []struct {
		card    string
		code    reason.Code
		problem string // in the status, empty for none
	}{
		{"03 N/A", "serial-placeholder", `the serial number "N/A" of pci/0000:03:00.0 (the card's VPD) is not published: it is a placeholder`},
		{"03 00000000", "serial-placeholder", "placeholder"},
		{"03 A,B", "serial-malformed", "comma"},
		{"03 A B", "serial-malformed", "white space"},
		{"03 A\x01", "serial-malformed", `\x01`},
		{"03", reason.CodeSerialUnknown, "isn't known: the card has no VPD"},
		{"03- MT1", CodeNotHostFacing, ""},
	} {
		t.Run(fmt.Sprintf("%q", c.card), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := running(t, nil, c.card)
				pass(time.Minute)
				want(t, r, "")
				if r.db.made() > 0 {
					t.Error("something was written")
				}
				rep := r.Report()
				problems := strings.Join(rep.Problems(), "\n")
				if rep.Cards[0].Published || rep.Cards[0].Reason == nil || rep.Cards[0].Reason.Code != c.code ||
					!strings.Contains(problems, c.problem) || (problems == "") != (c.problem == "") {
					t.Errorf("%+v\nproblems: %s", rep.Cards[0].Reason, problems)
				}
				if n := strings.Count(r.log.String(), "level="); (n == 1) != (c.problem != "") {
					t.Errorf("it was logged %d times:\n%s", n, r.log)
				}
			})
		})
	}
}

func TestRegistrar_OneCardThatIsRefusedDoesNotKeepTheOtherFromBeingPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 N/A", "04 MT2", "05- MT3")
		want(t, r, "card-serial-number=MT2")
	})
}

func TestRegistrar_ADryRunAndTheSettingOffWriteNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, func(c *Config) { c.DryRun = true }, "03 MT1")
		pass(time.Hour)
		if n := strings.Count(r.log.String(), "would publish"); r.db.made() > 0 || n != 1 {
			t.Errorf("%d edits, told %d times\n%s", r.db.made(), n, r.log)
		}
		r = running(t, func(c *Config) { c.Off = true }, "03 MT1")
		r.db.set("system-id=dpu1 ovn-cms-options=card-serial-number=OLD representord-card-serial=OLD")
		pass(time.Hour)
		if rep := r.Report(); r.db.made() > 0 || rep.Cards[0].Reason == nil || rep.Cards[0].Reason.Code != CodeOff || len(rep.Problems()) > 0 {
			t.Errorf("%d edits, %+v", r.db.made(), rep)
		}
	})
}

func TestRegistrar_AnEditThatFailsIsSaidAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil)
		r.db.fail(errors.New("I/O error"))
		r.have("03 MT1")
		pass(10 * time.Minute)
		rep := r.Report()
		if n := r.db.made(); n < 15 || n > 60 {
			t.Errorf("%d tries in ten minutes", n)
		}
		if p := strings.Join(rep.Problems(), "\n"); !strings.Contains(p, "I/O error") || rep.Cards[0].Reason.Code != CodeWaiting {
			t.Errorf("%+v\n%s", rep, p)
		}
		r.db.fail(nil)
		pass(time.Minute)
		want(t, r, "card-serial-number=MT1")
		if p := r.Report().Problems(); len(p) > 0 {
			t.Errorf("still a problem: %q", p)
		}
	})
}

func TestRegistrar_AnEntryOfACardThatIsNotHereIsAProblemForTheOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		r.db.set("system-id=dpu1 ovn-cms-options=card-serial-number=THEIRS")
		pass(time.Second)
		want(t, r, "card-serial-number=THEIRS,card-serial-number=MT1")
		if p := strings.Join(r.Report().Problems(), "\n"); !strings.Contains(p, `"THEIRS"`) {
			t.Errorf("problems: %s", p)
		}
		r.have("03")
		pass(time.Second)
		if f := r.Report().Foreign; len(f) > 0 {
			t.Errorf("%q is taken for another card's while ours hasn't told its number", f)
		}
	})
}

func TestWithdraw_TakesBackWhatWasPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := running(t, nil, "03 MT1")
		cleaner := NewRegistrar(Config{Switch: r.db, Devices: r.cards, Log: slog.New(slog.DiscardHandler),
			Chassis: func(map[string]string) string { return "dpu1" }})
		d, err := cleaner.Withdraw(t.Context())
		if err != nil || len(d.Removed) != 1 || d.Removed[0] != "MT1" {
			t.Errorf("%+v, %v", d, err)
		}
		if ids := r.db.View().ExternalIDs; len(ids) != 1 {
			t.Errorf("external_ids are %v", ids)
		}
	})
}
