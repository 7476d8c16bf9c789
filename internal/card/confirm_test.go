package card

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

func toldPort(p devlink.Port) *netdev.Port {
	return &netdev.Port{Bus: p.Handle.Bus, Device: p.Handle.Device, Index: p.Index}
}

// confirmed is a kernel with two cards, and a VF of the first as an index shows it.
func confirmed() (*kernel, representor.Representor) {
	k := twoCards()
	r := representor.Representor{
		Function:  functionOn("0000:03:00.0"),
		PortIndex: k.ports[1].Index, IfIndex: k.ports[1].IfIndex,
		Link: representor.Link{Name: k.links[0].Name, Parent: pci("0000:03:00.0")},
	}
	return k, r
}

func TestConfirm_HoldsOnlyWhileEverythingIsAsItWas(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*kernel)
		want   bool
	}{
		"nothing changed":                    {func(*kernel) {}, true},
		"the kernel tells the netdev's port": {func(k *kernel) { k.links[0].Port = toldPort(k.ports[1]) }, true},
		"what doesn't matter changed":        {func(k *kernel) { k.links[0].Up, k.links[0].MTU, k.ports[1].Function = true, 9000, nil }, true},
		"the kernel tells of no port":        {func(k *kernel) { k.links[0].TellsPort = true }, false},
		"the kernel tells its device":        {func(k *kernel) { k.links[0].ParentBus, k.links[0].Parent = "pci", "0000:03:00.0" }, true},
		"the netdev stands on another card":  {func(k *kernel) { k.links[0].ParentBus, k.links[0].Parent = "pci", "0000:03:00.1" }, false},
		"the netdev was renamed":             {func(k *kernel) { k.links[0].Name = "other" }, false},
		"two netdevs changed names":          {func(k *kernel) { k.links[0].Name, k.links[1].Name = k.links[1].Name, k.links[0].Name }, false},
		"the netdev is gone":                 {func(k *kernel) { k.links = k.links[1:] }, false},
		"the netdev is another port's":       {func(k *kernel) { k.links[0].Port = toldPort(k.ports[2]) }, false},
		"the port is gone":                   {func(k *kernel) { k.ports = k.ports[2:] }, false},
		"the port has no netdev":             {func(k *kernel) { k.ports[1].IfIndex = 0 }, false},
		"the port has another netdev":        {func(k *kernel) { k.ports[1].IfIndex = 11 }, false},
		"the port has that netdev":           {func(k *kernel) { k.ports[1].NetdevName = k.links[0].Name }, true},
		"devlink calls the netdev otherwise": {func(k *kernel) { k.ports[1].NetdevName = "pf0vf0" }, false},
		"the port is another VF's":           {func(k *kernel) { k.ports[1].VF = devlink.Some(uint16(2)) }, false},
		"the port is another controller's":   {func(k *kernel) { k.ports[1].Controller = devlink.Some(uint32(2)) }, false},
		"the port is this machine's own":     {func(k *kernel) { k.ports[1].External = devlink.Some(false) }, false},
		"the port is an uplink":              {func(k *kernel) { k.ports[1].Flavour = devlink.FlavourPhysical }, false},
		"the port doesn't say whose it is":   {func(k *kernel) { k.ports[1].VF = devlink.Optional[uint16]{} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := confirmed()
			tt.change(k)
			w := unstarted(t, k, Options{})
			if got, err := w.Confirm(t.Context(), r); got != tt.want || err != nil {
				t.Errorf("confirmed %v, %v; want %v", got, err, tt.want)
			}
		})
	}
	k, r := confirmed()
	r.Link.Parent = devlink.Handle{}
	k.links[0].ParentBus, k.links[0].Parent = "pci", "0000:03:00.1"
	if got, err := unstarted(t, k, Options{}).Confirm(t.Context(), r); !got || err != nil {
		t.Errorf("of a netdev whose device wasn't known: confirmed %v, %v; want true", got, err)
	}
	k, r = confirmed()
	r.IfIndex, r.Link = 0, representor.Link{}
	if got, err := unstarted(t, k, Options{}).Confirm(t.Context(), r); got || err != nil {
		t.Errorf("without a netdev: confirmed %v, %v; want false", got, err)
	}
}

