package representor_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

// Cards drawn here are small and their values few, so that ports often collide
// and contradict each other.

func drawMAC(t *rapid.T, label string) representor.MAC {
	return representor.MAC{5: byte(rapid.IntRange(0, 3).Draw(t, label))}
}

func drawHandle(t *rapid.T) devlink.Handle {
	return devlink.Handle{Bus: "pci", Device: rapid.SampledFrom([]string{"0000:03:00.0", "0000:03:00.1"}).Draw(t, "device")}
}

func drawOptional[T comparable](t *rapid.T, label string, values ...T) devlink.Optional[T] {
	if rapid.IntRange(0, 3).Draw(t, label+" absent") == 0 {
		return devlink.Optional[T]{}
	}
	return devlink.Some(rapid.SampledFrom(values).Draw(t, label))
}

func drawPort(t *rapid.T, index int) devlink.Port {
	p := devlink.Port{
		Handle: drawHandle(t),
		Index:  uint32(index),
		Type: rapid.SampledFrom([]devlink.PortType{devlink.TypeEth, devlink.TypeEth, devlink.TypeEth, devlink.TypeNotSet,
			devlink.TypeIB}).Draw(t, "type"),
		Flavour: rapid.SampledFrom([]devlink.Flavour{
			devlink.FlavourPhysical, devlink.FlavourPCIPF, devlink.FlavourPCIPF, devlink.FlavourPCIVF,
			devlink.FlavourPCIVF, devlink.FlavourPCISF, devlink.FlavourVirtual, 99,
		}).Draw(t, "flavour"),
		Number:     drawOptional[uint32](t, "number", 0, 1),
		Controller: drawOptional[uint32](t, "controller", 0, 1, 2),
		External:   drawOptional(t, "external", true, false),
		PF:         drawOptional[uint16](t, "pf", 0, 1),
		VF:         drawOptional[uint16](t, "vf", 0, 1),
		SF:         drawOptional[uint32](t, "sf", 0, 1),
		IfIndex:    rapid.Uint32Range(0, 12).Draw(t, "ifindex"),
	}
	if rapid.IntRange(0, 3).Draw(t, "function") > 0 {
		mac := drawMAC(t, "hw_addr")
		p.Function = &devlink.Function{HWAddr: mac[:rapid.SampledFrom([]int{0, 6, 6, 6}).Draw(t, "hw_addr length")]}
	}
	return p
}

func drawCard(t *rapid.T) representor.Card {
	c := representor.Card{Complete: true, Links: map[uint32]representor.Link{}}
	for i := range rapid.IntRange(0, 14).Draw(t, "ports") {
		c.Ports = append(c.Ports, drawPort(t, i))
	}
	for i := range uint32(13) {
		if rapid.IntRange(0, 4).Draw(t, "link") > 0 {
			c.Links[i] = representor.Link{
				Name:    rapid.SampledFrom([]string{fmt.Sprintf("eth%d", i), fmt.Sprintf("eth%d", i), "twice"}).Draw(t, "name"),
				HWAddr:  drawMAC(t, "link address"),
				Settled: rapid.IntRange(0, 3).Draw(t, "settled") > 0,
			}
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "sysfs") {
		if c.PFMACs == nil {
			c.PFMACs = map[representor.Uplink]representor.MAC{}
		}
		c.PFMACs[representor.Uplink{Handle: drawHandle(t), Number: rapid.Uint32Range(0, 1).Draw(t, "uplink")}] = drawMAC(t, "sysfs address")
	}
	for range rapid.IntRange(0, 2).Draw(t, "serials") {
		if c.Serials == nil {
			c.Serials = map[devlink.Handle]representor.Serial{}
		}
		c.Serials[drawHandle(t)] = representor.Serial{Number: rapid.SampledFrom([]string{"A", "B", ""}).Draw(t, "serial")}
	}
	return c
}

func drawSettings(t *rapid.T) representor.Settings {
	return representor.Settings{LocalFunctions: rapid.Bool().Draw(t, "local-functions")}
}

// everyQuery is every question whose answer a drawn card may hold.
func everyQuery() []representor.Query {
	var all []representor.Query
	for m := range byte(4) {
		for _, kind := range []representor.Kind{representor.PF, representor.VF, representor.SF} {
			for n := range uint32(2) {
				for _, c := range []devlink.Optional[uint32]{{}, devlink.Some(uint32(0)), devlink.Some(uint32(1))} {
					for _, serial := range []string{"", "A"} {
						all = append(all, representor.Query{PFMAC: representor.MAC{5: m}, Kind: kind, Number: n, Controller: c, CardSerial: serial})
					}
				}
			}
		}
	}
	return all
}

func TestIndex_TheOrderOfPortsNeverChangesAnAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, settings := drawCard(t), drawSettings(t)
		shuffled := c
		shuffled.Ports = rapid.Permutation(c.Ports).Draw(t, "order")
		x, y := representor.NewIndex(c, settings), representor.NewIndex(shuffled, settings)
		if d := cmp.Diff(x.All(), y.All()); d != "" {
			t.Fatalf("All differs:\n%s", d)
		}
		for _, q := range everyQuery() {
			r, why := x.Lookup(q)
			s, whyNot := y.Lookup(q)
			if r != s {
				t.Fatalf("%s: found %+v or %+v", q, r, s)
			}
			if d := cmp.Diff(why, whyNot); d != "" {
				t.Fatalf("%s:\n%s", q, d)
			}
		}
		for i, l := range c.Links {
			r, ok := x.ByNetdev(l.Name)
			s, okay := y.ByNetdev(l.Name)
			if r != s || ok != okay {
				t.Fatalf("netdev %s (%d) is %+v or %+v", l.Name, i, r, s)
			}
		}
	})
}

