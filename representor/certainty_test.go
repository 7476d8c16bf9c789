package representor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func TestLookup_NeverChoosesBetweenContradictions(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	vf0 := "pci/0000:03:00.0 c1pf0vf0"
	for _, tc := range []lookupCase{
		{
			name: "two ports claim one function", kind: representor.VF, pf: host,
			ports: blueFieldNew + "pci/0000:03:00.0/9: type eth netdev other flavour pcivf controller 1 pfnum 0 vfnum 0 external true",
			code:  reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327681", "pci/0000:03:00.0/9"},
			says: []string{vf0, "pci/0000:03:00.0/327681, pci/0000:03:00.0/9"},
		},
		{
			name: "one port listed twice is one", kind: representor.VF, pf: host,
			ports: blueFieldNew, card: func(c *representor.Card) { c.Ports = append(c.Ports, c.Ports[2]) },
			function: vf0, netdev: "c1pf0vf0",
		},
		{
			name: "two ports claim one PF, with different MACs", kind: representor.VF, pf: host,
			ports: blueFieldNew + "pci/0000:03:00.0/9: type eth netdev other flavour pcipf controller 1 pfnum 0 external true hw_addr " +
				"00:53:00:00:00:99",
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327680", "pci/0000:03:00.0/9"},
		},
		{
			name: "two ports claim one PF, with one MAC", kind: representor.VF, pf: host,
			ports: blueFieldNew + "pci/0000:03:00.0/9: type eth netdev other flavour pcipf controller 1 pfnum 0 external true hw_addr " + host,
			code:  reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327680", "pci/0000:03:00.0/9"},
		},
		{
			name: "two functions claim one netdev", kind: representor.VF, pf: host, function: vf0,
			ports: blueFieldNew, card: func(c *representor.Card) { c.Ports[3].IfIndex = c.Ports[2].IfIndex },
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327681", "pci/0000:03:00.0/327682"},
			says: []string{"claim the netdev", "c1pf0vf0"},
		},
		{
			name: "a function and the uplink claim one netdev", kind: representor.VF, pf: host, function: vf0,
			ports: blueFieldNew, card: func(c *representor.Card) { c.Ports[0].IfIndex = c.Ports[2].IfIndex },
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/262143", "pci/0000:03:00.0/327681"},
		},
		{
			name: "two netdevs of one name", kind: representor.VF, pf: host, function: vf0, netdev: "c1pf0vf0",
			ports: blueFieldNew, card: func(c *representor.Card) {
				c.Links[999] = representor.Link{Name: "c1pf0vf0", Settled: true}
			},
			code: reason.CodeNetdevSettling, says: []string{"another netdev is called too"},
		},
		{
			name: "ports that don't say which function they stand for are left out", kind: representor.VF, pf: host, number: 5,
			ports: blueFieldNew + `
pci/0000:03:00.0/20: type eth netdev x flavour pcivf controller 1 vfnum 5 external true
pci/0000:03:00.0/21: type eth netdev y flavour pcivf controller 1 pfnum 0 external true
pci/0000:03:00.0/22: type eth netdev z flavour pcisf controller 1 pfnum 0 external true`,
			code: reason.CodeFunctionNotFound,
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestLookup_OnAnIncompleteCardClaimsNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []lookupCase{
		{name: "neither that there is no PF", ports: "", pf: "5c:25:73:37:70:5a", kind: representor.VF},
		{name: "nor that there is only one", ports: blueFieldNew, pf: "5c:25:73:37:70:5a", kind: representor.VF},
		{name: "nor that there is no VF", ports: blueFieldNew, pf: "5c:25:73:37:70:5a", kind: representor.VF, number: 9},
	} {
		tc.code = reason.CodeNoDevlink
		tc.says = []string{"the kernel has no devlink"}
		tc.card = func(c *representor.Card) { c.Complete, c.Problem = false, "the kernel has no devlink" }
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
	_, why := representor.NewIndex(representor.Card{}, representor.Settings{}).Lookup(representor.Query{})
	if why == nil || why.Code != reason.CodeNoDevlink || !strings.Contains(why.Message, "no complete dump") {
		t.Errorf("an empty card gives %+v, want %s", why, reason.CodeNoDevlink)
	}
}

func TestLookup_ByMACAloneIsRefusedWhileAPFMayBeMissing(t *testing.T) {
	t.Parallel()
	const host, vf0 = "5c:25:73:37:70:5a", "pci/0000:03:00.0 c1pf0vf0"
	const problem = "1 can't be read, the first is pci/0000:83:00.0/327680"
	for _, tc := range []lookupCase{
		{
			name: "a PF has the MAC, another may have it too", pf: host, kind: representor.VF,
			code: reason.CodePFUncertain, candidates: []string{"pci/0000:03:00.0 c1pf0"},
			says: []string{problem, "what is plugged stays", "vif-plug:representor:controller or vif-plug:representor:card-serial-number"},
		},
		{
			name: "also for the PF itself", pf: host, kind: representor.PF,
			code: reason.CodePFUncertain, candidates: []string{"pci/0000:03:00.0 c1pf0"},
		},
		{
			name: "none has it, so the missing one may", pf: "00:53:00:00:00:99", kind: representor.VF,
			code: reason.CodePFUncertain, says: []string{problem, "no PF that can be read has MAC 00:53:00:00:00:99"},
		},
		{
			name: "the controller says which is meant", pf: host, kind: representor.VF, controller: devlink.Some(uint32(1)),
			function: vf0, netdev: "c1pf0vf0",
		},
		{
			name: "the card's serial number says which is meant", pf: host, kind: representor.VF, serial: "MT2314XZ00YA",
			function: vf0, netdev: "c1pf0vf0",
		},
		{
			name: "another serial number doesn't", pf: host, kind: representor.VF, serial: "MT0",
			code: reason.CodeSerialMismatch, candidates: []string{"pci/0000:03:00.0 c1pf0"},
		},
	} {
		tc.ports = blueFieldNew
		tc.card = func(c *representor.Card) {
			c.MayLackPFs, c.Problem = true, problem
			c.Serials = map[devlink.Handle]representor.Serial{{Bus: "pci", Device: "0000:03:00.0"}: {Number: "MT2314XZ00YA"}}
		}
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

// The driver's file tells the MAC of one host's PF. Where another controller may have a PF of
// that number, which can't be read now, it may be that one's.
func TestLookup_TakesNoMACFromSysfsWhileAPFMayBeMissing(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	h := pci("0000:03:00.0")
	for _, tc := range []lookupCase{
		{name: "though the controller is asked for", controller: devlink.Some(uint32(2))},
		{name: "though the card is", serial: "MT2314XZ00YA"},
	} {
		tc.ports = `
pci/0000:03:00.0/2: type eth netdev c2pf0hpf flavour pcipf controller 2 pfnum 0 external true
pci/0000:03:00.0/12: type eth netdev c2pf0vf0 flavour pcivf controller 2 pfnum 0 vfnum 0 external true`
		tc.pf, tc.kind, tc.code, tc.candidates = host, representor.VF, reason.CodePFMACUnknown, []string{"pci/0000:03:00.0 c2pf0"}
		tc.card = func(c *representor.Card) {
			c.PFMACs = map[representor.Uplink]representor.MAC{{Handle: h}: mac(t, host)}
			c.Serials = map[devlink.Handle]representor.Serial{h: {Number: "MT2314XZ00YA"}}
			c.MayLackPFs, c.Problem = true, "1 can't be read, the first is pci/0000:03:00.0/1"
		}
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestAll_ListsEveryRepresentorByFunction(t *testing.T) {
	t.Parallel()
	x := representor.NewIndex(card(t, blueFieldNew+blueFieldOld), representor.Settings{})
	var got []string
	for _, r := range x.All() {
		got = append(got, r.Function.String())
	}
	want := []string{
		"pci/0000:03:00.0 pf0", "pci/0000:03:00.0 pf0vf0",
		"pci/0000:03:00.0 c0pf0vf0 local", "pci/0000:03:00.0 c0pf0sf88 local",
		"pci/0000:03:00.0 c1pf0", "pci/0000:03:00.0 c1pf0vf0", "pci/0000:03:00.0 c1pf0vf1", "pci/0000:03:00.0 c1pf0sf77",
		"pci/0000:03:00.0 c1pf0sf78",
		"pci/0000:03:00.1 pf1", "pci/0000:03:00.1 pf1vf0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	x.All()[0].Link.Name = "changed"
	if x.All()[0].Link.Name == "changed" {
		t.Error("the caller can change the index")
	}
}

func TestByFunction_FindsNoneOfSeveral(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	x := representor.NewIndex(c, representor.Settings{})
	for _, r := range x.All() {
		if got, ok := x.ByFunction(r.Function); !ok || got != r {
			t.Errorf("%s is not found", r.Function)
		}
	}
	if r, ok := x.ByFunction(called("pci/0000:03:00.0 c1pf0vf2")); ok {
		t.Errorf("found %+v", r)
	}
	twin := c.Ports[2]
	twin.Index, twin.IfIndex = 9, 0
	c.Ports = append(c.Ports, twin, c.Ports[3])
	x = representor.NewIndex(c, representor.Settings{})
	if r, ok := x.ByFunction(called("pci/0000:03:00.0 c1pf0vf0")); ok {
		t.Errorf("found %+v of two ports", r)
	}
	if _, ok := x.ByFunction(called("pci/0000:03:00.0 c1pf0vf1")); !ok {
		t.Error("a port that is listed twice isn't found")
	}
}
