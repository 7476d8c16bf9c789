package representor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestInstance_ServesAHostWhenAnyOfItsFunctionsIsAHosts(t *testing.T) {
	handle := func(device string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: device} }
	port := func(device string, index uint32, external devlink.Optional[bool], number uint16) devlink.Port {
		return devlink.Port{
			Handle: handle(device), Index: index, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIPF,
			External: external, PF: devlink.Some(number),
		}
	}
	x := representor.NewIndex(representor.Card{
		Ports: []devlink.Port{
			port("0000:04:00.0", 1, devlink.Some(false), 0),
			port("0000:03:00.0", 1, devlink.Some(false), 0),
			port("0000:03:00.0", 2, devlink.Some(true), 1),
			port("0000:05:00.0", 1, devlink.Optional[bool]{}, 0), // an old kernel's functions are all a host's
			{Handle: handle("0000:07:00.0"), Index: 1, Flavour: devlink.FlavourPhysical},
		},
		Serials: map[devlink.Handle]representor.Serial{
			handle("0000:03:00.0"): {Number: "MT1", From: representor.SerialFromVPD},
			handle("0000:06:00.0"): {Number: "MT6", From: representor.SerialFromDevlink},
		},
		Complete: true,
	}, representor.Settings{})
	want := []representor.Instance{
		{Handle: handle("0000:03:00.0"), HostFacing: true, Serial: representor.Serial{Number: "MT1", From: representor.SerialFromVPD}},
		{Handle: handle("0000:04:00.0")},
		{Handle: handle("0000:05:00.0"), HostFacing: true},
		{Handle: handle("0000:06:00.0"), Serial: representor.Serial{Number: "MT6", From: representor.SerialFromDevlink}},
	}
	if diff := cmp.Diff(want, x.Instances()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
