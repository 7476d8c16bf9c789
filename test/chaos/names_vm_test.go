//go:build vm

package chaos

import (
	"fmt"
	"maps"
	"slices"

	"github.com/representord/representord/test/invariants"
)

// takeName has a netdev that no function has, an uplink or one of the DPU's own, take the
// name of a function's whose netdev goes; or gives it back.
func (c *cardState) takeName(f string) string {
	all := slices.Sorted(maps.Keys(c.strangers))
	index := all[c.run.draw.IntN(len(all))]
	own, now := c.strangers[index], c.now.Links[index]
	name := c.now.VFs[f].Name
	if own != now && c.named(own) != 0 {
		return fmt.Sprintf("%s, which was %s, can't have its own name again", now, own)
	}
	if own != now {
		c.renameStranger(index, own)
		return fmt.Sprintf("%s, which was called %s, has its own name again", own, now)
	}
	if name == "" {
		return fmt.Sprintf("%s has no netdev whose name could be taken", f)
	}
	c.sim(c.port("nonetdev", f), func(now *invariants.Card) { now.VFs[f] = invariants.Netdev{} })
	c.renameStranger(index, name)
	return fmt.Sprintf("%s loses the netdev %s, and %s takes that name", f, name, own)
}

// ownNames gives the netdevs that no function has their own names, once no function has
// any netdev.
func (c *cardState) ownNames() {
	c.run.t.Helper()
	indexes := slices.Sorted(maps.Keys(c.strangers))
	names := make([]string, len(indexes))
	for i, index := range indexes {
		names[i] = c.strangers[index]
	}
	c.renameAll(indexes, names, nil)
}

func (c *cardState) renameStranger(index int, name string) {
	c.run.t.Helper()
	if err := c.change(func() error { return renameLink(index, name) }, func(*invariants.Card) {}); err != nil {
		c.run.t.Fatalf("renaming netdev %d to %s: %v", index, name, err)
	}
}

// deal gives the names of netdevs anew, in a way that is drawn: in a ring, by one or by
// more, or at random; of all functions, or of some that follow each other; with the
// netdevs that no function has, or without them.
func (c *cardState) deal() string {
	d := c.run.draw
	var indexes []int
	functions := map[int]string{}
	for _, f := range slices.Sorted(maps.Keys(c.now.VFs)) {
		if n := c.now.VFs[f]; n.Name != "" {
			indexes = append(indexes, n.IfIndex)
			functions[n.IfIndex] = f
		}
	}
	if d.IntN(3) == 0 && len(indexes) > 4 {
		first := d.IntN(len(indexes) - 2)
		indexes = indexes[first : first+2+d.IntN(len(indexes)-first-1)]
	}
	with := ""
	if d.IntN(2) == 0 {
		indexes, with = append(indexes, slices.Sorted(maps.Keys(c.strangers))...), " and of no function's"
	}
	if len(indexes) < 2 {
		return "there are no names to deal"
	}
	names := make([]string, len(indexes))
	for i, index := range indexes {
		names[i] = c.now.Links[index]
	}
	var how string
	switch n := d.IntN(4); n {
	case 0:
		names = append(names[1:], names[0])
		how = "each gets the next one's"
	case 1:
		by := d.IntN(len(names))
		names = append(slices.Clone(names[by:]), names[:by]...)
		how = fmt.Sprintf("each gets that of the one %d further", by)
	case 2:
		slices.Reverse(names)
		how = "in reverse"
	default:
		d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		how = "at random"
	}
	c.renameAll(indexes, names, functions)
	return fmt.Sprintf("the names of %d netdevs%s are dealt anew, %s", len(indexes), with, how)
}

// renameAll gives netdevs new names, which are those of others among them: by way of names
// that nobody has.
func (c *cardState) renameAll(indexes []int, names []string, functions map[int]string) {
	c.run.t.Helper()
	err := c.change(func() error {
		for i, index := range indexes {
			if names[i] == c.now.Links[index] {
				continue
			}
			if err := renameLink(index, fmt.Sprintf("between%d", i)); err != nil {
				return err
			}
		}
		for i, index := range indexes {
			if names[i] == c.now.Links[index] {
				continue
			}
			if err := renameLink(index, names[i]); err != nil {
				return err
			}
		}
		return nil
	}, func(now *invariants.Card) {
		for i, index := range indexes {
			if f := functions[index]; f != "" {
				now.VFs[f] = invariants.Netdev{Name: names[i]}
			}
		}
	})
	if err != nil {
		c.run.t.Fatalf("dealing names: %v", err)
	}
}

// exchange has two functions exchange the names of their netdevs.
func (c *cardState) exchange() string {
	var with []string
	for _, f := range slices.Sorted(maps.Keys(c.now.VFs)) {
		if c.now.VFs[f].Name != "" {
			with = append(with, f)
		}
	}
	if len(with) < 2 {
		return "there are no two names to exchange"
	}
	first := c.run.draw.IntN(len(with))
	return c.exchangeNames(with[first], with[(first+1+c.run.draw.IntN(len(with)-1))%len(with)])
}

func (c *cardState) exchangeNames(f, other string) string {
	name, otherName := c.now.VFs[f].Name, c.now.VFs[other].Name
	c.rename(f, "between")
	c.rename(other, name)
	c.rename(f, otherName)
	return fmt.Sprintf("%s (%s) and %s (%s) exchange their names", f, name, other, otherName)
}
