package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/testcard"
	"github.com/representord/representord/plug/plantest"
	"github.com/representord/representord/representor"
)

// The SF of a satellite, a PF of the DPU's own behind another controller, is called as a
// host's while its PF's port is away, for most kernels don't say whose an SF is. Its row
// carries the same SF all the same: it is no leak and stays, and only its marker is corrected.
func TestSatellite_SFStaysPluggedWhateverItIsTakenFor(t *testing.T) {
	const local, hosts = "pci/0000:03:00.0 c2pf1sf5 local", "pci/0000:03:00.0 c2pf1sf5"
	query := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x51}, Kind: representor.SF, Number: 5}
	binding := southbound.Binding{LogicalPort: "a", Disposition: southbound.Asked, Request: ovn.Request{LogicalPort: "a", Query: query}}
	whole := func() representor.Card {
		c := representor.Card{Complete: true, Links: map[uint32]representor.Link{12: {Name: "c2pf1sf5", Up: true, MTU: 1500, Settled: true}}}
		c.Ports = []devlink.Port{
			{
				Handle: testcard.Handle(), Index: 1, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF, Controller: devlink.Some[uint32](2),
				External: devlink.Some(false), PF: devlink.Some[uint16](1), Function: &devlink.Function{HWAddr: query.PFMAC[:]},
			},
			{
				Handle: testcard.Handle(), Index: 2, Type: devlink.TypeEth, Flavour: devlink.FlavourPCISF, Controller: devlink.Some[uint32](2),
				PF: devlink.Some[uint16](1), SF: devlink.Some[uint32](5), IfIndex: 12,
			},
		}
		return c
	}
	withoutPF := func(more func(*representor.Card)) func(*representor.Card) {
		return func(c *representor.Card) { c.Ports = c.Ports[1:]; more(c) }
	}
	corrected := []string{"~c2pf1sf5"}
	for name, tt := range map[string]struct {
		card   func(*representor.Card)
		marker string
		want   []string
	}{
		"as it was plugged":           {func(*representor.Card) {}, local, nil},
		"its PF's port can't be read": {withoutPF(func(c *representor.Card) { c.MayLackPFs = true }), local, corrected},
		"its PF's instance can't be read": {withoutPF(func(c *representor.Card) {
			c.Blind = map[devlink.Handle]string{testcard.Handle(): "it " +
				"hangs"}
		}), local, corrected},
		"nothing can be read":                     {withoutPF(func(c *representor.Card) { c.Complete = false }), local, nil},
		"its PF's port comes later":               {withoutPF(func(*representor.Card) {}), local, corrected},
		"it was plugged as a host's, and is ours": {func(*representor.Card) {}, hosts, corrected},
		"another SF has its netdev": {
			func(c *representor.Card) { c.Ports[1].SF = devlink.Some[uint32](6) }, local, []string{"-c2pf1sf5"},
		},
		"another controller's SF has its netdev": {
			withoutPF(func(c *representor.Card) { c.Ports[0].Controller = devlink.Some[uint32](1) }), local, []string{"-c2pf1sf5"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			row := plantest.OurRow("a", "c2pf1sf5", 0, 0, 12)
			row.Marker.Function, row.Marker.Request = tt.marker, query.String()
			card := whole()
			tt.card(&card)
			index := representor.NewIndex(card, representor.Settings{LocalFunctions: true})
			d := planWith(Input{Asked: plantest.Trusted(binding), Index: index, Actual: plantest.BridgeWith(row)}, binding)
			if diff := cmp.Diff(tt.want, did(d)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if leaks := slices.Contains(tt.want, "-c2pf1sf5"); leaks != (len(d.Leaks) > 0) {
				t.Errorf("%d leaks", len(d.Leaks))
			}
		})
	}
}
