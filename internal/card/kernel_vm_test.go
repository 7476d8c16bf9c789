//go:build vm

package card

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// These tests are for the virtual machine of test/vm, with the simulated card of
// test/dpusim.

// sim gives the simulator commands, all at once.
func sim(t *testing.T, commands ...string) {
	t.Helper()
	if err := os.WriteFile("/sys/kernel/debug/dpusim/ctl", []byte(strings.Join(commands, "\n")+"\n"), 0); err != nil {
		log, _ := os.ReadFile("/sys/kernel/debug/dpusim/log")
		t.Fatalf("dpusim: %v\n%s", err, log)
	}
}

// watchKernel runs a Watcher of the real kernel until the test ends.
func watchKernel(t *testing.T, audit time.Duration) realWatcher {
	t.Helper()
	r := realWatcher{changed: make(chan struct{}, 1)}
	w, err := New(Options{Audit: audit, UdevRoot: "/nonexistent", Notify: func() {
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.Watcher = w
	t.Cleanup(start(t, w))
	r.await(t, "everything was read", func(x *representor.Index) bool { complete, _ := x.Complete(); return complete })
	return r
}

func function(text string) representor.Function { return called("platform/watched " + text) }

func TestWatcher_TheIndexFollowsARealCard(t *testing.T) {
	r := watchKernel(t, 2*time.Second)
	sim(t,
		"dev add watched serial=MT2108X00001",
		"port add watched 0 flavour=physical port=0 netdev=wp0",
		"port add watched 2 flavour=pcivf controller=1 pf=0 vf=3 netdev=late",
	)
	t.Cleanup(func() { sim(t, "reset") })
	query := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x42}, Kind: representor.VF, Number: 3, CardSerial: "MT2108X00001"}
	answers := func(code reason.Code) func(*representor.Index) bool {
		return func(x *representor.Index) bool {
			_, why := x.Lookup(query)
			return why == nil && code == "" || why != nil && why.Code == code
		}
	}
	r.await(t, "a VF without its PF is not found", func(x *representor.Index) bool {
		_, ok := x.ByFunction(function("c1pf0vf3"))
		return ok && answers(reason.CodePFNotFound)(x)
	})
	sim(t, "port add watched 1 flavour=pcipf controller=1 pf=0 netdev=wpf0hpf")
	r.await(t, "a PF whose MAC nothing tells", answers(reason.CodePFMACUnknown))
	sim(t, "port mac watched 1 00:53:00:00:00:42") // the kernel doesn't notify of it
	r.await(t, "the VF has no netdev", answers(reason.CodeNoNetdev))
	sim(t, "port netdev watched 2 weth3")
	r.await(t, "the VF is found", answers(""))

	rep, _ := r.Index().Lookup(query)
	if dev, err := net.InterfaceByIndex(int(rep.IfIndex)); err != nil || dev.Name != "weth3" {
		t.Errorf("its netdev is %+v, %v; want weth3", dev, err)
	}
	if err := r.LinkUp(t.Context(), rep.IfIndex); err != nil {
		t.Error(err)
	}
	r.await(t, "it is up", func(x *representor.Index) bool { rep, _ := x.Lookup(query); return rep.Link.Up })

	sim(t, "port nonetdev watched 2")
	r.await(t, "its netdev is gone", answers(reason.CodeNoNetdev))
	sim(t, "port del watched 2")
	r.await(t, "the VF is gone", answers(reason.CodeFunctionNotFound))
	sim(t, "dev del watched")
	r.await(t, "the card is gone", answers(reason.CodePFNotFound))
}

func TestWatcher_APortThatCanNotBeReadDoesNotTakeTheOthersWithIt(t *testing.T) {
	r := watchKernel(t, 2*time.Second)
	sim(t,
		"dev add watched",
		"port add watched 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=none",
		"port add watched 2 flavour=pcivf controller=1 pf=0 vf=0 netdev=wvf0",
		"port add watched 3 flavour=pcivf controller=1 pf=0 vf=1 netdev=wvf1",
	)
	t.Cleanup(func() { sim(t, "reset") })
	has := func(x *representor.Index, f string) bool { _, ok := x.ByFunction(function(f)); return ok }
	r.await(t, "the card is known", func(x *representor.Index) bool { return has(x, "c1pf0vf1") })
	sim(t, "port fail-hwaddr watched 2 1")
	r.await(t, "the port is not known, and that is told", func(x *representor.Index) bool {
		complete, problem := x.Complete()
		return complete && !has(x, "c1pf0vf0") && strings.Contains(problem, "platform/watched/2")
	})
	if !has(r.Index(), "c1pf0") || !has(r.Index(), "c1pf0vf1") {
		_, problem := r.Index().Complete()
		t.Errorf("the other ports are not all known; problem %q", problem)
	}
	sim(t, "port fail-hwaddr watched 2 0")
	r.await(t, "all is well", func(x *representor.Index) bool {
		_, problem := x.Complete()
		return problem == "" && has(x, "c1pf0vf0") && has(x, "c1pf0vf1")
	})
}

func TestWatcher_AfterAFloodOfPortsTheIndexEqualsTheKernels(t *testing.T) {
	r := watchKernel(t, time.Minute)
	t.Cleanup(func() { sim(t, "reset") })
	const vfs = 80
	for round := range 2 {
		commands := []string{"dev add watched", "port add watched 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=none"}
		for i := range vfs {
			commands = append(commands, fmt.Sprintf("port add watched %d flavour=pcivf controller=1 pf=0 vf=%d netdev=w%dvf%d", 10+i, i, round, i))
		}
		for i := 0; i < vfs; i += 2 {
			commands = append(commands, fmt.Sprintf("port del watched %d", 10+i))
		}
		if round < 1 {
			commands = append(commands, "dev del watched")
		}
		sim(t, commands...)
	}
	quiet := time.Now()
	r.await(t, "the card is known as the kernel shows it, with its netdevs, which are read apart from the ports",
		func(x *representor.Index) bool {
			all := x.All()
			return len(all) == 1+vfs/2 && !slices.ContainsFunc(all, func(r representor.Representor) bool {
				return r.Function.Kind == representor.VF && r.IfIndex == 0
			})
		})
	took := time.Since(quiet)
	if took > 5*time.Second {
		t.Errorf("it took %v; want at most 5s of quiet", took)
	}
	c := devlink.New()
	defer c.Close()
	ports, err := c.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		if p.Flavour != devlink.FlavourPCIVF {
			continue
		}
		rep, ok := r.Index().ByFunction(function(fmt.Sprintf("c1pf0vf%d", p.VF.Value)))
		if !ok || rep.IfIndex != p.IfIndex || rep.Link.Name != p.NetdevName {
			t.Errorf("VF %d is %+v, %v; the kernel says netdev %s, ifindex %d", p.VF.Value, rep, ok, p.NetdevName, p.IfIndex)
		}
	}
	n := r.Counters()
	t.Logf("%v after the last change; ports %+v, links %+v", took, n.Ports, n.Links)
}

