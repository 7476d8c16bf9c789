//go:build vm

package chaos

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/virtualdpu"
)

// cardState is the simulated cards with their PFs on the host's controller, and the
// DPU's own netdevs.
type cardState struct {
	run *run
	world
	now invariants.Card
	// index is the devlink port of each function, created the name of its first netdev.
	index   map[string]int
	created map[string]string
	next    int // index
	// strangers are the netdevs that no function has, by ifindex, with their own names.
	strangers map[int]string
}

func netdevName(n int) string { return fmt.Sprintf("rep%d", n) }

// pair draws a VF.
func (c *cardState) pair() (int, int) { return c.run.draw.IntN(len(c.pfs)), c.run.draw.IntN(c.vfs) }

func newCard(r *run) *cardState {
	c := &cardState{run: r, world: r.world, index: map[string]int{}, created: map[string]string{}, next: 10, strangers: map[int]string{}}
	c.now = invariants.Card{PFs: map[string]string{}, VFs: map[string]invariants.Netdev{}, Links: map[int]string{}, Claimed: map[int]bool{}}
	r.truth.Card = invariants.Timeline[invariants.Card]{{Value: c.now}}
	c.sim("reset", func(*invariants.Card) {}) // of what a run before left
	c.boot()
	c.ownNetdevs()
	vfs := 3
	if c.full {
		vfs = c.vfs
	}
	var added []function
	for p := range c.pfs {
		for v := range vfs {
			added = append(added, function{p, v, netdevName((vfs+1)*p + v)})
		}
	}
	c.addAll(added)
	return c
}

// boot makes the cards with their uplinks and PFs, as they are when the DPU comes up.
func (c *cardState) boot() {
	c.run.t.Helper()
	var commands []string
	for n, card := range c.cards() {
		commands = append(commands, fmt.Sprintf("dev add %s serial=MT2108X0000%d", card, n),
			fmt.Sprintf("port add %s 1000 flavour=physical port=%d netdev=%s peer=wire%d", card, n, uplink(n), n))
	}
	for n, p := range c.pfs {
		commands = append(commands, fmt.Sprintf("port add %s %d flavour=pcipf controller=1 external=1 pf=%d mac=%s netdev=pf%dhpf", p.card, n,
			p.number, c.mac(n), n))
	}
	c.sims(commands, func(now *invariants.Card) {
		for n := range c.pfs {
			now.PFs[c.pf(n)] = c.mac(n)
		}
	})
	for n := range c.cards() {
		c.strange(uplink(n), true)
	}
	for n := range c.pfs {
		c.now.Claimed[c.named(fmt.Sprintf("pf%dhpf", n))] = true
	}
}

func uplink(n int) string { return fmt.Sprintf("p%d", n) }

// ownNetdevs are those of the DPU that no devlink port has: its management NIC, as it
// were, and a container's.
func (c *cardState) ownNetdevs() {
	c.run.t.Helper()
	for _, l := range []netlink.Link{
		&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "oob_net0"}},
		&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "veth0"}, PeerName: "veth0-peer"},
	} {
		_ = netlink.LinkDel(l) // of what a run before left
		if err := netlink.LinkAdd(l); err != nil {
			c.run.t.Fatalf("netdev %s: %v", l.Attrs().Name, err)
		}
	}
	c.sim("", func(*invariants.Card) {})
	c.strange("oob_net0", false)
	c.strange("veth0", false)
}

// strange takes note of a netdev that no function has.
func (c *cardState) strange(name string, claimed bool) {
	c.run.t.Helper()
	index := c.named(name)
	if index == 0 {
		c.run.t.Fatalf("there is no netdev %s", name)
	}
	c.strangers[index] = name
	c.now.Claimed[index] = claimed
}

// named is the ifindex of a netdev, 0 for none.
func (c *cardState) named(name string) int {
	for index, n := range c.now.Links {
		if n == name {
			return index
		}
	}
	return 0
}

