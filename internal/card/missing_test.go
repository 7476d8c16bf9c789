package card

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// twoCards is a kernel with two instances of a PF and four VFs each; the last VF of
// the second has no netdev.
func twoCards() *kernel {
	k := newKernel()
	ifindex := uint32(10)
	for _, h := range []devlink.Handle{pci("0000:03:00.0"), pci("0000:03:00.1")} {
		k.ports = append(k.ports, pf(h, 0, []byte{0, 0x53, 0, 0, 0, byte(ifindex)}, 0))
		for i := range uint16(4) {
			k.ports = append(k.ports, vf(h, 0, i, ifindex))
			k.links = append(k.links, netdev.Link{IfIndex: ifindex, Name: "rep" + string(rune('a'+ifindex-10))})
			ifindex++
		}
	}
	return k
}

// known lists the functions of an index.
func known(x *representor.Index) []string {
	var functions []string
	for _, r := range x.All() {
		functions = append(functions, strings.TrimPrefix(r.Function.String(), "pci/0000:03:00."))
	}
	return functions
}

func wantKnown(t *testing.T, w *Watcher, when string, missing ...string) {
	t.Helper()
	var want []string
	for _, f := range known(representor.NewIndex(representor.Card{Ports: twoCards().ports}, representor.Settings{})) {
		lacks := false
		for _, m := range missing {
			lacks = lacks || f == m
		}
		if !lacks {
			want = append(want, f)
		}
	}
	if got := known(w.Index()); strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("%s: known are %v; want %v", when, got, want)
	}
}

func TestMissing_PortsThatTheKernelsListLostAreAskedForOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		k.old = true
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		wantKnown(t, w, "at first")

		unreadable := k.ports[2].ID()
		k.change(func(k *kernel) { k.unreadable = unreadable })
		k.portEvents.poke()
		pass(time.Second)
		wantKnown(t, w, "with a port that can't be read", "0 c1pf0vf1")
		complete, problem := w.Index().Complete()
		if !complete || !strings.Contains(problem, "1 can't be read, the first is pci/0000:03:00.0/131073 (message too long)") {
			t.Errorf("complete %v, problem %q; want true and the port named", complete, problem)
		}
		if c := w.Counters().Ports; c.Malformed == 0 || c.Failures != 0 {
			t.Errorf("counters %+v; want the port counted as left out and no failure", c)
		}

		pass(3 * time.Minute)
		wantKnown(t, w, "audits later", "0 c1pf0vf1")

		k.change(func(k *kernel) { k.unreadable = devlink.PortID{} })
		k.portEvents.poke()
		pass(time.Second)
		wantKnown(t, w, "once it can be read again")
		if complete, problem := w.Index().Complete(); !complete || problem != "" {
			t.Errorf("complete %v, problem %q; want true and none", complete, problem)
		}
	})
}

func TestMissing_APortThatCouldNotBeReadAndWentIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		k.old = true
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		k.change(func(k *kernel) { k.unreadable = k.ports[2].ID() })
		k.portEvents.poke()
		pass(time.Second)
		k.change(func(k *kernel) { k.ports = append(k.ports[:2:2], k.ports[3:]...) })
		k.portEvents.poke()
		pass(time.Second)
		wantKnown(t, w, "once it is gone", "0 c1pf0vf1")
		if complete, problem := w.Index().Complete(); !complete || problem != "" {
			t.Errorf("complete %v, problem %q; want true and none", complete, problem)
		}
		k.change(func(k *kernel) { k.singles = 0 })
		pass(10 * time.Minute)
		if k.singles != 0 {
			t.Errorf("%d questions for ports that are gone or listed; want none", k.singles)
		}
	})
}

func TestMissing_AnotherInstanceIsKnownFromTheStartWhereTheKernelListsItByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		k.unreadable = k.ports[0].ID()
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		wantKnown(t, w, "the first instance's first port can't be read",
			"0 c1pf0", "0 c1pf0vf0", "0 c1pf0vf1", "0 c1pf0vf2", "0 c1pf0vf3")
		if complete, problem := w.Index().Complete(); !complete || !strings.Contains(problem, "list of devlink ports is short") {
			t.Errorf("complete %v, problem %q; want true and that the list is short", complete, problem)
		}
	})
}

