package representor_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/representor"
)

func TestNetdev_IsFoundByItsAlternativeNamesAsTheKernelDoes(t *testing.T) {
	t.Parallel()
	c := card(t, blueFieldNew)
	ifindex, link, _ := representor.NewIndex(c, representor.Settings{}).LinkByName("c1pf0vf0")
	link.AltNames = "enp3s0f0c1pf0vf0\x00two words\x00p0\x00shared"
	c.Links[ifindex] = link
	c.Links[7] = representor.Link{Name: "other", AltNames: "shared"}
	x := representor.NewIndex(c, representor.Settings{})
	for name, want := range map[string]string{
		"c1pf0vf0": "c1pf0vf0", "enp3s0f0c1pf0vf0": "c1pf0vf0", "two words": "c1pf0vf0",
		"p0":     "p0", // a netdev's own name wins
		"shared": "",   // of two netdevs; the kernel has no such thing
		"two":    "", "words": "", "": "",
	} {
		if _, l, ok := x.LinkByName(name); ok != (want != "") || l.Name != want {
			t.Errorf("%q is %q, %v; want %q", name, l.Name, ok, want)
		}
		rep, ok := x.ByNetdev(name)
		if isVF := want == "c1pf0vf0"; ok != isVF || isVF && rep.IfIndex != ifindex {
			t.Errorf("%q is the netdev of %s, %v", name, rep.Function, ok)
		}
	}
}

func TestNetdev_OfANameIsTheOneThatHasItOrNone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		x := representor.NewIndex(c, representor.Settings{})
		for _, name := range []string{"eth0", "eth1", "eth2", "twice", "alt", "other", "two words", "two", ""} {
			var primary, alternative []uint32
			for i, l := range c.Links {
				if l.Name == name {
					primary = append(primary, i)
				}
				if name != "" && slices.Contains(strings.Split(l.AltNames, "\x00"), name) {
					alternative = append(alternative, i)
				}
			}
			if len(primary) > 0 {
				alternative = primary
			}
			i, l, ok := x.LinkByName(name)
			certain := len(alternative) == 1 && alternative[0] != 0
			if ok != certain || ok && (i != alternative[0] || l != c.Links[i]) {
				t.Fatalf("%q is %d, %v; want one of %v", name, i, ok, alternative)
			}
			rep, is := x.ByNetdev(name)
			if other, isToo := x.ByIfIndex(i); ok && (rep != other || is != isToo) || !ok && is {
				t.Fatalf("%q is %+v by name, %+v by ifindex %d", name, rep, other, i)
			}
		}
	})
}
