package representor_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

func TestLinks_AreCurrentWhereRtnetlinkCouldBeReadWhateverDevlinkSays(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		card    representor.Card
		want    bool
		problem string
	}{
		"nothing was read":             {representor.Card{LinksProblem: "not yet"}, false, "not yet"},
		"everything was":               {representor.Card{Complete: true}, true, ""},
		"devlink wasn't":               {representor.Card{LinksComplete: true, Problem: "it hangs"}, true, ""},
		"something had to be left out": {representor.Card{LinksComplete: true, LinksProblem: "one is malformed"}, true, "one is malformed"},
	} {
		if got, problem := representor.NewIndex(tt.card, representor.Settings{}).LinksCurrent(); got != tt.want || problem != tt.problem {
			t.Errorf("%s: %v, %q; want %v, %q", name, got, problem, tt.want, tt.problem)
		}
	}
}

func TestLookup_OfABlindInstanceAnswersNothingAndOfOthersOnlyWhatIsCertain(t *testing.T) {
	t.Parallel()
	const pf0, pf1 = "00:53:00:00:00:10", "00:53:00:00:00:11"
	const problem = "it hangs"
	for _, tc := range []lookupCase{
		{
			name: "its own VF", pf: pf1, kind: representor.VF, serial: "B",
			code: reason.CodeNoDevlink, says: []string{"pci/0000:03:00.1", problem},
		},
		{name: "its own PF", pf: pf1, kind: representor.PF, serial: "B", code: reason.CodeNoDevlink},
		{name: "a VF that it didn't have", pf: pf1, kind: representor.VF, number: 9, serial: "B", code: reason.CodeNoDevlink},
		{
			name: "another instance's by MAC alone: it may have such a PF by now", pf: pf0, kind: representor.VF,
			code: reason.CodePFUncertain, candidates: []string{"pci/0000:03:00.0 pf0"}, says: []string{problem},
		},
		{
			name: "a MAC that nobody is known to have", pf: "00:53:00:00:00:99", kind: representor.VF,
			code: reason.CodePFUncertain, says: []string{problem},
		},
		{
			name: "another instance's, the card's serial number given", pf: pf0, kind: representor.VF, serial: "A",
			function: "pci/0000:03:00.0 pf0vf0", netdev: "pf0vf0",
		},
	} {
		tc.ports = blueFieldOld
		tc.card = func(c *representor.Card) {
			c.Problem = problem
			c.Blind = map[devlink.Handle]string{{Bus: "pci", Device: "0000:03:00.1"}: problem}
			c.Serials = map[devlink.Handle]representor.Serial{
				{Bus: "pci", Device: "0000:03:00.0"}: {Number: "A"}, {Bus: "pci", Device: "0000:03:00.1"}: {Number: "B"},
			}
		}
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

func TestLookup_AMACThatOnlySysfsGivesToASecondPFIsUncertainWhileAnInstanceIsBlind(t *testing.T) {
	t.Parallel()
	const twin = "00:53:00:00:00:10"
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	(&lookupCase{
		ports: blueFieldOld + "pci/0000:03:00.0/196700: type eth netdev twinhpf flavour pcipf pfnum 1\n",
		card: func(c *representor.Card) {
			c.Problem = "it hangs"
			c.Blind = map[devlink.Handle]string{{Bus: "pci", Device: "0000:03:00.1"}: c.Problem}
			c.Serials = map[devlink.Handle]representor.Serial{handle: {Number: "A"}}
			c.PFMACs = map[representor.Uplink]representor.MAC{{Handle: handle, Number: 1}: mac(t, twin)}
		},
		pf: twin, kind: representor.VF, serial: "A",
		code: reason.CodePFUncertain, candidates: []string{"pci/0000:03:00.0 pf0"},
	}).run(t)
}

func TestLookup_NeverLeadsToABlindInstanceNorElsewhereThanWithoutOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		sighted := c
		sighted.Blind = nil
		x, y := representor.NewIndex(c, representor.Settings{}), representor.NewIndex(sighted, representor.Settings{})
		for _, q := range everyQuery() {
			r, why := x.Lookup(q)
			if problem, blind := x.BlindFor(r.Function); r.Function.Kind != 0 && blind {
				t.Fatalf("%s leads to %s, of which nothing is certain: %s", q, r.Function, problem)
			}
			if s, _ := y.Lookup(q); r.Function.Kind != 0 && r != s {
				t.Fatalf("%s leads to %+v, and to %+v with all instances known", q, r, s)
			}
			if why == nil && len(c.Blind) > 0 && !q.Controller.Present && q.CardSerial == "" {
				t.Fatalf("%s is answered by MAC alone while an instance is blind", q)
			}
		}
	})
}

