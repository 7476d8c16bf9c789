//go:build vm

package chaos

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/virtualdpu"
)

// vfs is how many VFs a PF may have; names how many names their netdevs share.
const (
	vfs   = 4
	names = 10
)

// pfMACs are the MACs of the two PFs, and one that is nobody's at first.
func pfMACs() [3]string {
	return [3]string{"00:53:00:00:00:40", "00:53:00:00:00:41", "00:53:00:00:00:42"}
}

// cardState is the simulated card, with two PFs on the host's controller.
type cardState struct {
	run *run
	now invariants.Card
	// index is the devlink port of each function, created the name of its first netdev.
	index   map[string]int
	created map[string]string
	next    int // index
}

func pf(n int) string                 { return fmt.Sprintf("platform/card0 c1pf%d", n) }
func vf(pfNumber, n int) string       { return fmt.Sprintf("%svf%d", pf(pfNumber), n) }
func netdevName(n int) string         { return fmt.Sprintf("rep%d", n) }
func (c *cardState) pair() (int, int) { return c.run.draw.IntN(2), c.run.draw.IntN(vfs) }

func newCard(r *run) *cardState {
	c := &cardState{run: r, index: map[string]int{}, created: map[string]string{}, next: 10}
	c.now = invariants.Card{PFs: map[string]string{}, VFs: map[string]invariants.Netdev{}, Links: map[int]string{}}
	r.truth.Card = invariants.Timeline[invariants.Card]{{Value: c.now}}
	c.sim("reset", func(*invariants.Card) {}) // of what a run before left
	c.sim("dev add card0 serial=MT2108X00001", func(*invariants.Card) {})
	for n := range 2 {
		c.sim(fmt.Sprintf("port add card0 %d flavour=pcipf controller=1 external=1 pf=%d mac=%s netdev=pf%dhpf", n, n, pfMACs()[n], n),
			func(now *invariants.Card) { now.PFs[pf(n)] = pfMACs()[n] })
		for v := range 3 {
			c.add(n, v, netdevName(4*n+v))
		}
	}
	return c
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
	links, err := netlink.LinkList()
	for err != nil {
		// A list that was interrupted by a change lacks what it lacks.
		if !errors.Is(err, netlink.ErrDumpInterrupted) || c.run.t.Context().Err() != nil {
			c.run.t.Fatal(err)
		}
		links, err = netlink.LinkList()
	}
	now.Links = map[int]string{}
	indexes := map[string]int{}
	for _, l := range links {
		now.Links[l.Attrs().Index] = l.Attrs().Name
		indexes[l.Attrs().Name] = l.Attrs().Index
	}
	for f, n := range now.VFs {
		n.IfIndex = indexes[n.Name]
		if n.Name != "" && n.IfIndex == 0 {
			c.run.t.Fatalf("%s has no netdev %s", f, n.Name)
		}
		now.VFs[f] = n
	}
	c.now = now
	c.run.truth.Card = append(c.run.truth.Card, invariants.Moment[invariants.Card]{Value: now, Begun: begun, Seen: time.Now()})
	return nil
}

// sim gives the card a command that can't fail.
func (c *cardState) sim(command string, effect func(*invariants.Card)) {
	c.run.t.Helper()
	if err := c.change(func() error { return virtualdpu.Sim(command) }, effect); err != nil {
		c.run.t.Fatal(err)
	}
}

func (c *cardState) add(p, v int, name string) {
	c.run.t.Helper()
	f := vf(p, v)
	c.index[f], c.created[f] = c.next, name
	c.next++
	c.sim(fmt.Sprintf("port add card0 %d flavour=pcivf controller=1 external=1 pf=%d vf=%d netdev=%s peer=h%d", c.index[f], p, v, name, c.index[f]),
		func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{Name: name} })
}

func (c *cardState) del(f string) {
	c.run.t.Helper()
	c.sim(fmt.Sprintf("port del card0 %d", c.index[f]), func(now *invariants.Card) { delete(now.VFs, f) })
}

// free draws a name that no netdev has.
func (c *cardState) free() string {
	first := c.run.draw.IntN(names)
	for i := range names {
		name := netdevName((first + i) % names)
		if c.holder(name) == "" {
			return name
		}
	}
	return ""
}

// holder is the function whose netdev has a name.
func (c *cardState) holder(name string) string {
	for f, n := range c.now.VFs {
		if n.Name == name {
			return f
		}
	}
	return ""
}