func TestConfirm_OfWhatCanNotBeAskedIsAnErrorAndNoAnswer(t *testing.T) {
	for name, change := range map[string]func(*kernel){
		"rtnetlink":                 func(k *kernel) { k.linkErr = netlinkio.ErrStuck },
		"a port that can't be told": func(k *kernel) { k.unreadable = k.ports[1].ID() },
	} {
		t.Run(name, func(t *testing.T) {
			k, r := confirmed()
			change(k)
			if got, err := unstarted(t, k, Options{}).Confirm(t.Context(), r); got || err == nil {
				t.Errorf("confirmed %v, %v; want an error", got, err)
			}
		})
	}
}

// One port by itself doesn't tell whose an SF is: that of a satellite, a PF of the DPU's own
// behind another controller, is told by its PF's port.
func TestConfirm_OfASatellitesSFNeedsNoOtherPort(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*devlink.Port)
		want   bool
	}{
		"nothing changed":                  {func(*devlink.Port) {}, true},
		"the kernel says that it is ours":  {func(p *devlink.Port) { p.External = devlink.Some(false) }, true},
		"the kernel says that it is not":   {func(p *devlink.Port) { p.External = devlink.Some(true) }, false},
		"the port is another SF's":         {func(p *devlink.Port) { p.SF = devlink.Some[uint32](6) }, false},
		"the port is another PF's":         {func(p *devlink.Port) { p.PF = devlink.Some[uint16](0) }, false},
		"the port is another controller's": {func(p *devlink.Port) { p.Controller = devlink.Some[uint32](1) }, false},
		"the port is a VF's": {func(p *devlink.Port) {
			p.Flavour, p.VF, p.SF = devlink.FlavourPCIVF, devlink.Some[uint16](5), devlink.Optional[uint32]{}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKernel()
			h := pci("0000:03:00.0")
			satellite := pf(h, 1, nil, 11)
			satellite.Controller, satellite.External = devlink.Some[uint32](2), devlink.Some(false)
			k.ports = []devlink.Port{satellite, {
				Handle: h, Index: 230001, Type: devlink.TypeEth, Flavour: devlink.FlavourPCISF, IfIndex: 12,
				Controller: devlink.Some[uint32](2), PF: devlink.Some[uint16](1), SF: devlink.Some[uint32](5),
			}}
			k.links = []netdev.Link{link(11, "c2pf1"), link(12, "c2pf1sf5")}
			o, err := Options{UdevRoot: "/nonexistent"}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			c, err := readOnce(t.Context(), o, fakePorts{k}, fakeLinks{k})
			if err != nil {
				t.Fatal(err)
			}
			r, ok := representor.NewIndex(c, representor.Settings{}).ByFunction(called("pci/0000:03:00.0 c2pf1sf5 local"))
			if !ok {
				t.Fatal("the SF is not known as our own")
			}
			tt.change(&k.ports[1])
			if got, err := unstarted(t, k, Options{}).Confirm(t.Context(), r); got != tt.want || err != nil {
				t.Errorf("confirmed %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// gatedPorts is a client as the real one is: what hangs in the kernel hears of no
// context, and lets no other question in.
type gatedPorts struct {
	fakePorts
	gate *netlinkio.Gate
}

func (g gatedPorts) Port(ctx context.Context, h devlink.Handle, index uint32) (devlink.Port, error) {
	return netlinkio.Call(ctx, g.gate, func() (devlink.Port, error) {
		return g.fakePorts.Port(context.WithoutCancel(ctx), h, index)
	})
}

func TestConfirm_EndsWithItsContextAndAnInstanceThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := confirmed()
		w := unstarted(t, k, Options{})
		w.confirmer.ports = newPortClients(func() portSource { return gatedPorts{fakePorts{k}, netlinkio.NewGate()} })
		hang := make(chan struct{})
		defer close(hang)
		k.change(func(k *kernel) { k.hang, k.hung = hang, pci("0000:03:00.1") })
		other := r
		other.Function.Handle, other.IfIndex, other.Link.Name = pci("0000:03:00.1"), 14, k.links[4].Name

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if got, err := w.Confirm(ctx, other); got || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("of one that hangs: %v, %v after %v; want a deadline exceeded after a second", got, err, time.Since(began))
		}
		if got, err := w.Confirm(t.Context(), r); !got || err != nil {
			t.Errorf("of one that doesn't: %v, %v; want true", got, err)
		}
	})
}

func TestConfirm_FollowsARealNetdevThroughARename(t *testing.T) {
	k := newKernel()
	w := watchReal(t, k)
	a := veth(t, "pf0vf7", "peer7")
	index := uint32(a.Attrs().Index)
	h := pci("0000:03:00.0")
	k.change(func(k *kernel) { k.ports = append(k.ports, vf(h, 0, 7, index)) })
	k.portEvents.poke()
	function := "pci/0000:03:00.0 c1pf0vf7"
	w.await(t, "it is a representor", func(x *representor.Index) bool { r, _ := x.ByFunction(called(function)); return r.IfIndex == index })
	r, _ := w.Index().ByFunction(called(function))
	ask := func(when string, want bool) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if got, err := w.Confirm(ctx, r); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", when, got, err, want)
		}
	}
	ask("at first", true)
	if err := netlink.LinkSetName(a, "other"); err != nil {
		t.Fatal(err)
	}
	ask("renamed", false)
	veth(t, "pf0vf7", "peer8")
	ask("with another netdev of the name", false)
	if err := netlink.LinkDel(a); err != nil && !errors.Is(err, unix.ENODEV) {
		t.Fatal(err)
	}
	ask("gone", false)
}

