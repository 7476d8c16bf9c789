package representor_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestUplinks_AreThePhysicalPortsWithTheirNetdevs(t *testing.T) {
	c := card(t, blueFieldOld+`
pci/0000:03:00.0/9: type eth flavour physical
pci/0000:03:00.0/8: type eth netdev p0s1 flavour physical port 0
`)
	got := representor.NewIndex(c, representor.Settings{}).Uplinks()
	handle := func(device string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: device} }
	link := func(name string) representor.Link { return representor.Link{Name: name, MTU: 1500, Settled: true} }
	zero, one := devlink.Some[uint32](0), devlink.Some[uint32](1)
	want := []representor.UplinkPort{
		{Handle: handle("0000:03:00.0"), Card: handle("0000:03:00.0"), PortIndex: 8, Number: zero, IfIndex: 106, Link: link("p0s1")},
		{Handle: handle("0000:03:00.0"), Card: handle("0000:03:00.0"), PortIndex: 262143, Number: zero, IfIndex: 100, Link: link("p0")},
		{Handle: handle("0000:03:00.0"), Card: handle("0000:03:00.0"), PortIndex: 9},
		{Handle: handle("0000:03:00.1"), Card: handle("0000:03:00.1"), PortIndex: 327679, Number: one, IfIndex: 103, Link: link("p1")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestUplink_IsOfTheCardThatItsNetdevStandsOn(t *testing.T) {
	t.Parallel()
	card07 := pci("0000:07:00.0")
	eth0 := devlink.Handle{Bus: "auxiliary", Device: "mlx5_core.eth.0"}
	for name, tt := range map[string]struct {
		ports string
		card  func(*representor.Card)
		want  devlink.Handle
	}{
		"an instance of its own":          {ports: auxiliaryUplink, want: card07},
		"the same, no function there yet": {ports: strings.SplitAfter(auxiliaryUplink, "\n")[1], want: card07},
		"what it stands on isn't told":    {ports: strings.ReplaceAll(auxiliaryUplink, " parent pci/0000:07:00.0", "")},
		"its netdev isn't ours to see":    {ports: auxiliaryUplink, card: func(c *representor.Card) { c.Links = nil }},
		"its netdev is another port's, as rtnetlink says": {ports: auxiliaryUplink, card: func(c *representor.Card) {
			belongs(c, c.Ports[0].IfIndex, card07, 5)
		}},
		"its port has no netdev": {ports: auxiliaryUplink, card: func(c *representor.Card) { c.Ports[0].IfIndex = 0 }},
		"the card's own instance, told": {ports: strings.ReplaceAll(auxiliaryUplink, "auxiliary/mlx5_core.eth.0", "pci/0000:07:00.0"),
			want: card07},
		"the card's own instance, not told": {ports: strings.SplitAfter(plainNIC, "\n")[1], want: pci("0000:18:00.0")},
		"on a device that is no instance": {ports: strings.ReplaceAll(plainNIC, "netdev_addr 00:53:00:00:00:30", "parent pci/0000:99:00.0"),
			want: pci("0000:18:00.0")},
		"of an SF that this machine uses": {ports: strings.ReplaceAll(auxiliaryUplink, "parent pci/0000:07:00.0",
			"parent auxiliary/mlx5_core.eth.0"), want: eth0},
		"on the card of another, not auxiliary": {ports: strings.ReplaceAll(auxiliaryUplink, "auxiliary/", "platform/"), want: card07},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, tt.ports)
			if tt.card != nil {
				tt.card(&c)
			}
			uplinks := representor.NewIndex(c, representor.Settings{}).Uplinks()
			if len(uplinks) != 1 || uplinks[0].Card != tt.want {
				t.Errorf("%+v, want one of %s", uplinks, tt.want)
			}
		})
	}
}

func TestUplink_TheNetdevIsNoFunctions(t *testing.T) {
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