// truth answers a query the slow and obvious way: it lists every function that
// could be meant. One list entry is a certain answer.
func truth(c representor.Card, settings representor.Settings, q representor.Query) (functions []representor.Function, certain bool) {
	external := func(p devlink.Port) bool { return isExternal(c, p) }
	known := func(p devlink.Port) bool {
		switch p.Flavour {
		case devlink.FlavourPCIPF:
			return p.PF.Present
		case devlink.FlavourPCIVF:
			return p.PF.Present && p.VF.Present
		case devlink.FlavourPCISF:
			return p.PF.Present && p.SF.Present
		default:
			return false
		}
	}
	same := func(a, b devlink.Port) bool {
		return a.Handle == b.Handle && a.Controller == b.Controller && external(a) == external(b) && a.PF == b.PF
	}
	for _, p := range c.Ports {
		if p.Flavour != devlink.FlavourPCIPF || !known(p) || (!external(p) && !settings.LocalFunctions) ||
			(q.Controller.Present && p.Controller != q.Controller) {
			continue
		}
		if s := c.Serials[p.Handle].Number; q.CardSerial != "" && s != "" && s != q.CardSerial {
			continue
		}
		var mac representor.MAC
		if p.Function != nil && len(p.Function.HWAddr) == 6 {
			mac = representor.MAC(p.Function.HWAddr)
		}
		if mac.IsZero() && external(p) {
			alone := 0
			for _, o := range c.Ports {
				if o.Flavour == devlink.FlavourPCIPF && known(o) && external(o) && o.Handle == p.Handle && o.PF == p.PF {
					alone++
				}
			}
			if alone == 1 {
				mac = c.PFMACs[representor.Uplink{Handle: p.Handle, Number: uint32(p.PF.Value)}]
			}
		}
		if mac != q.PFMAC || mac.IsZero() {
			continue
		}
		f := representor.Function{Handle: p.Handle, Controller: p.Controller, External: external(p), PF: p.PF.Value,
			Kind: q.Kind, Number: q.Number}
		if q.Kind == representor.PF {
			f.Number = 0
		}
		functions = append(functions, f)
		certain = q.CardSerial == "" || c.Serials[p.Handle].Number == q.CardSerial
		// Exactly one port may claim the PF, and exactly one the function.
		pfs, claims := 0, 0
		for _, o := range c.Ports {
			if !known(o) || !same(o, p) {
				continue
			}
			if o.Flavour == devlink.FlavourPCIPF {
				pfs++
			}
			switch {
			case q.Kind == representor.PF && o.Flavour == devlink.FlavourPCIPF,
				q.Kind == representor.VF && o.Flavour == devlink.FlavourPCIVF && uint32(o.VF.Value) == q.Number,
				q.Kind == representor.SF && o.Flavour == devlink.FlavourPCISF && o.SF.Value == q.Number:
				claims++
			}
		}
		certain = certain && pfs == 1 && claims == 1
	}
	return functions, certain && len(functions) == 1
}

