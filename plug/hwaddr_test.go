package plug

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// functions are the card's, in a cloud: they take addresses, and tell them if told to.
type functions struct {
	*cloud
	tells bool
	err   error
	set   []string
}

func (f *functions) SetHWAddr(_ context.Context, r representor.Representor, mac representor.MAC) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = append(f.set, r.Function.String()+" "+mac.String())
	if f.err == nil && f.tells {
		f.index = testcard.IndexWithAddress(mac)
	}
	return f.err
}

func TestProgramHWAddr_AFunctionGetsTheAddressOfItsLogicalPortOnceAndOnlyIfThatIsWanted(t *testing.T) {
	for name, tt := range map[string]struct {
		off, tells bool
		have, want representor.MAC
		times      int
	}{
		"it has none, and tells the new one":         {false, true, representor.MAC{}, plantest.PortMAC(), 1},
		"it has another, and the driver never tells": {false, false, representor.MAC{2, 0, 0, 0, 0, 9}, plantest.PortMAC(), 1},
		"it has it":                                 {false, true, plantest.PortMAC(), plantest.PortMAC(), 0},
		"the logical port has none, or several":     {false, true, representor.MAC{2, 0, 0, 0, 0, 9}, representor.MAC{}, 0},
		"nobody asked for that: the setting is off": {true, true, representor.MAC{}, plantest.PortMAC(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(testcard.IndexWithAddress(tt.have), plantest.Addressed(tt.want))
			f := &functions{cloud: c, tells: tt.tells}
			r := c.reconciler(func(cfg *Config) {
				if !tt.off {
					cfg.SetHWAddr = f.SetHWAddr
				}
			})
			for range 3 {
				if s := find(t, r.Pass(t.Context()), "a"); s.State != plan.Plugged || len(s.Warnings) != 0 {
					t.Errorf("%+v", s)
				}
			}
			if len(f.set) != tt.times || tt.times > 0 && f.set[0] != "pci/0000:03:00.0 c1pf0vf0 "+tt.want.String() {
				t.Errorf("%q was set, want it %d times", f.set, tt.times)
			}
		})
	}
}

func TestProgramHWAddr_AnAddressThatCannotBeSetIsAWarningThatNamesTheDriver(t *testing.T) {
	c := newCloud(testcard.IndexWithAddress(representor.MAC{}), plantest.Addressed(plantest.PortMAC()))
	f := &functions{cloud: c, err: unix.EOPNOTSUPP}
	r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
	r.Pass(t.Context())
	s := find(t, r.Pass(t.Context()), "a")
	if s.State != plan.Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != reason.CodeHWAddrFailed {
		t.Fatalf("%+v", s)
	}
	if len(f.set) != 1 {
		t.Errorf("it was tried %d times within milliseconds", len(f.set))
	}
	f.err = nil
	c.with(func() { c.view = plantest.Trusted(plantest.Addressed(representor.MAC{})) })
	if s := find(t, r.Pass(t.Context()), "a"); len(s.Warnings) != 0 {
		t.Errorf("nothing is to be set any more, and it says %+v", s)
	}
}

func TestProgramHWAddr_TheAddressOfAFunctionThatIsAnothersByNowIsLeftAlone(t *testing.T) {
	c := newCloud(testcard.IndexWithAddress(representor.MAC{}), plantest.Addressed(representor.MAC{}))
	f := &functions{cloud: c}
	r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
	r.Pass(t.Context())
	c.with(func() {
		c.view, c.mute = plantest.Trusted(plantest.Addressed(plantest.PortMAC())), errors.New("the kernel doesn't answer")
	})
	if s := find(t, r.Pass(t.Context()), "a"); len(f.set) != 0 || len(s.Warnings) != 1 {
		t.Errorf("%q was set, %+v", f.set, s)
	}
}