// change does something to the card. What it is before and after is told; names
// and indexes of netdevs are the kernel's.
func (c *cardState) change(do func() error, effect func(*invariants.Card)) error {
	begun := time.Now()
	if err := do(); err != nil {
		return err
	}
	now := c.now.Clone()
	effect(&now)
	now.Links = c.links()
	indexes := make(map[string]int, len(now.Links))
	for index, name := range now.Links {
		indexes[name] = index
	}
	for f, n := range now.VFs {
		n.IfIndex = indexes[n.Name]
		if n.Name != "" && n.IfIndex == 0 {
			c.run.t.Fatalf("%s has no netdev %s", f, n.Name)
		}
		now.VFs[f] = n
	}
	for index := range now.Claimed {
		if _, live := now.Links[index]; !live {
			delete(now.Claimed, index)
			delete(c.strangers, index)
		}
	}
	c.now = now
	c.run.truth.Card = append(c.run.truth.Card, invariants.Moment[invariants.Card]{Value: now, Begun: begun, Seen: time.Now()})
	return nil
}

// links are the names of all netdevs by ifindex.
func (c *cardState) links() map[int]string {
	links, err := netlink.LinkList()
	for err != nil {
		// A list that was interrupted by a change lacks what it lacks.
		if !errors.Is(err, netlink.ErrDumpInterrupted) || c.run.t.Context().Err() != nil {
			c.run.t.Fatal(err)
		}
		links, err = netlink.LinkList()
	}
	names := make(map[int]string, len(links))
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	return names
}

// sim gives the card a command that can't fail.
func (c *cardState) sim(command string, effect func(*invariants.Card)) {
	c.run.t.Helper()
	c.sims([]string{command}, effect)
}

// sims gives it several, which are one change.
func (c *cardState) sims(commands []string, effect func(*invariants.Card)) {
	c.run.t.Helper()
	if err := c.change(func() error {
		for _, command := range commands {
			if err := virtualdpu.Sim(command); err != nil {
				return err
			}
		}
		return nil
	}, effect); err != nil {
		c.run.t.Fatal(err)
	}
}

// function is a VF of a PF, and what its netdev is called, "none" for none.
type function struct {
	pf, vf int
	name   string
}

// add has a VF appear.
func (c *cardState) add(p, v int, name string) {
	c.run.t.Helper()
	c.addAll([]function{{p, v, name}})
}

// addAll has VFs appear, all at once.
func (c *cardState) addAll(added []function) {
	c.run.t.Helper()
	var commands []string
	for _, a := range added {
		f := c.vf(a.pf, a.vf)
		c.index[f], c.created[f] = c.next, a.name
		commands = append(commands, fmt.Sprintf("port add %s %d flavour=pcivf controller=1 external=1 pf=%d vf=%d netdev=%s peer=h%d",
			c.pfs[a.pf].card, c.next, c.pfs[a.pf].number, a.vf, a.name, c.next))
		c.next++
		if c.next == 1000 { // an uplink's
			c.next = 1010
		}
	}
	c.sims(commands, func(now *invariants.Card) {
		for _, a := range added {
			if a.name == "none" {
				a.name = ""
			}
			now.VFs[c.vf(a.pf, a.vf)] = invariants.Netdev{Name: a.name}
		}
	})
}

// port begins a command on the port of a function.
func (c *cardState) port(verb, f string) string {
	for n, p := range c.pfs {
		if strings.HasPrefix(f, c.pf(n)+"vf") {
			return fmt.Sprintf("port %s %s %d", verb, p.card, c.index[f])
		}
	}
	c.run.t.Fatalf("no PF has %s", f)
	return ""
}

func (c *cardState) del(f string) {
	c.run.t.Helper()
	c.sim(c.port("del", f), func(now *invariants.Card) { delete(now.VFs, f) })
}

