package representor_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func TestClaim_IsThePortOfANetdevWhateverItsFlavour(t *testing.T) {
	t.Parallel()
	vf0 := representor.Function{
		Handle:     devlink.Handle{Bus: "pci", Device: "0000:03:00.0"},
		Controller: devlink.Some(uint32(1)), External: true, Kind: representor.VF,
	}
	for name, tt := range map[string]struct {
		netdev string
		card   func(*representor.Card, uint32)
		want   representor.Claim
		none   bool
	}{
		"a VF's": {netdev: "c1pf0vf0", want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0}},
		"a VF's while devlink can't be read": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, _ uint32) { c.Complete, c.Problem = false, "it hangs" },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0},
		},
		"a VF's while its instance can't be read": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, _ uint32) { c.Blind = map[devlink.Handle]string{vf0.Handle: "it hangs"} },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0},
		},
		"an uplink's": {
			netdev: "p0", want: representor.Claim{Port: "pci/0000:03:00.0/262143", Flavour: devlink.FlavourPhysical},
		},
		"a function's that the machine uses": {
			netdev: "p0sf88", want: representor.Claim{Port: "auxiliary/mlx5_core.sf.4/1", Flavour: devlink.FlavourVirtual},
		},
		"nobody's": {netdev: "oob_net0", none: true},
		"a function's and the uplink's": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, ifindex uint32) { c.Ports[0].IfIndex = ifindex },
			want: representor.Claim{Port: "pci/0000:03:00.0/262143", Flavour: devlink.FlavourPhysical, Disputed: true},
		},
		"another port's, as rtnetlink says": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, ifindex uint32) { belongs(c, ifindex, vf0.Handle, 9) },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0, Disputed: true},
		},
		"no port's, as rtnetlink says": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, ifindex uint32) {
				l := c.Links[ifindex]
				l.TellsPort = true
				c.Links[ifindex] = l
			},
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0, Disputed: true},
		},
		"that port's, as rtnetlink says": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, ifindex uint32) { belongs(c, ifindex, vf0.Handle, 327681) },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Function: vf0},
		},
		"a port's that was not read": {
			netdev: "oob_net0", card: func(c *representor.Card, ifindex uint32) { belongs(c, ifindex, vf0.Handle, 9) },
			want: representor.Claim{Port: "pci/0000:03:00.0/9", Flavour: devlink.FlavourUnknown, Disputed: true},
		},
		"a port's that doesn't say which VF": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, _ uint32) { c.Ports[2].VF = devlink.Optional[uint16]{} },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: devlink.FlavourPCIVF, Disputed: true},
		},
		"a port's of a flavour that isn't known": {
			netdev: "c1pf0vf0", card: func(c *representor.Card, _ uint32) { c.Ports[2].Flavour = 99 },
			want: representor.Claim{Port: "pci/0000:03:00.0/327681", Flavour: 99, Disputed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, blueFieldNew)
			c.Links[7] = representor.Link{Name: "oob_net0", Settled: true}
			ifindex, _, _ := representor.NewIndex(c, representor.Settings{}).LinkByName(tt.netdev)
			if tt.card != nil {
				tt.card(&c, ifindex)
			}
			got, ok := representor.NewIndex(c, representor.Settings{}).ClaimOf(ifindex)
			if ok == tt.none || got != tt.want {
				t.Errorf("claimed by %+v, %v; want %+v", got, ok, tt.want)
			}
		})
	}
}

func pci(device string) devlink.Handle { return devlink.Handle{Bus: "pci", Device: device} }

// belongs has rtnetlink say which port a netdev belongs to.
func belongs(c *representor.Card, ifindex uint32, h devlink.Handle, port uint32) {
	l := c.Links[ifindex]
	l.Port, l.TellsPort = devlink.Some(devlink.PortID{Handle: h, Index: port}), true
	c.Links[ifindex] = l
}

