package representor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestCensus_CountsEveryPort(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	got := representor.NewIndex(c, representor.Settings{}).Census()
	want := map[representor.Class]int{}
	for _, p := range c.Ports {
		want[representor.Class{Flavour: p.Flavour, Controller: p.Controller}]++
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := got[representor.Class{Flavour: devlink.FlavourPCIPF, Controller: devlink.Some[uint32](1)}]; n == 0 {
		t.Errorf("no PF of controller 1: %v", got)
	}
}

func TestAmbiguousMACs_ThatSeveralPFsHaveAreCounted(t *testing.T) {
	t.Parallel()
	a, b := []byte{0, 0x53, 0, 0, 0, 1}, []byte{0, 0x53, 0, 0, 0, 2}
	pf := func(pf uint16, external bool, mac []byte) devlink.Port {
		return devlink.Port{
			Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: uint32(pf), Flavour: devlink.FlavourPCIPF,
			PF: devlink.Some(pf), External: devlink.Some(external), Function: &devlink.Function{HWAddr: mac},
		}
	}
	for name, c := range map[string]struct {
		ports []devlink.Port
		local bool
		want  int
	}{
		"none without a card":             {nil, false, 0},
		"none where each PF has its own":  {[]devlink.Port{pf(0, true, a), pf(1, true, b)}, false, 0},
		"one that three have":             {[]devlink.Port{pf(0, true, a), pf(1, true, a), pf(2, true, a)}, false, 1},
		"two that two have each":          {[]devlink.Port{pf(0, true, a), pf(1, true, a), pf(2, true, b), pf(3, true, b)}, false, 2},
		"not that which isn't known":      {[]devlink.Port{pf(0, true, nil), pf(1, true, make([]byte, 6))}, false, 0},
		"not a PF that isn't admitted":    {[]devlink.Port{pf(0, true, a), pf(1, false, a)}, false, 0},
		"a local PF where it is admitted": {[]devlink.Port{pf(0, true, a), pf(1, false, a)}, true, 1},
		"not one PF that is listed twice": {[]devlink.Port{pf(0, true, a), pf(0, true, a)}, false, 0},
	} {
		x := representor.NewIndex(representor.Card{Ports: c.ports, Complete: true}, representor.Settings{LocalFunctions: c.local})
		if got := x.AmbiguousMACs(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