// The machine has the function, and may have been told to use another address.
func TestProgramHWAddr_AMachineThatGivesItselfAnotherAddressIsNotFought(t *testing.T) {
	for name, tt := range map[string]struct {
		first representor.MAC
		times int
	}{
		"after it was set":          {representor.MAC{}, 1},
		"after the host had set it": {plantest.PortMAC(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(testcard.IndexWithAddress(tt.first), plantest.Addressed(plantest.PortMAC()))
			f := &functions{cloud: c, tells: true}
			r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
			r.Pass(t.Context())
			for n := range 5 {
				c.with(func() { c.index = testcard.IndexWithAddress(representor.MAC{2, 0, 0, 0, 0, byte(n + 1)}) })
				r.Pass(t.Context())
			}
			if len(f.set) != tt.times {
				t.Errorf("%q was set, want it %d times", f.set, tt.times)
			}
		})
	}
}

// The driver takes addresses, and goes on to tell the first one.
func TestProgramHWAddr_AnAddressThatIsPutBackIsSetAgainWhateverTheDriverTells(t *testing.T) {
	first, second := plantest.PortMAC(), representor.MAC{0, 0x53, 0, 0, 1, 2}
	c := newCloud(testcard.IndexWithAddress(first), plantest.Addressed(first))
	f := &functions{cloud: c}
	r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
	for _, mac := range []representor.MAC{first, second, first} {
		c.with(func() { c.view = plantest.Trusted(plantest.Addressed(mac)) })
		r.Pass(t.Context())
	}
	f1 := testcard.VF(0, 0).String() + " "
	if !slices.Equal(f.set, []string{f1 + second.String(), f1 + first.String()}) {
		t.Errorf("%q was set", f.set)
	}
}

func TestProgramHWAddr_AFunctionThatIsMadeAnewGetsItsAddressAgain(t *testing.T) {
	c := newCloud(testcard.IndexWithAddress(representor.MAC{}), plantest.Addressed(plantest.PortMAC()))
	f := &functions{cloud: c, tells: true}
	r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
	r.Pass(t.Context())
	d := testcard.OneVF()
	d.IfIndex = 99
	c.with(func() {
		c.index, c.actual = testcard.Index(d), plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 99))
	})
	r.Pass(t.Context())
	if len(f.set) != 2 {
		t.Errorf("%q was set, want it twice", f.set)
	}
}

// Whoever may change the logical port's address must not keep the firmware busy.
func TestProgramHWAddr_AnAddressThatChangesAgainAndAgainIsSetAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(testcard.IndexWithAddress(representor.MAC{}), plantest.Addressed(plantest.PortMAC()))
		f := &functions{cloud: c, tells: true}
		r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
		run(t, r)
		for n := range 1000 {
			c.with(func() {
				c.view = plantest.Trusted(plantest.Addressed(representor.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)}))
			})
			r.Poke()
			elapse(10 * time.Millisecond)
		}
		var set []string
		c.with(func() { set = slices.Clone(f.set) })
		if len(set) > 2*paceChanges {
			t.Errorf("set %d times in 10 seconds", len(set))
		}
		elapse(10 * time.Second)
		c.with(func() { set = slices.Clone(f.set) })
		if want := "pci/0000:03:00.0 c1pf0vf0 02:00:00:00:03:e7"; set[len(set)-1] != want {
			t.Errorf("the last one is %q, want %q", set[len(set)-1], want)
		}
	})
}

// hanging are functions of which one takes its firmware for ever.
type hanging struct {
	functions
	who string
}

func (h *hanging) SetHWAddr(ctx context.Context, r representor.Representor, mac representor.MAC) error {
	if strings.Contains(r.Function.String(), h.who) {
		<-ctx.Done()
		return ctx.Err()
	}
	return h.functions.SetHWAddr(ctx, r, mac)
}

func TestProgramHWAddr_AFunctionThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := plantest.Asks("b", 0, 1)
		other.MAC = plantest.PortMAC()
		c := newCloud(testcard.Index(testcard.OneVF(), testcard.Netdev{PF: 0, VF: 1, Name: "pf0vf1", IfIndex: 11}),
			plantest.Addressed(plantest.PortMAC()), other)
		f := &hanging{functions: functions{cloud: c}, who: "vf0"}
		r := c.reconciler(func(cfg *Config) { cfg.SetHWAddr = f.SetHWAddr })
		run(t, r)
		elapse(10 * time.Second)
		var set []string
		c.with(func() { set = slices.Clone(f.set) })
		if len(set) != 1 || !strings.Contains(set[0], "vf1") {
			t.Errorf("%q was set", set)
		}
	})
}
