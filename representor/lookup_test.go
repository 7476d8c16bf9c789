package representor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// lookupCase is one question to one card.
type lookupCase struct {
	name  string
	ports string
	card  func(*representor.Card) // changes the card first, nil for none
	local bool

	pf         string
	kind       representor.Kind
	number     uint32
	controller devlink.Optional[uint32]
	serial     string

	function   string      // the function that must be found, "" for none
	netdev     string      // and its netdev
	code       reason.Code // "" where it must be ready to plug
	candidates []string
	says       []string // what the message must tell
	saysNo     []string // and what it must not
}

func (tc *lookupCase) run(t *testing.T) {
	t.Helper()
	c := card(t, tc.ports)
	if tc.card != nil {
		tc.card(&c)
	}
	x := representor.NewIndex(c, representor.Settings{LocalFunctions: tc.local})
	got, why := x.Lookup(representor.Query{
		PFMAC: mac(t, tc.pf), Kind: tc.kind, Number: tc.number, Controller: tc.controller, CardSerial: tc.serial,
	})
	function := ""
	if got.Function.Kind != 0 {
		function = got.Function.String()
	}
	if function != tc.function || got.Link.Name != tc.netdev {
		t.Errorf("found %q with netdev %q, want %q with %q", function, got.Link.Name, tc.function, tc.netdev)
	}
	if why == nil {
		if tc.code != "" {
			t.Fatalf("ready to plug, want reason %s", tc.code)
		}
		return
	}
	t.Log(why.Message)
	if why.Code != tc.code {
		t.Errorf("reason %s, want %q", why.Code, tc.code)
	}
	if d := cmp.Diff(tc.candidates, why.Candidates); d != "" {
		t.Errorf("candidates (-want +got):\n%s", d)
	}
	for _, s := range tc.says {
		if !strings.Contains(why.Message, s) {
			t.Errorf("message doesn't tell %q", s)
		}
	}
	for _, s := range tc.saysNo {
		if strings.Contains(why.Message, s) {
			t.Errorf("message tells %q", s)
		}
	}
}