// isExternal tells whether a port stands for a function of another host: by its own word, and
// of an SF without one by the word that the PFs of its controller and number agree on, else by
// that controller's number.
func isExternal(c representor.Card, p devlink.Port) bool {
	if p.External.Present {
		return p.External.Value
	}
	if p.Flavour != devlink.FlavourPCISF || !p.Controller.Present {
		return true
	}
	words := map[bool]bool{}
	for _, o := range c.Ports {
		if o.Flavour == devlink.FlavourPCIPF && o.External.Present && o.Handle == p.Handle && o.Controller == p.Controller && o.PF == p.PF {
			words[o.External.Value] = true
		}
	}
	if len(words) == 1 {
		return words[true]
	}
	return p.Controller.Value != 0
}

func TestLookup_FindsTheFunctionExactlyWhenItIsCertain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawCard(t)
		// Host functions only here: what a plain NIC's PF is, tables say.
		settings := representor.Settings{}
		x := representor.NewIndex(c, settings)
		for _, q := range everyQuery() {
			functions, certain := truth(c, settings, q)
			r, why := x.Lookup(q)
			if f, known := x.Meant(q); certain && f != functions[0] || known && !slices.Contains(functions, f) {
				t.Fatalf("%s: means %s of %v", q, f, functions)
			}
			switch {
			case certain && r.Function != functions[0]:
				t.Fatalf("%s: found %+v (%v), want %s", q, r.Function, why, functions[0])
			case !certain && r.Function.Kind != 0:
				t.Fatalf("%s: found %s of %v", q, r.Function, functions)
			case !certain && why == nil:
				t.Fatalf("%s: nothing found and no reason", q)
			}
		}
	})
}

func TestLookup_WhatIsReadyToPlugIsWhatWasAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, settings := drawCard(t), drawSettings(t)
		x := representor.NewIndex(c, settings)
		for _, q := range everyQuery() {
			r, why := x.Lookup(q)
			if why != nil {
				continue
			}
			f := r.Function
			switch {
			case f.Kind != q.Kind, q.Kind != representor.PF && f.Number != q.Number,
				q.Controller.Present && f.Controller != q.Controller,
				q.CardSerial != "" && c.Serials[f.Handle].Number != q.CardSerial,
				!f.External && !settings.LocalFunctions,
				q.Kind == representor.PF && r.HWAddr != q.PFMAC:
				t.Fatalf("%s gives %+v", q, r)
			case r.IfIndex == 0, r.Link != c.Links[r.IfIndex], !r.Link.Settled, r.Type != devlink.TypeEth:
				t.Fatalf("%s gives a netdev that can't be plugged: %+v", q, r)
			}
			// Everything else finds the same.
			if s, ok := x.ByFunction(f); !ok || s != r {
				t.Fatalf("%s gives %+v, ByFunction %+v", q, r, s)
			}
			if s, ok := x.ByNetdev(r.Link.Name); !ok || s != r {
				t.Fatalf("%s gives %+v, ByNetdev %+v", q, r, s)
			}
			if i, l, ok := x.LinkByName(r.Link.Name); !ok || i != r.IfIndex || l != r.Link {
				t.Fatalf("%s gives %+v, LinkByName %d, %+v", q, r, i, l)
			}
		}
	})
}

func TestNetdev_NoTwoFunctionsShareOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := representor.NewIndex(drawCard(t), drawSettings(t))
		owner := map[uint32]representor.Function{}
		all := x.All()
		for _, r := range all {
			if r.IfIndex == 0 {
				if r.Link != (representor.Link{}) {
					t.Fatalf("%+v has a link and no ifindex", r)
				}
				continue
			}
			if f, ok := owner[r.IfIndex]; ok && f != r.Function {
				t.Fatalf("ifindex %d is that of %s and of %s", r.IfIndex, f, r.Function)
			}
			owner[r.IfIndex] = r.Function
		}
		if !slices.IsSortedFunc(all, func(a, b representor.Representor) int { return a.Function.Compare(b.Function) }) {
			t.Fatal("All isn't sorted by function")
		}
	})
}