func TestConfirm_AsksTheRealKernel(t *testing.T) {
	r := watchKernel(t, 2*time.Second)
	sim(t,
		"dev add watched",
		"port add watched 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=none",
		"port add watched 2 flavour=pcivf controller=1 pf=0 vf=0 netdev=wvf0",
	)
	t.Cleanup(func() { sim(t, "reset") })
	r.await(t, "the VF is known", func(x *representor.Index) bool { _, ok := x.ByNetdev("wvf0"); return ok })
	rep, _ := r.Index().ByNetdev("wvf0")
	claim, ok := r.Index().ClaimOf(rep.IfIndex)
	if !ok || claim.Disputed || claim.Function != rep.Function {
		t.Errorf("its netdev is claimed by %+v, %v; want it for %s", claim, ok, rep.Function)
	}
	const times = 200
	began := time.Now()
	for range times {
		if ok, err := r.Confirm(t.Context(), rep); !ok || err != nil {
			t.Fatalf("confirmed %v, %v; want true", ok, err)
		}
	}
	t.Logf("confirmed in %v", time.Since(began)/times)
	sim(t, "port nonetdev watched 2", "port netdev watched 2 wvf0")
	if ok, err := r.Confirm(t.Context(), rep); ok || err != nil {
		t.Errorf("with a new netdev of that name: confirmed %v, %v; want false", ok, err)
	}
	sim(t, "port del watched 2")
	if ok, err := r.Confirm(t.Context(), rep); ok || err != nil {
		t.Errorf("without its port: confirmed %v, %v; want false", ok, err)
	}
}

