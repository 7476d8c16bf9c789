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

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
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
		f.index = indexWithAddress(mac)
	}
	return f.err
}

// indexWithAddress is one VF, with that MAC address of its own.
func indexWithAddress(mac representor.MAC) *representor.Index {
	c := cardOf(oneVF())
	for i := range c.Ports {
		if c.Ports[i].Flavour == devlink.FlavourPCIVF {
			c.Ports[i].Function = &devlink.Function{HWAddr: mac[:]}
		}
	}
	return representor.NewIndex(c, representor.Settings{})
}

func portMAC() representor.MAC { return representor.MAC{0, 0x53, 0, 0, 1, 1} }

// addressed asks for VF 0, for a port of that address.
func addressed(mac representor.MAC) ovn.Binding {
	b := asks("a", 0, 0)
	b.MAC = mac
	return b
}

func TestAFunctionGetsTheAddressOfItsLogicalPortOnceAndOnlyIfThatIsWanted(t *testing.T) {
	for name, tt := range map[string]struct {
		off, tells bool
		have, want representor.MAC
		times      int
	}{
		"it has none, and tells the new one":         {false, true, representor.MAC{}, portMAC(), 1},
		"it has another, and the driver never tells": {false, false, representor.MAC{2, 0, 0, 0, 0, 9}, portMAC(), 1},
		"it has it":                                 {false, true, portMAC(), portMAC(), 0},
		"the logical port has none, or several":     {false, true, representor.MAC{2, 0, 0, 0, 0, 9}, representor.MAC{}, 0},
		"nobody asked for that: the setting is off": {true, true, representor.MAC{}, portMAC(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(indexWithAddress(tt.have), addressed(tt.want))
			f := &functions{cloud: c, tells: tt.tells}
			r := c.reconciler(func(cfg *Config) {
				if !tt.off {
					cfg.Functions = f
				}
			})
			for range 3 {
				if s := find(t, r.Pass(t.Context()), "a"); s.State != Plugged || len(s.Warnings) != 0 {
					t.Errorf("%+v", s)
				}
			}
			if len(f.set) != tt.times || tt.times > 0 && f.set[0] != "pci/0000:03:00.0 c1pf0vf0 "+tt.want.String() {
				t.Errorf("%q was set, want it %d times", f.set, tt.times)
			}
		})
	}
}

func TestAnAddressThatCannotBeSetIsAWarningThatNamesTheDriver(t *testing.T) {
	c := newCloud(indexWithAddress(representor.MAC{}), addressed(portMAC()))
	f := &functions{cloud: c, err: unix.EOPNOTSUPP}
	r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
	r.Pass(t.Context())
	s := find(t, r.Pass(t.Context()), "a")
	if s.State != Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != reason.CodeHWAddrFailed {
		t.Fatalf("%+v", s)
	}
	if len(f.set) != 1 {
		t.Errorf("it was tried %d times within milliseconds", len(f.set))
	}
	f.err = nil
	c.with(func() { c.view = trusted(addressed(representor.MAC{})) })
	if s := find(t, r.Pass(t.Context()), "a"); len(s.Warnings) != 0 {
		t.Errorf("nothing is to be set any more, and it says %+v", s)
	}
}

func TestTheAddressOfAFunctionThatIsAnothersByNowIsLeftAlone(t *testing.T) {
	c := newCloud(indexWithAddress(representor.MAC{}), addressed(representor.MAC{}))
	f := &functions{cloud: c}
	r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
	r.Pass(t.Context())
	c.with(func() { c.view, c.mute = trusted(addressed(portMAC())), errors.New("the kernel doesn't answer") })
	if s := find(t, r.Pass(t.Context()), "a"); len(f.set) != 0 || len(s.Warnings) != 1 {
		t.Errorf("%q was set, %+v", f.set, s)
	}
}

func TestTheAddressOfAPFIsTheHostsOwn(t *testing.T) {
	p := &planner{}
	q := &port{seen: true, ready: true, asked: true, binding: addressed(portMAC())}
	for kind, want := range map[representor.Kind]int{representor.PF: 0, representor.SF: 1} {
		p.out.Addresses = nil
		q.rep = representor.Representor{Function: representor.Function{Kind: kind}, IfIndex: 10}
		p.address(q)
		if len(p.out.Addresses) != want {
			t.Errorf("kind %v: %+v", kind, p.out.Addresses)
		}
	}
}