func TestMissing_PortsThatNetdevsBelongToAreKnownFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		k.old = true
		k.unreadable = k.ports[2].ID()
		for i := range k.links {
			for _, p := range k.ports {
				if p.IfIndex == k.links[i].IfIndex {
					k.links[i].Port = &netdev.Port{Bus: p.Handle.Bus, Device: p.Handle.Device, Index: p.Index}
				}
			}
		}
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		// The second instance's PF has no netdev, so nothing tells of it.
		wantKnown(t, w, "with ports known by their netdevs", "0 c1pf0vf1", "1 c1pf0")

		card, err := readOnce(t.Context(), w.opts, fakePorts{k}, fakeLinks{k})
		if err != nil || len(card.Ports) != 8 || !card.Complete || card.Problem == "" {
			t.Errorf("read once: %d ports, complete %v, problem %q, %v; want 8, true, a problem", len(card.Ports), card.Complete, card.Problem, err)
		}
	})
}

func TestMissing_PortsThatComeAndGoRaiseNoDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := twoCards()
		all := k.ports
		w, notified := watch(t, k, Options{})
		pass(time.Second)
		for _, left := range []int{10, 3, 0, 5, 1, 10} {
			before := notified.Load()
			k.change(func(k *kernel) { k.ports = all[:left] })
			k.portEvents.poke()
			pass(time.Second)
			if complete, problem := w.Index().Complete(); !complete || problem != "" || len(w.card().Ports) != left {
				t.Errorf("with %d ports: complete %v, problem %q, %d known", left, complete, problem, len(w.card().Ports))
			}
			if n := notified.Load() - before; n > 2 {
				t.Errorf("with %d ports: %d notifications; want one for ports and one for serial numbers at most", left, n)
			}
		}
	})
}

// Two hosts' PFs with one MAC, on two cards: nothing may be plugged for either.
func TestMissing_AnAmbiguousMACStaysSoWhileOneOfItsPFsCantBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := dpu()
		other := pf(pci("0000:83:00.0"), 0, []byte{0, 0x53, 0, 0, 0, 0x42}, 21)
		k.ports = append(k.ports, other)
		w, _ := watch(t, k, Options{})
		pass(time.Second)
		ask := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x42}, Kind: representor.VF}
		code := func() reason.Code {
			if _, why := w.Index().Lookup(ask); why != nil {
				return why.Code
			}
			return ""
		}
		if got := code(); got != reason.CodePFAmbiguous {
			t.Errorf("with both: %q; want %q", got, reason.CodePFAmbiguous)
		}
		k.change(func(k *kernel) { k.unreadable = other.ID() })
		k.portEvents.poke()
		pass(time.Second)
		if got := code(); got != reason.CodePFUncertain {
			t.Errorf("with one that can't be read: %q; want %q", got, reason.CodePFUncertain)
		}
		pass(10 * time.Minute)
		if got := code(); got != reason.CodePFUncertain {
			t.Errorf("audits later: %q; want %q", got, reason.CodePFUncertain)
		}
		k.change(func(k *kernel) { k.ports, k.unreadable = k.ports[:3], devlink.PortID{} })
		k.portEvents.poke()
		pass(time.Second)
		if got := code(); got != "" {
			t.Errorf("once that one is gone: %q; want an answer", got)
		}
	})
}

func TestMissing_AListingMayLackPFsUnlessWhatIsLeftOutIsKnownToBeOthers(t *testing.T) {
	h := pci("0000:03:00.0")
	thePF, aVF, uplink := pf(h, 0, nil, 0), vf(h, 0, 0, 0), physical(h, 0, 0)
	before := portList{ports: []devlink.Port{thePF, aVF, uplink}}
	after := func(l, last portList) portList {
		l.after(last)
		return l
	}
	short := func(leftOut int, unreadable ...devlink.Port) portList {
		l := portList{reading: reading{doubt: "short", leftOut: leftOut}}
		for i := range unreadable {
			l.unreadable = append(l.unreadable, unreadable[i].ID())
		}
		return l
	}
	for name, tt := range map[string]struct {
		before portList
		now    portList
		want   bool
	}{
		"a whole list":                           {before, portList{}, false},
		"a PF can't be read":                     {before, short(1, thePF), true},
		"an uplink can't be read":                {before, short(1, uplink), true},
		"a VF can't be read":                     {before, short(1, aVF), false},
		"still the VF":                           {after(short(1, aVF), before), short(1, aVF), false},
		"a VF and a PF":                          {before, short(2, aVF, thePF), true},
		"a port that was never read":             {before, short(1, vf(h, 0, 9, 0)), true},
		"a VF, when nothing was read before":     {portList{}, short(1, aVF), true},
		"a VF, and another that isn't decodable": {before, short(2, aVF), true},
		"one that isn't decodable":               {before, short(1), true},
		"nothing that is known explains it":      {before, short(0), true},
	} {
		if got := after(tt.now, tt.before).mayLackPFs; got != tt.want {
			t.Errorf("%s: %v; want %v", name, got, tt.want)
		}
	}
}