func TestRead_SeesTheRealCard(t *testing.T) {
	sim(t,
		"dev add watched serial=MT2108X00001",
		"port add watched 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=wpf0hpf",
	)
	t.Cleanup(func() { sim(t, "reset") })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	card, err := Read(ctx, Options{UdevRoot: "/nonexistent"})
	if err != nil || !card.Complete || card.Serials[devlink.Handle{Bus: "platform", Device: "watched"}].Number != "MT2108X00001" {
		t.Errorf("got %+v, %v; want the whole card and its serial number", card, err)
	}
}

// The uplink is a port of another devlink instance, as mlx5 has it from Linux 6.3 on: the
// PF's MAC is that of the netdev that stands on the card's device.
func TestUplink_OnAnInstanceOfItsOwnTellsTheMACOfTheMachinesOwnPF(t *testing.T) {
	sim(t,
		"dev add watched",
		"dev add watched.eth on=watched",
		"port add watched.eth 65535 flavour=physical port=0 netdev=wp0 mac=00:53:00:00:00:30",
		"port add watched 5 flavour=pcivf pf=0 vf=4 netdev=wvf4",
	)
	t.Cleanup(func() { sim(t, "reset") })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	settings := representor.Settings{LocalFunctions: true}
	card, err := Read(ctx, Options{UdevRoot: "/nonexistent", Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	x := representor.NewIndex(card, settings)
	query := representor.Query{PFMAC: representor.MAC{0, 0x53, 0, 0, 0, 0x30}, Kind: representor.VF, Number: 4}
	rep, why := x.Lookup(query)
	if why != nil || rep.Function != function("c0pf0vf4 local") || rep.Link.Name != "wvf4" {
		t.Errorf("found %s with netdev %q, %+v; want the machine's own VF 4", rep.Function, rep.Link.Name, why)
	}
	watched := devlink.Handle{Bus: "platform", Device: "watched"}
	if u := x.Uplinks(); len(u) != 1 || u[0].Card != watched || u[0].Handle.Device != "watched.eth" {
		t.Errorf("uplinks %+v; want one of %s", u, watched)
	}
	// Sysfs says what rtnetlink says.
	for ifindex, l := range card.Links {
		if parent, err := readParent("/sys", netdevRef{l.Name, ifindex}); l.Parent == watched && (err != nil || parent != watched) {
			t.Errorf("%s stands on %s, %v; rtnetlink says %s", l.Name, parent, err, watched)
		}
	}
}

// A PF of the DPU's own behind another controller, and its SF, of which most kernels don't
// say whose it is.
func TestConfirm_ASatellitesSFIsOurOwn(t *testing.T) {
	r := watchKernel(t, 2*time.Second)
	sim(t,
		"dev add watched",
		"port add watched 1 flavour=pcipf controller=1 pf=0 mac=00:53:00:00:00:42 netdev=wpf0hpf",
		"port add watched 2 flavour=pcipf controller=2 external=0 pf=1 mac=00:53:00:00:00:51 netdev=wc2pf1",
		"port add watched 3 flavour=pcisf controller=2 external=0 pf=1 sf=5 netdev=wc2pf1sf5",
		"port add watched 4 flavour=pcisf controller=1 external=1 pf=0 sf=77 netdev=wc1pf0sf77",
	)
	t.Cleanup(func() { sim(t, "reset") })
	for netdev, want := range map[string]string{"wc2pf1sf5": "c2pf1sf5 local", "wc1pf0sf77": "c1pf0sf77"} {
		r.await(t, netdev+" is that of "+want, func(x *representor.Index) bool {
			rep, ok := x.ByNetdev(netdev)
			return ok && rep.Function == function(want)
		})
		rep, _ := r.Index().ByNetdev(netdev)
		if ok, err := r.Confirm(t.Context(), rep); !ok || err != nil {
			t.Errorf("%s: confirmed %v, %v; want true", want, ok, err)
		}
	}
	// Without its PF the number decides, unless the kernel says whose it is; it is the same SF.
	sim(t, "port del watched 2")
	r.await(t, "its PF is gone, and the SF the same", func(x *representor.Index) bool {
		rep, ok := x.ByFunction(x.WithController(function("c2pf1sf5 local")))
		_, pf := x.ByFunction(function("c2pf1 local"))
		return ok && !pf && rep.Link.Name == "wc2pf1sf5"
	})
}
