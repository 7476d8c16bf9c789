package representor_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

const (
	// A DPU with a satellite: a PF of its own behind controller 2, and SFs of each, of which
	// the kernel doesn't say whose they are.
	satellite = `
pci/0000:03:00.0/262143: type eth netdev p0 flavour physical port 0
pci/0000:03:00.0/196608: type eth netdev pf0hpf flavour pcipf controller 1 pfnum 0 external true hw_addr 00:53:00:00:00:42
pci/0000:03:00.0/229376: type eth netdev c1pf0sf77 flavour pcisf controller 1 pfnum 0 sfnum 77
pci/0000:03:00.0/229377: type eth netdev en3f0pf0sf77 flavour pcisf controller 0 pfnum 0 sfnum 77
pci/0000:03:00.0/230000: type eth netdev c2pf1 flavour pcipf controller 2 pfnum 1 external false hw_addr 00:53:00:00:00:51
pci/0000:03:00.0/230001: type eth netdev c2pf1sf5 flavour pcisf controller 2 pfnum 1 sfnum 5
`
	// A second controller of the DPU's own, without any host.
	noHost = `
pci/0006:01:00.0/458752: type eth netdev B61c4pf0 flavour pcipf controller 4 pfnum 0 external false hw_addr 00:53:00:00:00:44
pci/0006:01:00.0/491520: type eth netdev B61c4pf0sf0 flavour pcisf controller 4 pfnum 0 sfnum 0
`
)