// free draws a name that no netdev has, "" if all are taken.
func (c *cardState) free() string {
	first := c.run.draw.IntN(c.names)
	taken := map[string]bool{}
	for _, name := range c.now.Links {
		taken[name] = true
	}
	for i := range c.names {
		if name := netdevName((first + i) % c.names); !taken[name] {
			return name
		}
	}
	return ""
}

// step does one thing to the card.
func (c *cardState) step() string {
	p, v := c.pair()
	f, name, n := c.vf(p, v), c.free(), c.run.draw.IntN(100)
	op, ov := c.pair()
	other := c.vf(op, ov)
	netdev, there := c.now.VFs[f]
	otherNetdev, otherThere := c.now.VFs[other]
	switch {
	case n < 8:
		return c.remac(p)
	case n < 11:
		return c.reload()
	case n < 18:
		return c.takeName(f)
	case name == "":
		return "all names are taken"
	case !there:
		c.add(p, v, name)
		return fmt.Sprintf("%s appears as %s", f, name)
	case netdev.Name == "":
		c.sim(c.port("netdev", f)+" "+name, func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{Name: name} })
		c.created[f] = name
		return fmt.Sprintf("%s gets the netdev %s", f, name)
	case n < 25:
		c.del(f)
		return fmt.Sprintf("%s goes (%s)", f, netdev.Name)
	case n < 40:
		c.sim(c.port("nonetdev", f), func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{} })
		return fmt.Sprintf("%s loses the netdev %s", f, netdev.Name)
	case n < 55 && other != f && !otherThere:
		c.del(f)
		c.add(op, ov, netdev.Name)
		return fmt.Sprintf("%s goes and %s appears as %s", f, other, netdev.Name)
	case n < 70 && other != f && otherNetdev.Name != "":
		return c.exchangeNames(f, other)
	case n < 80:
		c.del(f)
		c.add(p, v, netdev.Name)
		return fmt.Sprintf("%s goes and comes back as %s", f, netdev.Name)
	}
	c.rename(f, name)
	return fmt.Sprintf("%s is renamed from %s to %s", f, netdev.Name, name)
}

// rename renames the netdev of a function.
func (c *cardState) rename(f, name string) {
	c.run.t.Helper()
	index := c.now.VFs[f].IfIndex
	err := c.change(func() error { return renameLink(index, name) }, func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{Name: name} })
	if err != nil {
		c.run.t.Fatalf("renaming the netdev of %s to %s: %v", f, name, err)
	}
}

// renameLink renames a netdev as udev would. Linux wants it to be down, and
// representord or ovs-vswitchd may set it up again within a moment.
func renameLink(index int, name string) error {
	link := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: index}}
	err := errors.New("not tried")
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); {
		if err = netlink.LinkSetDown(link); err == nil {
			err = netlink.LinkSetName(link, name)
		}
	}
	return err
}

// remac gives a PF another MAC, sometimes the one that another has. The kernel
// sends no word of it, so something that it does send word of follows.
func (c *cardState) remac(p int) string {
	mac := c.mac(c.run.draw.IntN(len(c.pfs) + 1))
	if c.run.draw.IntN(2) == 0 || c.full { // where all ports have one of two PFs no other MAC converges
		mac = c.mac(p)
	}
	card := c.pfs[p].card
	begun := time.Now()
	if err := virtualdpu.Sim(fmt.Sprintf("port mac %s %d %s", card, p, mac)); err != nil {
		c.run.t.Fatal(err)
	}
	// What representord sees of the change it may see from now on.
	c.sim(fmt.Sprintf("port add %s 9 flavour=pcipf controller=9 external=0 pf=9 netdev=none", card),
		func(now *invariants.Card) { now.PFs[c.pf(p)] = mac })
	c.run.truth.Card[len(c.run.truth.Card)-1].Begun = begun
	c.sim(fmt.Sprintf("port del %s 9", card), func(*invariants.Card) {})
	return fmt.Sprintf("%s has the MAC %s", c.pf(p), mac)
}
