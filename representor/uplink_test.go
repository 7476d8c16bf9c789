package representor_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestUplinksAreThePhysicalPortsWithTheirNetdevs(t *testing.T) {
	c := card(t, blueFieldOld+`
pci/0000:03:00.0/9: type eth flavour physical
pci/0000:03:00.0/8: type eth netdev p0s1 flavour physical port 0
`)
	got := representor.NewIndex(c, representor.Settings{}).Uplinks()
	handle := func(device string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: device} }
	link := func(name string) representor.Link { return representor.Link{Name: name, MTU: 1500, Settled: true} }
	zero, one := devlink.Some[uint32](0), devlink.Some[uint32](1)
	want := []representor.UplinkPort{
		{Handle: handle("0000:03:00.0"), PortIndex: 8, Number: zero, IfIndex: 106, Link: link("p0s1")},
		{Handle: handle("0000:03:00.0"), PortIndex: 262143, Number: zero, IfIndex: 100, Link: link("p0")},
		{Handle: handle("0000:03:00.0"), PortIndex: 9},
		{Handle: handle("0000:03:00.1"), PortIndex: 327679, Number: one, IfIndex: 103, Link: link("p1")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnUplinksNetdevIsNoFunctions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCard(t)
		x := representor.NewIndex(c, drawSettings(t))
		uplinks, functions := x.Uplinks(), x.All()
		for _, u := range uplinks {
			if u.IfIndex != 0 && slices.ContainsFunc(functions, func(r representor.Representor) bool { return r.IfIndex == u.IfIndex }) {
				t.Fatalf("%+v has the netdev of a function", u)
			}
		}
		physical := 0
		for i := range c.Ports {
			if c.Ports[i].Flavour == devlink.FlavourPhysical {
				physical++
			}
		}
		if len(uplinks) != physical {
			t.Fatalf("%d uplinks of %d physical ports", len(uplinks), physical)
		}
		slices.Reverse(c.Ports)
		if other := representor.NewIndex(c, representor.Settings{}).Uplinks(); !slices.Equal(other, uplinks) {
			t.Fatalf("%+v with the ports in another order than %+v", other, uplinks)
		}
	})
}