func TestOwner_OfAnSFIsThatOfItsPFWhereTheKernelDoesNotSay(t *testing.T) {
	t.Parallel()
	const at = "pci/0000:03:00.0/"
	for name, tt := range map[string]struct {
		ports string
		want  []string // the SFs
	}{
		"a satellite's is our own":       {satellite, []string{"c0pf0sf77 local", "c1pf0sf77", "c2pf1sf5 local"}},
		"our own controller has no host": {noHost, []string{"c4pf0sf0 local"}},
		"a host's PF on controller 0": {
			at + "1: type eth flavour pcipf controller 0 pfnum 0 external true\n" + at + "2: type eth flavour pcisf controller 0 pfnum 0 sfnum 3",
			[]string{"c0pf0sf3"},
		},
		"without its PF the number of its controller decides": {
			at + "1: type eth flavour pcisf controller 4 pfnum 0 sfnum 0\n" + at + "2: type eth flavour pcisf controller 0 pfnum 0 sfnum 0",
			[]string{"c0pf0sf0 local", "c4pf0sf0"},
		},
		"another PF's word doesn't count": {
			at + "1: type eth flavour pcipf controller 2 pfnum 0 external false\n" + at + "2: type eth flavour pcisf controller 2 pfnum 1 sfnum 5",
			[]string{"c2pf1sf5"},
		},
		"nor another controller's": {
			at + "1: type eth flavour pcipf controller 3 pfnum 1 external false\n" + at + "2: type eth flavour pcisf controller 2 pfnum 1 sfnum 5",
			[]string{"c2pf1sf5"},
		},
		"nor that of a PF on another instance": {
			"pci/0000:04:00.0/1: type eth flavour pcipf controller 2 pfnum 1 external false\n" + at +
				"2: type eth flavour pcisf controller 2 pfnum 1 sfnum 5",
			[]string{"c2pf1sf5"},
		},
		"two PFs that contradict each other say nothing": {
			at + "1: type eth flavour pcipf controller 0 pfnum 0 external true\n" + at +
				"2: type eth flavour pcipf controller 0 pfnum 0 external false\n" +
				at + "3: type eth flavour pcisf controller 0 pfnum 0 sfnum 3",
			[]string{"c0pf0sf3 local"},
		},
		"a PF that doesn't say either": {
			at + "1: type eth flavour pcipf controller 2 pfnum 1\n" + at + "2: type eth flavour pcisf controller 2 pfnum 1 sfnum 5",
			[]string{"c2pf1sf5"},
		},
		"the kernel's own word goes first": {
			at + "1: type eth flavour pcipf controller 2 pfnum 1 external false\n" + at +
				"2: type eth flavour pcisf controller 2 pfnum 1 sfnum 5 external true",
			[]string{"c2pf1sf5"},
		},
		"a kernel without controllers has the host's only": {
			at + "1: type eth flavour pcipf pfnum 1 external false\n" + at + "2: type eth flavour pcisf pfnum 1 sfnum 5",
			[]string{"pf1sf5"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, tt.ports)
			for range 2 {
				var got []string
				for _, r := range representor.NewIndex(c, representor.Settings{}).All() {
					if r.Function.Kind == representor.SF {
						got = append(got, r.Function.String()[len("pci/0000:03:00.0 "):])
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				slices.Reverse(c.Ports)
			}
		})
	}
}

func TestOwner_DecidesWhichSFARequestLeadsTo(t *testing.T) {
	t.Parallel()
	for _, tc := range []lookupCase{
		{
			name: "the host's SF is not our own SF of that number", ports: satellite,
			pf: "00:53:00:00:00:42", kind: representor.SF, number: 77, function: "pci/0000:03:00.0 c1pf0sf77", netdev: "c1pf0sf77",
		},
		{
			name: "a satellite's SF is found below its PF where that is admitted", ports: satellite, local: true,
			pf: "00:53:00:00:00:51", kind: representor.SF, number: 5, function: "pci/0000:03:00.0 c2pf1sf5 local", netdev: "c2pf1sf5",
		},
		{
			name: "and not where it isn't", ports: satellite,
			pf: "00:53:00:00:00:51", kind: representor.SF, number: 5,
			code: reason.CodePFNotFound, says: []string{"pci/0000:03:00.0 c2pf1 local has it", "local-functions"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { t.Parallel(); tc.run(t) })
	}
}

// While a satellite's PF has no port its MAC isn't known. The uplink's is that of the
// machine's own PF, of which another SF of the number may be asked for.
func TestOwner_OfASatelliteWithoutItsPFHasNotTheUplinksMAC(t *testing.T) {
	t.Parallel()
	const uplink = "pci/0000:03:00.0/262143: type eth netdev p0 flavour physical port 0 netdev_addr 00:53:00:00:00:30\n"
	for _, tc := range []lookupCase{
		{name: "an SF", kind: representor.SF,
			ports: uplink + "pci/0000:03:00.0/9: type eth netdev x flavour pcisf controller 2 pfnum 0 sfnum 5 external false"},
		{name: "a VF", kind: representor.VF,
			ports: uplink + "pci/0000:03:00.0/9: type eth netdev x flavour pcivf controller 2 pfnum 0 vfnum 5 external false"},
	} {
		tc.local, tc.pf, tc.number, tc.code = true, "00:53:00:00:00:30", 5, reason.CodeFunctionNotFound
		tc.says = []string{"PF pci/0000:03:00.0 c0pf0 local", "5 local isn't meant: another controller's"}
		t.Run(tc.name+" below the machine's own PF", func(t *testing.T) { t.Parallel(); tc.run(t) })
		of := tc
		of.pf, of.code, of.candidates = "00:53:00:00:00:51", reason.CodePFMACUnknown, []string{"pci/0000:03:00.0 c2pf0 local"}
		of.says, of.saysNo = []string{"doesn't tell that of pci/0000:03:00.0 c2pf0 local", "has a port that tells its MAC"},
			[]string{"uplink's netdev"}
		t.Run(tc.name+" below the satellite's", func(t *testing.T) { t.Parallel(); of.run(t) })
	}
}

func TestOwner_OfASatellitesSFMakesNoCardServeAHost(t *testing.T) {
	t.Parallel()
	for _, in := range representor.NewIndex(card(t, satellite+noHost), representor.Settings{}).Instances() {
		if want := in.Handle == pci("0000:03:00.0"); in.HostFacing != want {
			t.Errorf("%s serves a host: %v, want %v", in.Handle, in.HostFacing, want)
		}
	}
}

// A port that is sent to a card by its serial number names a PF. An SF without one is nothing
// to publish a number for, as while a satellite's PF can't be read.
func TestOwner_ThatIsOnlyGuessedMakesNoCardServeAHost(t *testing.T) {
	t.Parallel()
	const sf = "pci/0006:01:00.0/491520: type eth netdev B61c4pf0sf0 flavour pcisf controller 4 pfnum 0 sfnum 0"
	for name, tt := range map[string]struct {
		ports string
		want  bool
	}{
		"an SF of which nothing is said": {sf, false},
		"its PF is a host's": {sf + "\npci/0006:01:00.0/1: type eth flavour pcipf controller 4 pfnum 0 external true",
			true},
		"another function is a host's": {sf +
			"\npci/0006:01:00.0/1: type eth flavour pcivf controller 1 pfnum 0 vfnum 0 external true", true},
		"the kernel says that it is a host's":         {sf + " external true", true},
		"a kernel that numbers no controllers has it": {"pci/0006:01:00.0/1: type eth flavour pcisf pfnum 0 sfnum 0", true},
	} {
		in := representor.NewIndex(card(t, tt.ports), representor.Settings{}).Instances()
		if len(in) != 1 || in[0].HostFacing != tt.want {
			t.Errorf("%s: %+v, want it to serve a host: %v", name, in, tt.want)
		}
	}
}

// While its PF's port is away, the SF of a satellite is called as a host's. What was called
// otherwise before is that SF all the same, and no reason to take its row for another's.
func TestOwner_ThatIsTakenForAnotherMakesNoOtherFunction(t *testing.T) {
	t.Parallel()
	const local, hosts = "pci/0000:03:00.0 c2pf1sf5 local", "pci/0000:03:00.0 c2pf1sf5"
	without := func(c *representor.Card) {
		c.Ports = slices.DeleteFunc(c.Ports, func(p devlink.Port) bool { return p.Flavour == devlink.FlavourPCIPF && p.PF.Value == 1 })
	}
	for name, tt := range map[string]struct {
		card     func(*representor.Card)
		was, now string
	}{
		"the PF has gone":               {without, local, hosts},
		"the PF can't be read":          {func(c *representor.Card) { without(c); c.MayLackPFs = true }, local, hosts},
		"nothing can be read any more":  {func(c *representor.Card) { without(c); c.Complete = false }, local, hosts},
		"the PF has come":               {func(*representor.Card) {}, hosts, local},
		"the PF has come, not all read": {func(c *representor.Card) { c.Complete = false }, hosts, local},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := card(t, satellite)
			tt.card(&c)
			x := representor.NewIndex(c, representor.Settings{})
			r, ok := x.ByFunction(called(tt.now))
			if got, may := x.WithController(called(tt.was)), x.MayBe(called(tt.was), r.Function); !ok || got != r.Function || !may {
				t.Errorf("%s is called %s (there: %v), may be: %v; want %s", tt.was, got, ok, may, tt.now)
			}
		})
	}
	// Where the kernel says whose each is, they are two.
	c := card(t, "pci/0000:03:00.0/1: type eth netdev a flavour pcisf controller 2 pfnum 1 sfnum 5 external true")
	x := representor.NewIndex(c, representor.Settings{})
	r, _ := x.ByFunction(called(hosts))
	if got := x.WithController(called(local)); got != called(local) || x.MayBe(called(local), r.Function) {
		t.Errorf("%s is taken for %s", local, got)
	}
	// Nor is one that the kernel doesn't speak of the one that it does.
	c = card(t, "pci/0000:03:00.0/1: type eth netdev a flavour pcisf controller 2 pfnum 1 sfnum 5\n"+
		"pci/0000:03:00.0/2: type eth netdev b flavour pcisf controller 2 pfnum 1 sfnum 5 external false")
	x = representor.NewIndex(c, representor.Settings{})
	r, _ = x.ByFunction(called(hosts))
	if got := x.WithController(called(local)); got != called(local) || x.MayBe(called(local), r.Function) {
		t.Errorf("%s is taken for %s", local, got)
	}
	// Nor is a VF or a PF another's.
	x = representor.NewIndex(card(t, controllerZero), representor.Settings{})
	for _, r := range x.All() {
		if other := called(r.Function.String() + " local"); x.WithController(other) != other || x.MayBe(other, r.Function) {
			t.Errorf("%s is taken for %s", other, r.Function)
		}
	}
}

func TestStandsFor_ComparesAllThatAPortSays(t *testing.T) {
	t.Parallel()
	c := card(t, satellite+blueFieldNew+blueFieldOld)
	all := representor.NewIndex(c, representor.Settings{}).All()
	for i := range c.Ports {
		stands := 0
		for _, r := range all {
			if representor.StandsFor(&c.Ports[i], r.Function) {
				stands++
				if r.Function.Handle != c.Ports[i].Handle {
					t.Errorf("%s is taken for %s", c.Ports[i].ID(), r.Function)
				}
			}
		}
		if want := map[devlink.Flavour]int{devlink.FlavourPCIPF: 1, devlink.FlavourPCIVF: 1,
			devlink.FlavourPCISF: 1}[c.Ports[i].Flavour]; (stands > 0) != (want > 0) {
			t.Errorf("%s stands for %d functions", c.Ports[i].ID(), stands)
		}
	}
}