func TestNeverAFunction_IsSaidOnlyOfWhatIsProved(t *testing.T) {
	t.Parallel()
	unread := func(c *representor.Card) { c.Complete = false }
	port := devlink.Some(devlink.PortID{Handle: pci("0000:03:00.0"), Index: 9})
	of := func(bus, device string) representor.Link {
		return representor.Link{Parent: devlink.Handle{Bus: bus, Device: device}, Settled: true}
	}
	for name, tt := range map[string]struct {
		link representor.Link
		card func(*representor.Card)
		want bool
	}{
		"nothing is told of it":               {link: representor.Link{Settled: true}},
		"the kernel tells of no port":         {link: representor.Link{TellsPort: true}, want: true},
		"also while devlink can't be read":    {link: representor.Link{TellsPort: true}, card: unread, want: true},
		"the kernel tells of a port":          {link: representor.Link{TellsPort: true, Port: port}},
		"a veth":                              {link: representor.Link{Kind: "veth"}, want: true},
		"a veth while devlink can't be read":  {link: representor.Link{Kind: "veth"}, card: unread, want: true},
		"of a kind, with a device behind it":  {link: representor.Link{Kind: "ipoib", Parent: pci("0000:03:00.0"), Settled: true}},
		"of a device on a bus of its own":     {link: of("platform", "MLNXBF17:00"), want: true},
		"the same before udev has finished":   {link: representor.Link{Parent: devlink.Handle{Bus: "platform", Device: "MLNXBF17:00"}}},
		"of an instance's own device":         {link: of("pci", "0000:03:00.0")},
		"of a device whose instance may come": {link: of("pci", "0000:09:00.0")},
		"of part of a device":                 {link: of("auxiliary", "x.eth.0")},
		"of another bus, the card incomplete": {
			link: of("usb", "1-1:1.0"),
			card: unread,
		},
		"of another bus, an instance blind": {
			link: of("usb", "1-1:1.0"),
			card: func(c *representor.Card) { c.Blind = map[devlink.Handle]string{pci("0000:03:00.0"): "it hangs"} },
		},
		"of another bus, ports missing": {
			link: of("usb", "1-1:1.0"),
			card: func(c *representor.Card) { c.MayLackPFs = true },
		},
		"of another bus, no card at all": {
			link: of("usb", "1-1:1.0"),
			card: func(c *representor.Card) { c.Ports = nil },
		},
		"a port claims it": {
			link: representor.Link{TellsPort: true, Kind: "veth"},
			card: func(c *representor.Card) { c.Ports[0].IfIndex = 7 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, hostGone)
			tt.link.Name = "x"
			c.Links[7] = tt.link
			if tt.card != nil {
				tt.card(&c)
			}
			why, got := representor.NewIndex(c, representor.Settings{}).NeverAFunction(7)
			if got != tt.want || got != (why != "") {
				t.Errorf("proved %v, %q; want %v", got, why, tt.want)
			}
		})
	}
	if _, proved := representor.NewIndex(card(t, hostGone), representor.Settings{}).NeverAFunction(7); proved {
		t.Error("a netdev that isn't there is proved to be none")
	}
}

// drawWholeCard is drawCard with what rtnetlink tells beside names, and with what can't
// be read.
func drawWholeCard(t *rapid.T) representor.Card {
	c := drawCard(t)
	c.Complete = rapid.Bool().Draw(t, "complete")
	c.LinksComplete = rapid.Bool().Draw(t, "links complete")
	c.MayLackPFs = rapid.Bool().Draw(t, "may lack PFs")
	if rapid.Bool().Draw(t, "blind") {
		c.Blind = map[devlink.Handle]string{drawHandle(t): "it hangs"}
	}
	for i, l := range c.Links {
		l.AltNames = rapid.SampledFrom([]string{"", "", "alt", "eth1", "alt\x00other", "two words"}).Draw(t, "alternative names")
		l.Kind = rapid.SampledFrom([]string{"", "", "veth"}).Draw(t, "kind")
		l.TellsPort = rapid.Bool().Draw(t, "tells ports")
		if l.TellsPort && rapid.Bool().Draw(t, "of a port") {
			l.Port = devlink.Some(devlink.PortID{Handle: drawHandle(t), Index: rapid.Uint32Range(0, 13).Draw(t, "port")})
		}
		bus := rapid.SampledFrom([]string{"", "pci", "usb", "auxiliary"}).Draw(t, "bus")
		if bus != "" {
			l.Parent = devlink.Handle{Bus: bus, Device: "0000:03:00.0"}
		}
		c.Links[i] = l
	}
	return c
}

