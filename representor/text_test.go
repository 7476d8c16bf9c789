package representor_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/representor"
)

func drawFunction(t *rapid.T, label string) representor.Function {
	f := representor.Function{
		Handle: devlink.Handle{
			// As the kernel makes them, with the traps of the text form; a bus's name is
			// a folder's in sysfs.
			Bus:    rapid.SampledFrom([]string{"pci", "auxiliary", "platform"}).Draw(t, label+" bus"),
			Device: rapid.SampledFrom([]string{"0000:03:00.0", "x", "x pf1", "x c1", "x pf1 local", "x/1"}).Draw(t, label+" device"),
		},
		Controller: drawOptional[uint32](t, label+" controller", 0, 1, 10, 4294967295),
		External:   rapid.Bool().Draw(t, label+" external"),
		PF:         rapid.SampledFrom([]uint16{0, 1, 10, 65535}).Draw(t, label+" pf"),
		Kind:       rapid.SampledFrom([]representor.Kind{representor.PF, representor.VF, representor.SF}).Draw(t, label+" kind"),
	}
	if f.Kind != representor.PF {
		f.Number = rapid.SampledFrom([]uint32{0, 1, 11, 65535, 4294967295}).Draw(t, label+" number")
	}
	return f
}

// called is the function with a canonical text; its Kind is 0 if there is none.
func called(text string) representor.Function {
	f, _ := representor.ParseFunction(text)
	return f
}

func TestFunction_TextIsOneToOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, g := drawFunction(t, "f"), drawFunction(t, "g")
		if (f == g) != (f.String() == g.String()) || (f == g) != (f.Compare(g) == 0) || f.Compare(g) != -g.Compare(f) {
			t.Fatalf("%+v is %q, %+v is %q, compared %d", f, f, g, g, f.Compare(g))
		}
		if got, err := representor.ParseFunction(f.String()); err != nil || got != f {
			t.Fatalf("%q is read as %+v (%v), want %+v", f, got, err, f)
		}
	})
}

func TestParseFunction_ReadsNothingButCanonicalTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "pf0", "pci/0000:03:00.0", "pci/0000:03:00.0 ", "pci/0000:03:00.0 p0", "pci/0000:03:00.0 pf", "pci/0000:03:00.0 pf00",
		"pci/0000:03:00.0 c1", "pci/0000:03:00.0 cpf0", "pci/0000:03:00.0 c01pf0vf0", "pci/0000:03:00.0 pf0vf", "pci/0000:03:00.0 pf0vf0x",
		"pci/0000:03:00.0 pf65536", "pci/0000:03:00.0 c4294967296pf0", "pci/0000:03:00.0 pf0vf4294967296", "pci/0000:03:00.0 pf0 vf0",
		"pci/0000:03:00.0 pf0vf0sf0", "pci/0000:03:00.0 pf0vf0 LOCAL", "pci/0000:03:00.0 pf0vf0\n", "pci/0000:03:00.0 pf+1", hostile,
	} {
		if f, err := representor.ParseFunction(text); err == nil || f != (representor.Function{}) {
			t.Errorf("%q is read as %+v", text, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[pc/:0. ]{0,8} (c[0-9]{1,2})?pf[0-9]{1,3}([vs]f[0-9]{1,2})?( local)?`).Draw(t, "text")
		if f, err := representor.ParseFunction(text); err == nil && f.String() != text {
			t.Fatalf("%q is read as %q", text, f)
		}
	})
}

func TestQuery_TextIsOneToOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) representor.Query {
			q := representor.Query{
				PFMAC:      drawMAC(t, label+" mac"),
				Kind:       rapid.SampledFrom([]representor.Kind{representor.PF, representor.VF, representor.SF}).Draw(t, label+" kind"),
				Controller: drawOptional[uint32](t, label+" controller", 0, 1),
				CardSerial: rapid.SampledFrom([]string{"", "A", "A B"}).Draw(t, label+" serial"),
			}
			if q.Kind != representor.PF {
				q.Number = rapid.Uint32Range(0, 2).Draw(t, label+" number")
			}
			return q
		}
		q, r := draw("q"), draw("r")
		if (q == r) != (q.String() == r.String()) {
			t.Fatalf("%+v is %q, %+v is %q", q, q, r, r)
		}
	})
}

func TestFunction_CanonicalTexts(t *testing.T) {
	t.Parallel()
	handle := devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}
	for want, f := range map[string]representor.Function{
		"pci/0000:03:00.0 pf1": {Handle: handle, External: true, PF: 1, Kind: representor.PF},
		"pci/0000:03:00.0 c1pf0vf3": {Handle: handle, Controller: devlink.Some(uint32(1)), External: true,
			Kind: representor.VF, Number: 3},
		"pci/0000:03:00.0 c0pf0sf88 local":  {Handle: handle, Controller: devlink.Some(uint32(0)), Kind: representor.SF, Number: 88},
		"pci/0000:03:00.0 pf65535vf0 local": {Handle: handle, PF: 65535, Kind: representor.VF},
	} {
		if got := f.String(); got != want {
			t.Errorf("%+v is %q, want %q", f, got, want)
		}
	}
}

// hostile is text that breaks logs and terminals.
const hostile = "\x1b[31m\n\x00\xff\"\\\u202e"

func TestReasons_AreBoundedAndPrintable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(hostile, 30)
	huge := strings.Repeat(hostile, 100_000)
	c := card(t, multiHost)
	for i := range c.Ports {
		c.Ports[i].Handle.Device = long
	}
	for i := range uint16(300) {
		p := c.Ports[4]
		p.VF, p.Index, p.IfIndex = devlink.Some(2*i), uint32(1000+i), 0
		c.Ports = append(c.Ports, p)
		p = c.Ports[0]
		p.PF, p.Controller, p.Index, p.IfIndex = devlink.Some(10+i), devlink.Some(uint32(9)), uint32(2000+i), 0
		c.Ports = append(c.Ports, p)
		p.PF, p.Index, p.Function = devlink.Some(1000+i), uint32(3000+i), nil
		c.Ports = append(c.Ports, p)
		p = c.Ports[5]
		p.Index = uint32(4000 + i)
		c.Ports = append(c.Ports, p)
	}
	for i, l := range c.Links {
		l.Name, l.Settled = long, false
		c.Links[i] = l
	}
	c.Serials = map[devlink.Handle]representor.Serial{c.Ports[0].Handle: {Number: long}}
	c.Problem = huge
	check := func(x *representor.Index, q representor.Query) {
		_, why := x.Lookup(q)
		if why == nil {
			t.Fatalf("%d %d is found", q.Kind, q.Number)
		}
		if len(why.Message) > 16<<10 {
			t.Errorf("%s: message of %d bytes", why.Code, len(why.Message))
		}
		for _, s := range append([]string{why.Message}, why.Candidates...) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x1b\n\x00\u202e") {
				t.Errorf("%s: %q", why.Code, s)
			}
		}
	}
	for _, complete := range []bool{true, false} {
		c.Complete = complete
		x := representor.NewIndex(c, representor.Settings{})
		for m := range byte(6) {
			for kind := range representor.Kind(4) {
				for n := range uint32(3) {
					for _, serial := range []string{"", huge, long} {
						if m == 2 && kind == representor.VF && n == 0 {
							continue
						}
						check(x, representor.Query{PFMAC: representor.MAC{0, 0x53, 5: m}, Kind: kind, Number: n, CardSerial: serial})
					}
				}
			}
		}
	}
}
