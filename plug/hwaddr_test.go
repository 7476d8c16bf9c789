package plug

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/ovn"
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
	if s.State != Plugged || len(s.Warnings) != 1 || s.Warnings[0].Code != representor.CodeHWAddrFailed {
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
	q := &port{seen: true, ready: true, binding: addressed(portMAC())}
	q.rep = representor.Representor{Function: representor.Function{Kind: representor.PF}, IfIndex: 10}
	p.address(q, bridgeWith().Interfaces["x"])
	row := bridgeWith().Interfaces["x"]
	row.Ofport, row.IfIndex = 5, 10
	p.address(q, row)
	if len(p.out.Addresses) != 0 {
		t.Errorf("%+v", p.out.Addresses)
	}
}