func TestMayBe_IsFalseOnlyWhereAFunctionCertainlyIsAnother(t *testing.T) {
	t.Parallel()
	function := func(controller uint32, external bool, number uint32) representor.Function {
		return representor.Function{
			Handle:     devlink.Handle{Bus: "pci", Device: "0000:03:00.0"},
			Controller: devlink.Some(controller), External: external, Kind: representor.VF, Number: number,
		}
	}
	unread := func(c *representor.Card) { c.Complete = false }
	blind := func(c *representor.Card) { c.Blind = map[devlink.Handle]string{{Bus: "pci", Device: "x"}: "it hangs"} }
	for name, tt := range map[string]struct {
		text string
		of   representor.Function
		card func(*representor.Card)
		want bool
	}{
		"the same":                              {"pci/0000:03:00.0 c1pf0vf0", function(1, true, 0), nil, true},
		"another number":                        {"pci/0000:03:00.0 c1pf0vf0", function(1, true, 1), nil, false},
		"another number, devlink unread":        {"pci/0000:03:00.0 c1pf0vf0", function(1, true, 1), unread, false},
		"another controller, devlink unread":    {"pci/0000:03:00.0 c1pf0vf0", function(2, true, 0), unread, false},
		"without controller":                    {"pci/0000:03:00.0 pf0vf0", function(1, true, 0), nil, true},
		"without controller, devlink unread":    {"pci/0000:03:00.0 pf0vf0", function(1, true, 0), unread, true},
		"without controller, an instance blind": {"pci/0000:03:00.0 pf0vf0", function(1, true, 0), blind, true},
		"another one without, devlink unread":   {"pci/0000:03:00.0 pf0vf0", function(1, true, 1), unread, false},
		"nothing":                               {"", function(1, true, 0), unread, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, hostGone)
			if tt.card != nil {
				tt.card(&c)
			}
			if got := representor.NewIndex(c, representor.Settings{}).MayBe(called(tt.text), tt.of); got != tt.want {
				t.Errorf("%q may be %s: %v; want %v", tt.text, tt.of, got, tt.want)
			}
		})
	}
}

func TestMayBe_KnowingLessProvesNoMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawWholeCard(t)
		less := c
		less.Complete, less.Blind = false, map[devlink.Handle]string{drawHandle(t): "it hangs"}
		x, y := representor.NewIndex(c, representor.Settings{}), representor.NewIndex(less, representor.Settings{})
		all := x.All()
		for i := range all {
			f := all[i].Function
			numberless := f
			numberless.Controller, numberless.External = devlink.Optional[uint32]{}, true
			for _, was := range []representor.Function{f, numberless, called("pci/0000:03:00.0 pf0vf0")} {
				if x.MayBe(was, f) && !y.MayBe(was, f) {
					t.Fatalf("%s is proved not to be %s by knowing less", was, f)
				}
			}
			if !x.MayBe(f, f) {
				t.Fatalf("%s isn't itself", f)
			}
		}
	})
}

func TestVanished_IsAFunctionWhoseNetdevIsNotThere(t *testing.T) {
	for name, tt := range map[string]struct {
		ifindex uint32
		links   map[uint32]representor.Link
		want    bool
	}{
		"its netdev is there":     {10, map[uint32]representor.Link{10: {Name: "pf0vf0"}}, false},
		"it has none":             {0, map[uint32]representor.Link{10: {Name: "pf0vf0"}}, false},
		"its netdev is not there": {10, map[uint32]representor.Link{11: {Name: "pf0vf0"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := devlink.Port{
				Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: 1, Type: devlink.TypeEth, Flavour: devlink.FlavourPCIVF,
				Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0),
				VF: devlink.Some[uint16](0), IfIndex: tt.ifindex,
			}
			x := representor.NewIndex(representor.Card{Complete: true, Ports: []devlink.Port{p}, Links: tt.links}, representor.Settings{})
			f, ok := x.FunctionOf(&p)
			if got := x.Vanished(f); !ok || got != tt.want {
				t.Errorf("vanished: %v, want %v", got, tt.want)
			}
		})
	}
}
