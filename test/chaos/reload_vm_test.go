//go:build vm

package chaos

import (
	"fmt"
	"strings"

	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/virtualdpu"
)

// reload reloads a device. Its netdevs come back as they were created, which
// fails if that name was taken meanwhile.
func (c *cardState) reload() string {
	card := c.cards()[c.run.draw.IntN(len(c.cards()))]
	ours := func(f string) bool { return strings.HasPrefix(f, "platform/"+card+" ") }
	created := map[string]bool{}
	for n, name := range c.cards() {
		if index := c.named(uplink(n)); name == card && index == 0 {
			return "no reload: the uplink has another name"
		}
	}
	for f, n := range c.now.VFs {
		if !ours(f) {
			continue
		}
		if n.Name == "" || created[c.created[f]] {
			return "no reload: two netdevs were created with one name"
		}
		created[c.created[f]] = true
	}
	for f, n := range c.now.VFs {
		if !ours(f) && created[n.Name] {
			return "no reload: another card's netdev has a name"
		}
	}
	for index := range c.strangers {
		if created[c.now.Links[index]] {
			return "no reload: a netdev of no function has a name"
		}
	}
	err := c.change(func() error {
		virtualdpu.Run(c.run.t, "devlink", "dev", "reload", "platform/"+card)
		return nil
	}, func(now *invariants.Card) {
		for f := range now.VFs {
			if ours(f) {
				now.VFs[f] = invariants.Netdev{Name: c.created[f]}
			}
		}
	})
	if err != nil {
		c.run.t.Fatal(err)
	}
	c.claimAgain()
	return card + " reloads"
}

// claimAgain takes note of the netdevs of uplinks and PFs, which are others now.
func (c *cardState) claimAgain() {
	for n := range c.cards() {
		if index := c.named(uplink(n)); index != 0 && c.strangers[index] == "" {
			c.strange(uplink(n), true)
		}
	}
	for n := range c.pfs {
		if index := c.named(fmt.Sprintf("pf%dhpf", n)); index != 0 {
			c.now.Claimed[index] = true
		}
	}
}