// step does one thing to the card.
func (c *cardState) step() string {
	p, v := c.pair()
	f, name, n := vf(p, v), c.free(), c.run.draw.IntN(100)
	op, ov := c.pair()
	other := vf(op, ov)
	netdev, there := c.now.VFs[f]
	otherNetdev, otherThere := c.now.VFs[other]
	switch {
	case n < 8:
		return c.mac(p)
	case n < 11:
		return c.reload()
	case !there:
		c.add(p, v, name)
		return fmt.Sprintf("%s appears as %s", f, name)
	case netdev.Name == "":
		c.sim(fmt.Sprintf("port netdev card0 %d %s", c.index[f], name), func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{Name: name} })
		c.created[f] = name
		return fmt.Sprintf("%s gets the netdev %s", f, name)
	case n < 25:
		c.del(f)
		return fmt.Sprintf("%s goes (%s)", f, netdev.Name)
	case n < 40:
		c.sim(fmt.Sprintf("port nonetdev card0 %d", c.index[f]), func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{} })
		return fmt.Sprintf("%s loses the netdev %s", f, netdev.Name)
	case n < 55 && other != f && !otherThere:
		c.del(f)
		c.add(op, ov, netdev.Name)
		return fmt.Sprintf("%s goes and %s appears as %s", f, other, netdev.Name)
	case n < 70 && other != f && otherNetdev.Name != "":
		c.rename(f, "between")
		c.rename(other, netdev.Name)
		c.rename(f, otherNetdev.Name)
		return fmt.Sprintf("%s (%s) and %s (%s) exchange their names", f, netdev.Name, other, otherNetdev.Name)
	case n < 80:
		c.del(f)
		c.add(p, v, netdev.Name)
		return fmt.Sprintf("%s goes and comes back as %s", f, netdev.Name)
	}
	c.rename(f, name)
	return fmt.Sprintf("%s is renamed from %s to %s", f, netdev.Name, name)
}

// rename renames a netdev as udev would. Linux wants it to be down, and
// representord may set it up again within a moment.
func (c *cardState) rename(f, name string) {
	c.run.t.Helper()
	err := c.change(func() error {
		link, err := netlink.LinkByName(c.now.VFs[f].Name)
		if err != nil {
			return err
		}
		err = errors.New("not tried")
		for deadline := time.Now().Add(patience); err != nil && time.Now().Before(deadline); {
			if err = netlink.LinkSetDown(link); err == nil {
				err = netlink.LinkSetName(link, name)
			}
		}
		return err
	}, func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{Name: name} })
	if err != nil {
		c.run.t.Fatalf("renaming the netdev of %s to %s: %v", f, name, err)
	}
}

// mac gives a PF another MAC, sometimes the one that the other has. The kernel
// sends no word of it, so something that it does send word of follows.
func (c *cardState) mac(p int) string {
	mac := pfMACs()[c.run.draw.IntN(3)]
	if c.run.draw.IntN(2) == 0 {
		mac = pfMACs()[p]
	}
	command := fmt.Sprintf("port mac card0 %d %s", p, mac)
	begun := time.Now()
	if err := virtualdpu.Sim(command); err != nil {
		c.run.t.Fatal(err)
	}
	// What representord sees of the change it may see from now on.
	c.sim("port add card0 9 flavour=pcipf controller=9 external=0 pf=9 netdev=none", func(now *invariants.Card) { now.PFs[pf(p)] = mac })
	c.run.truth.Card[len(c.run.truth.Card)-1].Begun = begun
	c.sim("port del card0 9", func(*invariants.Card) {})
	return fmt.Sprintf("%s has the MAC %s", pf(p), mac)
}

// reload reloads the device. Its netdevs come back as they were created, which
// fails if that name was taken meanwhile.
func (c *cardState) reload() string {
	created := map[string]bool{}
	for f, n := range c.now.VFs {
		if n.Name == "" || created[c.created[f]] {
			return "no reload: two netdevs were created with one name"
		}
		created[c.created[f]] = true
	}
	err := c.change(func() error {
		virtualdpu.Run(c.run.t, "devlink", "dev", "reload", "platform/card0")
		return nil
	}, func(now *invariants.Card) {
		for f := range now.VFs {
			now.VFs[f] = invariants.Netdev{Name: c.created[f]}
		}
	})
	if err != nil {
		c.run.t.Fatal(err)
	}
	return "the device reloads"
}