// What one question to rtnetlink costs; devlink's is measured where there are ports.
func BenchmarkConfirmARealNetdev(b *testing.B) {
	a := veth(b, "va", "vb")
	k := newKernel()
	p := vf(pci("0000:03:00.0"), 0, 0, uint32(a.Attrs().Index))
	k.ports = append(k.ports, p)
	w := &Watcher{confirmer: confirmer{links: realLinks(), ports: k.instances()}}
	defer w.confirmer.links.Close()
	defer w.confirmer.ports.Close()
	f := functionOn("0000:03:00.0")
	r := representor.Representor{Function: f, PortIndex: p.Index, IfIndex: p.IfIndex, Link: representor.Link{Name: "va"}}
	for b.Loop() {
		if ok, err := w.Confirm(b.Context(), r); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func TestUsurped_IsANameThatSomethingElseHas(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*kernel)
		want   bool
	}{
		"nothing changed":              {func(*kernel) {}, false},
		"the netdev was renamed":       {func(k *kernel) { k.links[0].Name = "other" }, false},
		"the netdev is gone":           {func(k *kernel) { k.links = k.links[1:] }, false},
		"two netdevs changed names":    {func(k *kernel) { k.links[0].Name, k.links[1].Name = k.links[1].Name, k.links[0].Name }, true},
		"another netdev took the name": {func(k *kernel) { k.links[1].Name, k.links = k.links[0].Name, k.links[1:] }, true},
		"it is being renamed":          {func(k *kernel) { k.ports[1].NetdevName = "other" }, false},
		"the port is another VF's":     {func(k *kernel) { k.ports[1].VF = devlink.Some(uint16(2)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			k, r := confirmed()
			tt.change(k)
			w := unstarted(t, k, Options{})
			if got, err := w.Usurped(t.Context(), r); got != tt.want || err != nil {
				t.Errorf("usurped %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestUsurped_IsNotWhatWasRenamedOrWentWhileTheKernelWasAsked(t *testing.T) {
	for name, change := range map[string]func(*kernel){
		"the netdev was renamed": func(k *kernel) { k.links[0].Name = "other" },
		"the netdev is gone":     func(k *kernel) { k.links, k.ports[1].IfIndex = k.links[1:], 0 },
		"the port is gone too":   func(k *kernel) { k.links, k.ports = k.links[1:], k.ports[2:] },
	} {
		t.Run(name, func(t *testing.T) {
			k, r := confirmed()
			w := unstarted(t, k, Options{})
			w.confirmer.links = changingLinks{w.confirmer.links, func() { change(k) }}
			if got, err := w.Usurped(t.Context(), r); got || err != nil {
				t.Errorf("usurped %v, %v; want false", got, err)
			}
		})
	}
}

// changingLinks let something happen after a name was looked up.
type changingLinks struct {
	linkSource
	meanwhile func()
}

func (l changingLinks) LinkNamed(ctx context.Context, name string) (netdev.Link, error) {
	link, err := l.linkSource.LinkNamed(ctx, name)
	l.meanwhile()
	return link, err
}