// A function's address is set for a request that stands now, for exactly this function.
func TestProgramHWAddr_NothingIsSetForWhatIsNotPluggedOnATrustedWord(t *testing.T) {
	had := representor.MAC{2, 0, 0, 0, 0, 9}
	moved := addressed(portMAC())
	moved.Request.Query = vfQuery(0, 1)
	for name, tt := range map[string]struct {
		edit func(*Input)
		want int
	}{
		"plugged as asked":              {func(*Input) {}, 1},
		"the Southbound is away":        {func(in *Input) { in.Asked.Connected = false }, 0},
		"our Chassis row is missing":    {func(in *Input) { in.Asked.ChassisKnown = false }, 0},
		"the Southbound is another one": {func(in *Input) { in.Hold.All = true }, 0},
		"the row has lost its name":     {func(in *Input) { in.Actual = bridgeWith(with(func(r *ovs.Interface) { r.IfaceID = "" })) }, 0},
		"the row isn't open": {func(in *Input) {
			in.Actual = bridgeWith(with(func(r *ovs.Interface) {
				r.Ofport,
					r.IfIndex = -1, 0
			}))
		}, 0},
		"the row is held for another VF":   {func(in *Input) { in.Asked, in.Hold.Grace = trusted(moved), true }, 0},
		"the row is parked beside another": {func(in *Input) { in.Actual = bridgeWith(parked(), foreignRow("x", "a")) }, 0},
		"the card has two PFs of that MAC": {func(in *Input) { in.Index = twoPFs(had) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: trusted(addressed(portMAC())), Index: indexWithAddress(had), Actual: bridgeWith(ourRow("a", "pf0vf0", 0, 0, 10))}
			tt.edit(&in)
			var truth []ovn.Binding
			for _, b := range in.Asked.Bindings {
				truth = append(truth, b)
			}
			if d := planWith(in, truth...); len(d.Addresses) != tt.want {
				t.Errorf("%+v, with %+v", d.Addresses, d.Ports)
			}
		})
	}
}

// with is the row of port a, edited.
func with(edit func(*ovs.Interface)) ovs.Interface {
	r := ourRow("a", "pf0vf0", 0, 0, 10)
	edit(&r)
	return r
}

func parked() ovs.Interface {
	return with(func(r *ovs.Interface) { r.IfaceID, r.Parked = "", "a" })
}

// twoPFs is one VF with an address, and both PFs have the MAC that requests name.
func twoPFs(mac representor.MAC) *representor.Index {
	c := cardOf(oneVF())
	c.Ports[1].Function.HWAddr = c.Ports[0].Function.HWAddr
	c.Ports[2].Function = &devlink.Function{HWAddr: mac[:]}
	return representor.NewIndex(c, representor.Settings{})
}

// The machine has the function, and may have been told to use another address.
func TestProgramHWAddr_AMachineThatGivesItselfAnotherAddressIsNotFought(t *testing.T) {
	for name, tt := range map[string]struct {
		first representor.MAC
		times int
	}{
		"after it was set":          {representor.MAC{}, 1},
		"after the host had set it": {portMAC(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(indexWithAddress(tt.first), addressed(portMAC()))
			f := &functions{cloud: c, tells: true}
			r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
			r.Pass(t.Context())
			for n := range 5 {
				c.with(func() { c.index = indexWithAddress(representor.MAC{2, 0, 0, 0, 0, byte(n + 1)}) })
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
	first, second := portMAC(), representor.MAC{0, 0x53, 0, 0, 1, 2}
	c := newCloud(indexWithAddress(first), addressed(first))
	f := &functions{cloud: c}
	r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
	for _, mac := range []representor.MAC{first, second, first} {
		c.with(func() { c.view = trusted(addressed(mac)) })
		r.Pass(t.Context())
	}
	f1 := vfFunction(0, 0).String() + " "
	if !slices.Equal(f.set, []string{f1 + second.String(), f1 + first.String()}) {
		t.Errorf("%q was set", f.set)
	}
}

func TestProgramHWAddr_AFunctionThatIsMadeAnewGetsItsAddressAgain(t *testing.T) {
	c := newCloud(indexWithAddress(representor.MAC{}), addressed(portMAC()))
	f := &functions{cloud: c, tells: true}
	r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
	r.Pass(t.Context())
	d := oneVF()
	d.ifindex = 99
	c.with(func() { c.index, c.actual = indexOf(d), bridgeWith(ourRow("a", "pf0vf0", 0, 0, 99)) })
	r.Pass(t.Context())
	if len(f.set) != 2 {
		t.Errorf("%q was set, want it twice", f.set)
	}
}

// Whoever may change the logical port's address must not keep the firmware busy.
func TestProgramHWAddr_AnAddressThatChangesAgainAndAgainIsSetAtABoundedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(indexWithAddress(representor.MAC{}), addressed(portMAC()))
		f := &functions{cloud: c, tells: true}
		r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
		run(t, r)
		for n := range 1000 {
			c.with(func() { c.view = trusted(addressed(representor.MAC{2, 0, 0, 0, byte(n >> 8), byte(n)})) })
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
		other := asks("b", 0, 1)
		other.MAC = portMAC()
		c := newCloud(indexOf(oneVF(), netdev{pf: 0, vf: 1, name: "pf0vf1", ifindex: 11}), addressed(portMAC()), other)
		f := &hanging{functions: functions{cloud: c}, who: "vf0"}
		r := c.reconciler(func(cfg *Config) { cfg.Functions = f })
		run(t, r)
		elapse(10 * time.Second)
		var set []string
		c.with(func() { set = slices.Clone(f.set) })
		if len(set) != 1 || !strings.Contains(set[0], "vf1") {
			t.Errorf("%q was set", set)
		}
	})
}