func TestLookup_OnRealCards(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	for _, tc := range []lookupCase{
		{
			name: "an old kernel's ports have no controller and count as the host's", ports: blueFieldOld,
			pf: "00:53:00:00:00:10", kind: representor.VF, function: "pci/0000:03:00.0 pf0vf0", netdev: "pf0vf0",
		},
		{
			name: "each PF has its own VF 0", ports: blueFieldOld,
			pf: "00:53:00:00:00:11", kind: representor.VF, function: "pci/0000:03:00.1 pf1vf0", netdev: "pf1vf0",
		},
		{
			name: "without a number the PF's own representor is meant", ports: blueFieldOld,
			pf: "00:53:00:00:00:11", kind: representor.PF, function: "pci/0000:03:00.1 pf1", netdev: "pf1hpf",
		},
		{
			name: "a number is ignored for the PF itself", ports: blueFieldOld,
			pf: "00:53:00:00:00:11", kind: representor.PF, number: 5, function: "pci/0000:03:00.1 pf1", netdev: "pf1hpf",
		},
		{
			name: "the host's VF 0 is not our own VF 0", ports: blueFieldNew,
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 c1pf0vf0", netdev: "c1pf0vf0",
		},
		{
			name: "nor with local functions admitted", ports: blueFieldNew, local: true,
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 c1pf0vf0", netdev: "c1pf0vf0",
		},
		{
			name: "an SF is found by its own number", ports: blueFieldNew,
			pf: host, kind: representor.SF, number: 77, function: "pci/0000:03:00.0 c1pf0sf77", netdev: "eth1",
		},
		{
			name: "an SF of our own machine is not the host's", ports: blueFieldNew,
			pf: host, kind: representor.SF, number: 88,
			code: reason.CodeFunctionNotFound,
			says: []string{"has no SF 88: it has only SFs 77-78", "pci/0000:03:00.0 c0pf0sf88 local isn't meant", "devlink port add"},
		},
		{
			name: "an SF without a netdev is known and awaited", ports: blueFieldNew,
			pf: host, kind: representor.SF, number: 78, function: "pci/0000:03:00.0 c1pf0sf78",
			code: reason.CodeNoNetdev, says: []string{"c1pf0sf78", "pci/0000:03:00.0/163841"},
		},
		{
			name: "a VF that the host hasn't enabled", ports: blueFieldNew,
			pf: host, kind: representor.VF, number: 9,
			code: reason.CodeFunctionNotFound,
			says: []string{host, "has no VF 9: it has only VFs 0-1", "look on the host: if it has that VF, the card's firmware", "sriov_numvfs",
				"vif-plug:representor:vf-num"},
		},
		{
			name: "EF100's host PF has no netdev, and its VFs have", ports: ef100,
			pf: "00:53:00:00:00:42", kind: representor.VF, function: "pci/0000:41:00.0 c0pf0vf0", netdev: "p0pf0vf0",
		},
		{
			name: "our own PF of the same controller and number has none of them", ports: ef100, local: true,
			pf: "00:53:00:00:00:51", kind: representor.VF,
			code: reason.CodeFunctionNotFound, says: []string{"c0pf0 local", "has no VF 0", "pci/0000:41:00.0 c0pf0vf0 isn't meant"},
		},
		{
			name: "rvu_rep doesn't tell the MAC of a PF, by which its VFs would be asked for", ports: rvuRep, local: true,
			pf: "00:53:00:00:00:42", kind: representor.VF, number: 1,
			code: reason.CodePFNotFound, says: []string{"pci/0002:1c:00.0 c0pf1 local (02:12:34:56:78:9a)"},
		},
		{
			name: "nor when somebody gave the PF's representor its MAC: VF 1 there is VF 0 of the PF", local: true,
			ports: strings.Replace(rvuRep, "netdev_addr 02:12:34:56:78:9a", "hw_addr 00:53:00:00:00:42 netdev_addr 00:53:00:00:00:42", 1),
			pf:    "00:53:00:00:00:42", kind: representor.VF, number: 1,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0002:1c:00.0 c0pf1 local"},
		},
		{
			name: "an inactive function may be plugged: its representor is there", ports: hostGone,
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 c1pf0vf0", netdev: "c1pf0vf0",
		},
		{
			name: "host functions on controller 0 are the host's by their external flag", ports: controllerZero,
			pf: "00:53:00:00:00:20", kind: representor.VF, number: 1, function: "pci/0000:c1:00.0 c0pf0vf1", netdev: "c0pf0vf1",
		},
		{
			name: "each host of a card has its own PF 0 and VF 0", ports: multiHost,
			pf: "00:53:00:00:00:03", kind: representor.VF, function: "pci/0000:03:00.0 c3pf0vf0", netdev: "c3pf0vf0",
		},
		{
			name: "any u16 is a VF number", ports: odd,
			pf: "00:53:00:00:00:41", kind: representor.VF, number: 49152, function: "pci/0000:01:00.0 c1pf0vf49152", netdev: "vf49152",
		},
		{
			name: "a VF and an SF may have one number: the VF", ports: odd,
			pf: "00:53:00:00:00:41", kind: representor.VF, number: 7, function: "pci/0000:01:00.0 c1pf0vf7", netdev: "vf7",
		},
		{
			name: "a VF and an SF may have one number: the SF", ports: odd,
			pf: "00:53:00:00:00:41", kind: representor.SF, number: 7, function: "pci/0000:01:00.0 c1pf0sf7", netdev: "sf7",
		},
		{
			name: "InfiniBand can't be plugged", ports: odd,
			pf: "00:53:00:00:00:41", kind: representor.VF, number: 1, function: "pci/0000:01:00.0 c1pf0vf1",
			code: reason.CodeNotEthernet, says: []string{"InfiniBand", "devlink port set pci/0000:01:00.0/4 type eth"},
		},
		{
			name: "the function of a physical port is no PF", ports: odd,
			pf: "00:53:00:00:00:40", kind: representor.PF,
			code: reason.CodePFNotFound, says: []string{"00:53:00:00:00:40", "pci/0000:01:00.0 c1pf0 (00:53:00:00:00:41)"},
		},
		{
			name: "a hypervisor's own ports are no representors", ports: hypervisor,
			pf: host, kind: representor.VF,
			code: reason.CodePFNotFound, says: []string{"no PF of a host at all", "devlink dev eswitch show"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestLookup_OfThePF(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	sysfsMAC := func(mac representor.MAC) func(*representor.Card) {
		return func(c *representor.Card) {
			c.PFMACs = map[representor.Uplink]representor.MAC{{Handle: handle, Number: 0}: mac}
		}
	}
	const twoPFs = `
pci/0000:03:00.0/1: type eth netdev a flavour pcipf controller 1 pfnum 0 external true hw_addr 5c:25:73:37:70:5a
pci/0000:03:00.0/2: type eth netdev b flavour pcivf controller 1 pfnum 0 vfnum 0 external true
pci/0000:03:00.0/3: type eth netdev c flavour pcipf controller 2 pfnum 0 external true hw_addr 5c:25:73:37:70:5a
pci/0000:03:00.0/4: type eth netdev d flavour pcivf controller 2 pfnum 0 vfnum 0 external true
`
	const twoZeroPFs = `
pci/0000:03:00.0/1: type eth netdev a flavour pcipf controller 1 pfnum 0 external true hw_addr 00:00:00:00:00:00
pci/0000:03:00.0/3: type eth netdev c flavour pcipf controller 2 pfnum 0 external true hw_addr 00:00:00:00:00:00
`
	for _, tc := range []lookupCase{
		{
			name: "zero never matches, though a PF shows it", ports: zeroMAC,
			pf: "00:00:00:00:00:00", kind: representor.VF,
			code: reason.CodePFNotFound, says: []string{"00:00:00:00:00:00 matches nothing"},
		},
		{
			name: "a PF whose MAC isn't known may be the one: not found is not certain", ports: zeroMAC,
			pf: host, kind: representor.VF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0033:01:00.0 c1pf0"},
			says: []string{host, "pci/0033:01:00.0 c1pf0 (devlink port pci/0033:01:00.0/131072)", "devlink port function set"},
		},
		{
			name: "a PF without function attributes likewise", ports: blueFieldNoMAC,
			pf: host, kind: representor.VF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:03:00.0 pf0"},
		},
		{
			name: "sysfs tells the MAC that an older driver doesn't", ports: blueFieldNoMAC, card: sysfsMAC(mac(t, host)),
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 pf0vf0", netdev: "pf0vf0",
		},
		{
			name: "where devlink tells it, sysfs is not asked", ports: blueFieldOld, card: sysfsMAC(mac(t, host)),
			pf: host, kind: representor.VF, code: reason.CodePFNotFound,
			says: []string{"pci/0000:03:00.0 pf0 (00:53:00:00:00:10), pci/0000:03:00.1 pf1 (00:53:00:00:00:11)", "permanent MAC"},
		},
		{
			name: "a zero in sysfs is not known either", ports: blueFieldNoMAC, card: sysfsMAC(representor.MAC{}),
			pf: host, kind: representor.VF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:03:00.0 pf0"},
		},
		{
			name: "sysfs doesn't tell which of two controllers it means", ports: twoZeroPFs, card: sysfsMAC(mac(t, host)),
			pf: host, kind: representor.PF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:03:00.0 c1pf0", "pci/0000:03:00.0 c2pf0"},
		},
		{
			name: "two PFs with the MAC: none is chosen, both are named", ports: twoPFs,
			pf: host, kind: representor.VF,
			code: reason.CodePFAmbiguous, candidates: []string{"pci/0000:03:00.0 c1pf0", "pci/0000:03:00.0 c2pf0"},
			says: []string{host, "pci/0000:03:00.0 c1pf0, pci/0000:03:00.0 c2pf0", "none is chosen", "vif-plug:representor:controller"},
		},
		{
			name: "the controller decides between them", ports: twoPFs, controller: devlink.Some(uint32(2)),
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 c2pf0vf0", netdev: "d",
		},
		{
			name: "a controller that has no such PF", ports: twoPFs, controller: devlink.Some(uint32(3)),
			pf: host, kind: representor.VF,
			code: reason.CodePFNotFound, candidates: []string{"pci/0000:03:00.0 c1pf0", "pci/0000:03:00.0 c2pf0"},
			says: []string{"only controller 3"},
		},
		{
			name: "an old kernel without controllers has no controller 0", ports: blueFieldOld, controller: devlink.Some(uint32(0)),
			pf: "00:53:00:00:00:10", kind: representor.VF,
			code: reason.CodePFNotFound, candidates: []string{"pci/0000:03:00.0 pf0"}, says: []string{"only controller 0"},
		},
		{
			name: "a PF of unknown MAC on the controller asked for may be the one", controller: devlink.Some(uint32(2)),
			ports: multiHost, card: func(c *representor.Card) { c.Ports[1].Function = nil },
			pf: "00:53:00:00:00:01", kind: representor.VF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:03:00.0 c2pf0"},
		},
		{
			name: "two cards with the MAC", kind: representor.VF, pf: "00:53:00:00:00:10",
			ports: blueFieldOld, card: func(c *representor.Card) { c.Ports[4].Function = c.Ports[1].Function },
			code: reason.CodePFAmbiguous, candidates: []string{"pci/0000:03:00.0 pf0", "pci/0000:03:00.1 pf1"},
			says: []string{"vif-plug:representor:card-serial-number"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}
