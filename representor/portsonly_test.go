package representor_test

import (
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// What devlink(8) printed of ports knows less than a kernel, and says so with a remedy that
// isn't another such file.
func TestPortsOnly_AnswersNothingThatAListOfPortsDoesNotTell(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	file := func(c *representor.Card) { c.PortsOnly = true }
	whole := blueFieldNew + "pci/0000:03:00.0/163999: type eth netdev eth9 flavour pcisf controller 1 pfnum 0 sfnum 65624 external true"
	for _, tc := range []lookupCase{
		{
			name: "a VF is found", ports: blueFieldNew, card: file,
			pf: host, kind: representor.VF, function: "pci/0000:03:00.0 c1pf0vf0", netdev: "c1pf0vf0",
		},
		{
			name: "an SF may be another", ports: blueFieldNew, card: file,
			pf: host, kind: representor.SF, number: 77,
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/163840"},
			says: []string{"lower 16 bits", "SF 77", "pci/0000:03:00.0/163840 (netdev eth1)", "representorctl lookup --kernel"},
		},
		{
			name: "also the one that isn't shown", ports: blueFieldNew, card: file,
			pf: host, kind: representor.SF, number: 65536 + 77,
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/163840"}, says: []string{"SF 65613", "SF 77"},
		},
		{
			name: "one without a netdev too", ports: blueFieldNew, card: file,
			pf: host, kind: representor.SF, number: 78,
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/163841"},
		},
		{
			name: "of none with these bits it is certain that it isn't there", ports: blueFieldNew, card: file,
			pf: host, kind: representor.SF, number: 65536 + 79,
			code: reason.CodeFunctionNotFound, says: []string{"has no SF 65615"},
		},
		{
			name: "a number of more bits shows that all are printed", ports: whole, card: file,
			pf: host, kind: representor.SF, number: 77, function: "pci/0000:03:00.0 c1pf0sf77", netdev: "eth1",
		},
		{
			name: "the kernel's numbers are whole", ports: blueFieldNew,
			pf: host, kind: representor.SF, number: 77, function: "pci/0000:03:00.0 c1pf0sf77", netdev: "eth1",
		},
		{
			name: "the machine's own PF has its MAC from elsewhere", ports: plainNIC,
			card: func(c *representor.Card) { file(c); forgetMACs(c) }, local: true,
			pf: "00:53:00:00:00:30", kind: representor.VF, number: 3,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:18:00.0 c0pf0 local"},
			says:   []string{"a list of devlink ports doesn't tell", "representorctl lookup --kernel --local-functions"},
			saysNo: []string{"network namespace", "devlink port function set"},
		},
		{
			name: "and its card from elsewhere", ports: auxiliaryUplink,
			card: func(c *representor.Card) { file(c); c.Links[100] = representor.Link{Name: "enp7s0f0np0"} }, local: true,
			pf: "00:53:00:00:00:30", kind: representor.VF, number: 4,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:07:00.0 c0pf0 local"},
			says:   []string{"a list of devlink ports doesn't tell", "representorctl lookup --kernel --local-functions"},
			saysNo: []string{"network namespace", "devlink port function set"},
		},
		{
			name: "to admit local functions doesn't help there", ports: plainNIC, card: file,
			pf: "00:53:00:00:00:30", kind: representor.VF, number: 3,
			code:   reason.CodePFNotFound,
			says:   []string{"only functions of this machine itself", "representorctl lookup --kernel --local-functions"},
			saysNo: []string{"set local-functions"},
		},
		{
			name: "a host's PF that the driver doesn't know is for the machine to be set", ports: zeroMAC, card: file,
			pf: "00:53:00:00:00:10", kind: representor.VF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0033:01:00.0 c1pf0"},
			says: []string{"devlink port function set PORT hw_addr MAC"},
		},
		{
			name: "nothing tells a serial number", ports: blueFieldNew, card: file, serial: "MT1",
			pf: host, kind: representor.VF,
			code: reason.CodeSerialUnknown, candidates: []string{"pci/0000:03:00.0 c1pf0"},
			says: []string{"a list of devlink ports doesn't tell serial numbers", "representorctl lookup --kernel"}, saysNo: []string{"VPD"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func forgetMACs(c *representor.Card) {
	for i, l := range c.Links {
		l.HWAddr = representor.MAC{}
		c.Links[i] = l
	}
}

// What was left out may be what was asked for, and is told where the answer is that it isn't there.
func TestLookup_ThatFindsNothingTellsWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	short := func(c *representor.Card) { c.Problem = "the kernel's list is short: pci/0000:03:00.0/9 can't be read" }
	for _, tc := range []lookupCase{
		{
			name: "a VF", ports: blueFieldNew, card: short,
			pf: "5c:25:73:37:70:5a", kind: representor.VF, number: 9,
			code: reason.CodeFunctionNotFound,
			says: []string{"has no VF 9", "not all of the card could be read: the kernel's list is short: pci/0000:03:00.0/9"},
		},
		{
			name: "a PF", ports: blueFieldNew, card: short,
			pf: "00:53:00:00:00:99", kind: representor.VF,
			code: reason.CodePFNotFound, says: []string{"not all of the card could be read: the kernel's list is short: pci/0000:03:00.0/9"},
		},
		{
			name: "what is there is found", ports: blueFieldNew, card: short,
			pf: "5c:25:73:37:70:5a", kind: representor.VF, number: 1, function: "pci/0000:03:00.0 c1pf0vf1", netdev: "c1pf0vf1",
		},
		{
			name: "with all read there is nothing to tell", ports: blueFieldNew, controller: devlink.Some(uint32(1)),
			pf: "5c:25:73:37:70:5a", kind: representor.VF, number: 9,
			code: reason.CodeFunctionNotFound, saysNo: []string{"could be read"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}
