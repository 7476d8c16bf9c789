package representor_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func TestLookup_LooksAtTheNetdevAsItIsNow(t *testing.T) {
	t.Parallel()
	const host = "5c:25:73:37:70:5a"
	const vf0 = "pci/0000:03:00.0 c1pf0vf0"
	change := func(f func(*representor.Link)) func(*representor.Card) {
		return func(c *representor.Card) {
			l := c.Links[c.Ports[2].IfIndex]
			f(&l)
			c.Links[c.Ports[2].IfIndex] = l
		}
	}
	for _, tc := range []lookupCase{
		{
			name: "under its present name, not devlink's", ports: blueFieldNew,
			card: change(func(l *representor.Link) { l.Name = "pf0vf0_r" }),
			pf:   host, kind: representor.VF, function: vf0, netdev: "pf0vf0_r",
		},
		{
			name: "when another netdev has the name that devlink tells", ports: blueFieldNew,
			card: func(c *representor.Card) {
				a, b := c.Ports[2].IfIndex, c.Ports[3].IfIndex
				c.Links[a], c.Links[b] = c.Links[b], c.Links[a]
			},
			pf: host, kind: representor.VF, function: vf0, netdev: "c1pf0vf1",
		},
		{
			name: "not before udev is finished with it", ports: blueFieldNew,
			card: change(func(l *representor.Link) { l.Settled = false }),
			pf:   host, kind: representor.VF, function: vf0, netdev: "c1pf0vf0",
			code: reason.CodeNetdevSettling, says: []string{"udev", "c1pf0vf0"},
		},
		{
			name: "not while a Linux bridge has it", ports: blueFieldNew,
			card: change(func(l *representor.Link) { l.Master, l.MasterKind = "br0", "bridge" }),
			pf:   host, kind: representor.VF, function: vf0, netdev: "c1pf0vf0",
			code: reason.CodeNetdevHasMaster, says: []string{"c1pf0vf0", "bridge br0", "ip link set c1pf0vf0 nomaster"},
		},
		{
			name: "not while something has it whose kind the kernel doesn't tell", ports: blueFieldNew,
			card: change(func(l *representor.Link) { l.Master = "x0" }),
			pf:   host, kind: representor.VF, function: vf0, netdev: "c1pf0vf0",
			code: reason.CodeNetdevHasMaster, says: []string{"belongs to x0 already"},
		},
		{
			name: "not when the kernel says that it is no port's", ports: blueFieldNew,
			card: change(func(l *representor.Link) { l.TellsPort = true }),
			pf:   host, kind: representor.VF, function: vf0,
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327681"},
			says: []string{"c1pf0vf0", vf0, "pci/0000:03:00.0/327681", "rtnetlink that it is no devlink port's"}, saysNo: []string{"several"},
		},
		{
			name: "not when the kernel says that it is another port's", ports: blueFieldNew,
			card: change(func(l *representor.Link) {
				l.TellsPort, l.Port = true, devlink.Some(devlink.PortID{Handle: pci("0000:03:00.0"), Index: 9})
			}),
			pf: host, kind: representor.VF, function: vf0,
			code: reason.CodeFunctionAmbiguous, candidates: []string{"pci/0000:03:00.0/327681"},
			says: []string{"rtnetlink that it is that of devlink port pci/0000:03:00.0/9"}, saysNo: []string{"several"},
		},
		{
			name: "not when it is in another network namespace", ports: blueFieldNew,
			card: func(c *representor.Card) { delete(c.Links, c.Ports[2].IfIndex) },
			pf:   host, kind: representor.VF, function: vf0,
			code: reason.CodeNoNetdev, says: []string{vf0, "pci/0000:03:00.0/327681", "namespace"},
		},
		{
			name: "the function's state is told where the netdev is missing", ports: hostGone,
			card: func(c *representor.Card) { c.Ports[1].IfIndex = 0 },
			pf:   host, kind: representor.VF, function: vf0,
			code: reason.CodeNoNetdev, says: []string{"state inactive, opstate detached"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestByNetdev_SaysOnlyWhatIsCertain(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	byName := func(name string) uint32 {
		for i, l := range c.Links {
			if l.Name == name {
				return i
			}
		}
		t.Fatalf("no netdev %s", name)
		return 0
	}
	find := func(name string) string {
		r, ok := representor.NewIndex(c, representor.Settings{}).ByNetdev(name)
		if !ok {
			return ""
		}
		return r.Function.String()
	}
	for name, want := range map[string]string{
		"c1pf0vf0": "pci/0000:03:00.0 c1pf0vf0",
		"pf0vf0":   "pci/0000:03:00.0 c0pf0vf0 local",
		"pf0hpf":   "pci/0000:03:00.0 c1pf0",
		"p0":       "", "p0sf88": "", "lo": "", "": "",
	} {
		if got := find(name); got != want {
			t.Errorf("netdev %q is %q, want %q", name, got, want)
		}
	}
	l := c.Links[byName("pf0vf0")]
	l.Settled = false
	c.Links[byName("pf0vf0")] = l
	if got := find("pf0vf0"); got == "" {
		t.Error("a netdev that udev isn't finished with is not found")
	}
	before := maps.Clone(c.Links)
	c.Links[999] = representor.Link{Name: "c1pf0vf0"}
	if got := find("c1pf0vf0"); got != "" {
		t.Errorf("one of two netdevs of a name is taken for %q", got)
	}
	c.Links = before
	c.Ports = slices.Clone(c.Ports)
	c.Ports[3].IfIndex = c.Ports[2].IfIndex
	if got := find("c1pf0vf0"); got != "" {
		t.Errorf("a netdev that two functions claim is taken for %q", got)
	}
	if r, ok := representor.NewIndex(c, representor.Settings{}).ByFunction(called("pci/0000:03:00.0 c1pf0vf0")); !ok ||
		r.IfIndex != 0 || r.Link.Name != "" {
		t.Errorf("a function whose netdev is disputed is found with it: %v, %+v", ok, r)
	}
}

func TestByIfIndex_FindsTheRepresentorWhateverItsNameIs(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	ifindex, _, ok := representor.NewIndex(c, representor.Settings{}).LinkByName("c1pf0vf0")
	if !ok {
		t.Fatal("the card has no c1pf0vf0")
	}
	c.Links[ifindex] = representor.Link{Name: "renamed"}
	c.Links[999] = representor.Link{Name: "c1pf0vf0"} // no port's
	x := representor.NewIndex(c, representor.Settings{})
	if r, ok := x.ByIfIndex(ifindex); !ok || r.Function.String() != "pci/0000:03:00.0 c1pf0vf0" || r.Link.Name != "renamed" {
		t.Errorf("ifindex %d is %+v, %v", ifindex, r, ok)
	}
	for _, other := range []uint32{0, 999, 4711} {
		if r, ok := x.ByIfIndex(other); ok {
			t.Errorf("ifindex %d is %s", other, r.Function)
		}
	}
}

func TestLinks_AreFoundByIfIndexAndByPresentName(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	c.Links[7] = representor.Link{Name: "eth0", Up: true, MTU: 9000}
	c.Links[8] = representor.Link{Name: "twice"}
	c.Links[9] = representor.Link{Name: "twice"}
	x := representor.NewIndex(c, representor.Settings{})
	if l, ok := x.LinkByIfIndex(7); !ok || l != c.Links[7] {
		t.Errorf("ifindex 7 gives %+v, %v", l, ok)
	}
	if _, ok := x.LinkByIfIndex(6); ok {
		t.Error("ifindex 6 is found")
	}
	if i, l, ok := x.LinkByName("eth0"); !ok || i != 7 || l != c.Links[7] {
		t.Errorf("eth0 gives %d, %+v, %v", i, l, ok)
	}
	for _, name := range []string{"twice", "nothing", ""} {
		if i, _, ok := x.LinkByName(name); ok {
			t.Errorf("%q is found: ifindex %d", name, i)
		}
	}
	if complete, problem := x.Complete(); !complete || problem != "" {
		t.Errorf("complete %v, problem %q", complete, problem)
	}
}