func TestClaim_AgreesWithEverythingElseThatIsKnownOfANetdev(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		x := representor.NewIndex(c, representor.Settings{})
		for ifindex := range uint32(14) {
			claim, claimed := x.ClaimOf(ifindex)
			rep, found := x.ByIfIndex(ifindex)
			link, live := x.LinkByIfIndex(ifindex)
			functions, ports := map[representor.Function]bool{}, 0
			for i := range c.Ports {
				if p := &c.Ports[i]; p.IfIndex == ifindex && ifindex != 0 {
					f, _ := x.FunctionOf(p)
					functions[f] = true
					ports++
				}
			}
			switch {
			case claimed != (ports > 0 || link.Port.Present):
				t.Fatalf("%d: claimed %v by %+v, with %d ports and %+v", ifindex, claimed, claim, ports, link)
			case found && (!claimed || claim.Disputed || claim.Function != rep.Function):
				t.Fatalf("%d is %s, and claimed by %+v", ifindex, rep.Function, claim)
			case found && link.TellsPort && link.Port != devlink.Some(devlink.PortID{Handle: rep.Function.Handle, Index: rep.PortIndex}):
				t.Fatalf("%d is %s by port %d, and rtnetlink says of %+v", ifindex, rep.Function, rep.PortIndex, link.Port)
			case live && claimed && !claim.Disputed && claim.Function.Kind != 0 && !found && ifindex != 0:
				t.Fatalf("%d is claimed by %+v, and nobody's", ifindex, claim)
			case len(functions) > 1 && !claim.Disputed:
				t.Fatalf("%d is claimed for %v: %+v", ifindex, functions, claim)
			case !claimed && claim != (representor.Claim{}):
				t.Fatalf("%d: no claim, and %+v", ifindex, claim)
			}
		}
	})
}

func TestClaim_DoesNotDependOnOrderNorOnWhatCanBeReadNow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		other := c
		other.Ports = rapid.Permutation(c.Ports).Draw(t, "order")
		other.Complete, other.LinksComplete, other.MayLackPFs, other.Blind = false, false, true, nil
		x, y := representor.NewIndex(c, representor.Settings{}), representor.NewIndex(other, representor.Settings{})
		for ifindex := range uint32(14) {
			a, ok := x.ClaimOf(ifindex)
			b, okay := y.ClaimOf(ifindex)
			if a != b || ok != okay {
				t.Fatalf("%d is claimed by %+v or %+v", ifindex, a, b)
			}
		}
	})
}

func TestNeverAFunction_IsNotSaidOfWhatAPortClaimsNorForKnowingLess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		less := c
		less.Links = map[uint32]representor.Link{}
		for i, l := range c.Links {
			switch rapid.SampledFrom([]string{"nothing", "settled", "kind", "parent", "port"}).Draw(t, "not known") {
			case "settled":
				l.Settled = false
			case "kind":
				l.Kind = ""
			case "parent":
				if l.Kind == "" { // before Linux 5.14, where no netdev with a kind has a port
					l.Parent = devlink.Handle{}
				}
			case "port":
				l.TellsPort, l.Port = false, devlink.Optional[devlink.PortID]{}
			}
			less.Links[i] = l
		}
		less.Complete = c.Complete && rapid.Bool().Draw(t, "still complete")
		x, y := representor.NewIndex(c, representor.Settings{}), representor.NewIndex(less, representor.Settings{})
		for ifindex := range uint32(14) {
			_, claimed := x.ClaimOf(ifindex)
			why, proved := x.NeverAFunction(ifindex)
			_, unsure := y.NeverAFunction(ifindex)
			_, told := c.Links[ifindex]
			switch {
			case proved != (why != ""):
				t.Fatalf("%d: proved %v, %q", ifindex, proved, why)
			case proved && (claimed || !told):
				t.Fatalf("%d is claimed (%v) or not there, and %s", ifindex, claimed, why)
			case unsure && !proved && !c.Links[ifindex].Port.Present:
				t.Fatalf("%d is proved by knowing less: %+v, %+v", ifindex, c.Links[ifindex], less.Links[ifindex])
			}
		}
	})
}
