package plan

import (
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

func TestProgramHWAddr_TheAddressOfAPFIsTheHostsOwn(t *testing.T) {
	p := &planner{}
	q := &port{word: word{seen: true, binding: plantest.Addressed(plantest.PortMAC())}, target: target{ready: true, asked: true}}
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
	moved := plantest.Addressed(plantest.PortMAC())
	moved.Request.Query = testcard.VFQuery(0, 1)
	for name, tt := range map[string]struct {
		edit func(*Input)
		want int
	}{
		"plugged as asked":              {func(*Input) {}, 1},
		"the Southbound is away":        {func(in *Input) { in.Asked.Connected = false }, 0},
		"our Chassis row is missing":    {func(in *Input) { in.Asked.ChassisKnown = false }, 0},
		"the Southbound is another one": {func(in *Input) { in.Hold.All = true }, 0},
		"the row has lost its name": {func(in *Input) { in.Actual = plantest.BridgeWith(with(func(r *ovs.Interface) { r.IfaceID = "" })) },
			0},
		"the row isn't open": {func(in *Input) {
			in.Actual = plantest.BridgeWith(with(func(r *ovs.Interface) {
				r.Ofport,
					r.IfIndex = -1, 0
			}))
		}, 0},
		"the row is held for another VF":   {func(in *Input) { in.Asked, in.Hold.Grace = plantest.Trusted(moved), true }, 0},
		"the row is parked beside another": {func(in *Input) { in.Actual = plantest.BridgeWith(parked(), plantest.ForeignRow("x", "a")) }, 0},
		"the card has two PFs of that MAC": {func(in *Input) { in.Index = twoPFs(had) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Asked: plantest.Trusted(plantest.Addressed(plantest.PortMAC())), Index: testcard.IndexWithAddress(had),
				Actual: plantest.BridgeWith(plantest.OurRow("a", "pf0vf0", 0, 0, 10))}
			tt.edit(&in)
			var truth []southbound.Binding
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
	r := plantest.OurRow("a", "pf0vf0", 0, 0, 10)
	edit(&r)
	return r
}

func parked() ovs.Interface {
	return with(func(r *ovs.Interface) { r.IfaceID, r.Parked = "", "a" })
}

// twoPFs is one VF with an address, and both PFs have the MAC that requests name.
func twoPFs(mac representor.MAC) *representor.Index {
	c := testcard.Of(testcard.OneVF())
	c.Ports[1].Function.HWAddr = c.Ports[0].Function.HWAddr
	c.Ports[2].Function = &devlink.Function{HWAddr: mac[:]}
	return representor.NewIndex(c, representor.Settings{})
}
