package representor_test

import (
	"strings"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func TestLookup_AsksForTheCard(t *testing.T) {
	t.Parallel()
	const pf0, pf1 = "00:53:00:00:00:10", "00:53:00:00:00:11"
	serials := func(of ...string) func(*representor.Card) {
		return func(c *representor.Card) {
			c.Serials = map[devlink.Handle]representor.Serial{}
			for i, s := range of {
				if s != "" {
					c.Serials[devlink.Handle{Bus: "pci", Device: "0000:03:00." + string(rune('0'+i))}] = representor.Serial{Number: s}
				}
			}
		}
	}
	twins := func(of ...string) func(*representor.Card) {
		return func(c *representor.Card) {
			serials(of...)(c)
			c.Ports[4].Function = c.Ports[1].Function
		}
	}
	for _, tc := range []lookupCase{
		{
			name: "the right card", ports: blueFieldOld, card: serials("MT2314XZ00YA", "MT2314XZ00YA"), serial: "MT2314XZ00YA",
			pf: pf0, kind: representor.VF, function: "pci/0000:03:00.0 pf0vf0", netdev: "pf0vf0",
		},
		{
			name: "serial numbers are compared exactly", ports: blueFieldOld, card: serials("MT2314XZ00YA", "MT2314XZ00YA"), serial: "mt2314xz00ya",
			pf: pf0, kind: representor.VF,
			code: reason.CodeSerialMismatch, candidates: []string{"pci/0000:03:00.0 pf0"},
			says: []string{`"mt2314xz00ya"`, `"MT2314XZ00YA" (pci/0000:03:00.0)`, "requested-chassis"},
		},
		{
			name: "another card is said before that its PF isn't here", ports: blueFieldOld, card: serials("A", "A"), serial: "B",
			pf: "00:53:00:00:00:99", kind: representor.VF, code: reason.CodeSerialMismatch,
		},
		{
			name: "the PF has the MAC but is on the other of two cards", ports: blueFieldOld, card: serials("A", "B"), serial: "B",
			pf: pf0, kind: representor.VF,
			code: reason.CodeSerialMismatch, candidates: []string{"pci/0000:03:00.0 pf0"},
			says: []string{`"A" (pci/0000:03:00.0), "B" (pci/0000:03:00.1)`},
		},
		{
			name: "an unknown serial number is not the right one", ports: blueFieldOld, serial: "A",
			pf: pf1, kind: representor.VF,
			code: reason.CodeSerialUnknown, candidates: []string{"pci/0000:03:00.1 pf1"}, says: []string{"board.serial_number"},
		},
		{
			name: "not asked for, it needn't be known", ports: blueFieldOld,
			pf: pf1, kind: representor.VF, function: "pci/0000:03:00.1 pf1vf0", netdev: "pf1vf0",
		},
		{
			name: "the serial number decides between two cards with the MAC", ports: blueFieldOld, card: twins("A", "B"), serial: "B",
			pf: pf0, kind: representor.VF, function: "pci/0000:03:00.1 pf1vf0", netdev: "pf1vf0",
		},
		{
			name: "a card of unknown serial number may be the right one too", ports: blueFieldOld, card: twins("A", ""), serial: "A",
			pf: pf0, kind: representor.VF,
			code: reason.CodePFAmbiguous, candidates: []string{"pci/0000:03:00.0 pf0", "pci/0000:03:00.1 pf1"},
		},
		{
			name: "no PF and no serial number", ports: blueFieldOld, serial: "A",
			pf: "00:53:00:00:00:99", kind: representor.VF, code: reason.CodePFNotFound,
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestLookup_OfLocalFunctions(t *testing.T) {
	t.Parallel()
	const uplink = "00:53:00:00:00:30"
	const localPF = `
pci/0000:18:00.0/0: type eth netdev up flavour physical port 0 netdev_addr 00:53:00:00:00:30
pci/0000:18:00.0/1: type eth netdev pf flavour pcipf controller 0 pfnum 0 external false hw_addr 00:53:00:00:00:31
pci/0000:18:00.0/2: type eth netdev vf flavour pcivf controller 0 pfnum 0 vfnum 0 external false
`
	portOne := strings.Replace(auxiliaryUplink, "port 0", "port 1", 1)
	for _, tc := range []lookupCase{
		{
			name: "are not admitted by default", ports: plainNIC,
			pf: uplink, kind: representor.VF, number: 3,
			code: reason.CodePFNotFound, says: []string{"only functions of this machine itself", "local-functions"},
		},
		{
			name: "admitted: the PF has its uplink's MAC", ports: plainNIC, local: true,
			pf: uplink, kind: representor.VF, number: 3, function: "pci/0000:18:00.0 c0pf0vf3 local", netdev: "ens785f0np0_3",
		},
		{
			name: "admitted, the controller may be given", ports: plainNIC, local: true, controller: devlink.Some(uint32(0)),
			pf: uplink, kind: representor.VF, number: 3, function: "pci/0000:18:00.0 c0pf0vf3 local", netdev: "ens785f0np0_3",
		},
		{
			name: "a plain NIC's PF has no representor of its own", ports: plainNIC, local: true,
			pf: uplink, kind: representor.PF,
			code: reason.CodeFunctionNotFound, says: []string{"no representor of its own"},
		},
		{
			name: "a VF's representor's MAC is nobody's MAC", ports: plainNIC, local: true,
			pf: "02:00:00:00:00:03", kind: representor.VF, number: 3, code: reason.CodePFNotFound,
		},
		{
			name: "without any VF the PF is known all the same", local: true,
			ports: "pci/0000:18:00.0/0: type eth netdev ens785f0np0 flavour physical port 0 netdev_addr 00:53:00:00:00:30",
			pf:    uplink, kind: representor.VF, number: 3,
			code: reason.CodeFunctionNotFound, says: []string{"has no VF 3: it has no VF at all"},
		},
		{
			name: "an uplink on an instance of its own is that of the card its netdev stands on", ports: auxiliaryUplink, local: true,
			pf: uplink, kind: representor.VF, number: 4, function: "pci/0000:07:00.0 c0pf0vf4 local", netdev: "enp7s0f0np0r4",
		},
		{
			name: "also before that card has any VF", local: true, ports: strings.SplitAfter(auxiliaryUplink, "\n")[1],
			pf: uplink, kind: representor.VF, number: 4,
			code: reason.CodeFunctionNotFound, says: []string{"pci/0000:07:00.0 c0pf0 local", "has no VF 4: it has no VF at all"},
		},
		{
			name:  "where nothing tells what the netdev stands on, nothing is concluded",
			ports: strings.ReplaceAll(auxiliaryUplink, " parent pci/0000:07:00.0", ""), local: true,
			pf: uplink, kind: representor.VF, number: 4,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:07:00.0 c0pf0 local"}, says: []string{"uplink's netdev"},
		},
		{
			name: "nor where the netdev isn't ours to see", ports: auxiliaryUplink, local: true,
			card: func(c *representor.Card) { delete(c.Links, c.Ports[0].IfIndex) },
			pf:   uplink, kind: representor.VF, number: 4,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:07:00.0 c0pf0 local"},
		},
		{
			name: "a card with an uplink of its own has no other's", local: true, ports: auxiliaryUplink +
				"pci/0000:07:00.0/65535: type eth netdev p0 flavour physical port 0 netdev_addr 00:53:00:00:00:31 parent pci/0000:07:00.0",
			pf: "00:53:00:00:00:31", kind: representor.VF, number: 4, function: "pci/0000:07:00.0 c0pf0vf4 local", netdev: "enp7s0f0np0r4",
		},
		{
			name: "an uplink that stands on another card says nothing of this one", local: true,
			ports: strings.Replace(auxiliaryUplink, "parent pci/0000:07:00.0", "parent pci/0000:08:00.0", 1),
			pf:    uplink, kind: representor.VF, number: 4,
			code: reason.CodeFunctionNotFound, says: []string{"pci/0000:08:00.0 c0pf0 local"},
		},
		{
			name: "an SF that this machine uses is no PF, though its driver calls its port physical", local: true,
			ports: "auxiliary/mlx5_core.sf.2/6619136: type eth netdev enp3s0f0s0 flavour physical port 0 netdev_addr 00:53:00:00:00:30 parent " +
				"auxiliary/mlx5_core.sf.2",
			pf: uplink, kind: representor.VF,
			code: reason.CodePFNotFound, says: []string{"no PF of a host at all"},
		},
		{
			name: "an uplink that is numbered as the card's port is that of its PCI function's PF", local: true, ports: portOne,
			pf: uplink, kind: representor.VF, number: 4, function: "pci/0000:07:00.0 c0pf0vf4 local", netdev: "enp7s0f0np0r4",
		},
		{
			name: "but of no other PF that has another number", local: true, ports: strings.Replace(portOne, "pfnum 0", "pfnum 2", 1),
			pf: uplink, kind: representor.VF, number: 4,
			code: reason.CodeFunctionNotFound, says: []string{"pci/0000:07:00.0 c0pf1 local", "has no VF 4"},
		},
		{
			name: "nor where that PCI function has several", local: true, ports: portOne +
				"auxiliary/mlx5_core.eth.1/65535: type eth netdev p2 flavour physical port 2 netdev_addr 00:53:00:00:00:31 parent pci/0000:07:00.0",
			pf: uplink, kind: representor.VF, number: 4,
			code: reason.CodeFunctionNotFound, says: []string{"pci/0000:07:00.0 c0pf1 local", "has no VF 4"},
		},
		{
			name: "nor where it may have", local: true, ports: portOne, controller: devlink.Some(uint32(0)),
			card: func(c *representor.Card) { c.MayLackPFs = true },
			pf:   uplink, kind: representor.VF, number: 4,
			code: reason.CodeFunctionNotFound, says: []string{"pci/0000:07:00.0 c0pf1 local", "has no VF 4"},
		},
		{
			name: "an uplink whose netdev isn't ours to see has no known MAC", ports: plainNIC, local: true,
			card: func(c *representor.Card) { delete(c.Links, c.Ports[0].IfIndex) },
			pf:   uplink, kind: representor.VF, number: 3,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:18:00.0 c0pf0 local"}, says: []string{"uplink's netdev"},
		},
		{
			name: "several uplinks of that number don't tell which is meant", ports: plainNIC +
				"pci/0000:18:00.0/1: type eth netdev ens785f0np0s1 flavour physical port 0 netdev_addr 00:53:00:00:00:39", local: true,
			pf: uplink, kind: representor.VF, number: 3,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:18:00.0 c0pf0 local"},
		},
		{
			name: "a PF with a pcipf port of its own isn't found by its uplink's MAC", ports: localPF, local: true,
			pf: uplink, kind: representor.VF, code: reason.CodePFNotFound,
		},
		{
			name: "but by its port's", ports: localPF, local: true,
			pf: "00:53:00:00:00:31", kind: representor.VF, function: "pci/0000:18:00.0 c0pf0vf0 local", netdev: "vf",
		},
		{
			name: "not admitted, a local PF with the MAC is told of", ports: localPF,
			pf: "00:53:00:00:00:31", kind: representor.VF,
			code: reason.CodePFNotFound, says: []string{"pci/0000:18:00.0 c0pf0 local has it", "local-functions"},
		},
		{
			name: "sysfs tells of the host's PF, not of a local one", local: true,
			ports: "pci/0000:18:00.0/1: type eth netdev pf flavour pcipf controller 0 pfnum 0 external false",
			card: func(c *representor.Card) {
				c.PFMACs = map[representor.Uplink]representor.MAC{{Handle: c.Ports[0].Handle}: mac(t, uplink)}
			},
			pf: uplink, kind: representor.PF,
			code: reason.CodePFMACUnknown, candidates: []string{"pci/0000:18:00.0 c0pf0 local"},
		},
		{
			name: "nor of a local one beside the host's", local: true,
			ports: `
pci/0000:18:00.0/1: type eth netdev pf flavour pcipf controller 0 pfnum 0 external false
pci/0000:18:00.0/2: type eth netdev hpf flavour pcipf controller 1 pfnum 0 external true`,
			card: func(c *representor.Card) {
				c.PFMACs = map[representor.Uplink]representor.MAC{{Handle: c.Ports[0].Handle}: mac(t, uplink)}
			},
			pf: uplink, kind: representor.PF, function: "pci/0000:18:00.0 c1pf0", netdev: "hpf",
		},
		{
			name: "a host's PF and our own with one MAC are two", ports: plainNIC + controllerZero, local: true,
			card: func(c *representor.Card) {
				for i, l := range c.Links {
					if l.Name == "ens785f0np0" {
						l.HWAddr = mac(t, "00:53:00:00:00:20")
						c.Links[i] = l
					}
				}
			},
			pf: "00:53:00:00:00:20", kind: representor.VF, number: 1,
			code: reason.CodePFAmbiguous, candidates: []string{"pci/0000:18:00.0 c0pf0 local", "pci/0000:c1:00.0 c0pf0"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}
