package card

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/leaks"
)

// inside marks the process that runs in a network namespace of its own.
const inside = "REPRESENTORD_TEST_NETNS"

// TestMain moves the whole test into a new network namespace, where it may do as
// it likes: it begins again there, because only then all threads are inside. The
// virtual machine's own namespace is as good, and has the simulated card.
func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" && os.Getenv("REPRESENTORD_VM") == "" {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), inside+"=1"))
		}
		fmt.Fprintf(os.Stderr, "these tests need a network namespace of their own, which needs CAP_SYS_ADMIN: %v\n", err)
		os.Exit(1) //nolint:forbidigo // a TestMain is a main
	}
	leaks.Main(m)
}

// realWatcher is a Watcher of the real kernel's links and of a card that isn't there.
type realWatcher struct {
	*Watcher
	changed chan struct{}
}

// portless is a source of real netdevs whose devlink ports are a test's invention: the
// kernel, which knows better, is not heard on those.
type portless struct{ linkSource }

func realLinks() linkSource { return portless{netdev.New()} }

func (p portless) Links(ctx context.Context) ([]netdev.Link, error) {
	list, err := p.linkSource.Links(ctx)
	for i := range list {
		list[i].TellsPort = false
	}
	return list, err
}

func (p portless) Link(ctx context.Context, ifindex uint32) (netdev.Link, error) {
	l, err := p.linkSource.Link(ctx, ifindex)
	l.TellsPort = false
	return l, err
}

func (p portless) LinkNamed(ctx context.Context, name string) (netdev.Link, error) {
	l, err := p.linkSource.LinkNamed(ctx, name)
	l.TellsPort = false
	return l, err
}

// watchReal runs a Watcher until the test ends. Devlink is fake: this kernel may
// have none.
func watchReal(tb testing.TB, k *kernel) realWatcher {
	tb.Helper()
	r := realWatcher{changed: make(chan struct{}, 1)}
	o, err := Options{
		UdevRoot: "/nonexistent",
		Notify: func() {
			select {
			case r.changed <- struct{}{}:
			default:
			}
		},
	}.withDefaults()
	if err != nil {
		tb.Fatal(err)
	}
	r.Watcher = newWatcher(o)
	r.ports.source, r.serials.source, r.links.source, r.setter = fakePorts{k}, fakePorts{k}, realLinks(), netdev.New()
	r.confirmer, r.ports.clients = confirmer{links: realLinks(), ports: k.instances()}, k.instances()
	r.onPorts.events, r.onLinks.events = k.portEvents, netdev.NewListener(o.Log, r.pokes.links.Wake)
	k.portEvents.poke = r.pokes.ports.Wake
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	tb.Cleanup(func() { cancel(); running.Wait() })
	return r
}

// await waits until the index is as wanted, looking whenever it has changed.
func (r realWatcher) await(tb testing.TB, what string, ok func(*representor.Index) bool) {
	tb.Helper()
	deadline := time.After(time.Minute)
	for !ok(r.Index()) {
		select {
		case <-r.changed:
		case <-deadline:
			complete, problem := r.Index().Complete()
			tb.Fatalf("not within a minute: %s; complete %v, problem %q, links %v", what, complete, problem, r.names())
		}
	}
}

// names lists the netdevs that the watcher knows.
func (r realWatcher) names() []string {
	var names []string
	for _, l := range r.card().Links {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

func (r realWatcher) linked(name string) func(*representor.Index) bool {
	return func(x *representor.Index) bool { _, _, ok := x.LinkByName(name); return ok }
}

// veth makes a pair of devices that lives as long as the test, and gives the first.
func veth(tb testing.TB, name, peer string) netlink.Link {
	tb.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer}); err != nil {
		tb.Fatalf("make veth pair %s, %s: %v", name, peer, err)
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := netlink.LinkDel(l); err != nil && !errors.Is(err, unix.ENODEV) {
			tb.Errorf("delete %s: %v", name, err)
		}
	})
	return l
}

func TestWatcher_TheIndexFollowsARealNetdev(t *testing.T) {
	k := newKernel()
	r := watchReal(t, k)
	r.await(t, "the loopback device is known", r.linked("lo"))

	a := veth(t, "eth0", "peer")
	index := uint32(a.Attrs().Index)
	r.await(t, "a new netdev is known", r.linked("eth0"))

	// A port that names it makes it the representor of a function.
	k.change(func(k *kernel) { k.ports = append(k.ports, vf(pci("0000:03:00.0"), 0, 7, index)) })
	k.portEvents.poke()
	r.await(t, "it is a representor", func(x *representor.Index) bool {
		rep, ok := x.ByNetdev("eth0")
		return ok && rep.Function.Number == 7
	})
	if err := netlink.LinkSetName(a, "pf0vf7"); err != nil {
		t.Fatal(err)
	}
	r.await(t, "it is known by its new name, and not by the old one", func(x *representor.Index) bool {
		_, old := x.ByNetdev("eth0")
		rep, ok := x.ByNetdev("pf0vf7")
		return ok && !old && rep.IfIndex == index && !rep.Link.Up
	})
	if err := r.LinkUp(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	r.await(t, "it is up", func(x *representor.Index) bool { rep, _ := x.ByNetdev("pf0vf7"); return rep.Link.Up })
	if err := netlink.LinkDel(a); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the function has no netdev", func(x *representor.Index) bool {
		rep, ok := x.ByFunction(called("pci/0000:03:00.0 c1pf0vf7"))
		return ok && rep.IfIndex == 0
	})
}

func TestIndex_KnowsARealNetdevsAlternativeNamesAndThatASoftwareDeviceIsNoFunctions(t *testing.T) {
	r := watchReal(t, newKernel())
	a := veth(t, "va", "vb")
	index := uint32(a.Attrs().Index)
	if err := netlink.LinkSetUp(a); err != nil { // or Linux doesn't tell
		t.Fatal(err)
	}
	r.await(t, "va is known", r.linked("va"))
	if err := netlink.LinkAddAltName(a, "an-alternative-name"); err != nil {
		t.Fatal(err)
	}
	r.await(t, "it is known by its other name", func(x *representor.Index) bool {
		i, l, ok := x.LinkByName("an-alternative-name")
		return ok && i == index && l.Name == "va"
	})
	if why, proved := r.Index().NeverAFunction(index); !proved {
		t.Error("a veth may become a function's")
	} else {
		t.Logf("a veth is no function's: %s", why)
	}
	if current, problem := r.Index().LinksCurrent(); !current {
		t.Errorf("links are not current: %s", problem)
	}
	if err := netlink.LinkDelAltName(a, "an-alternative-name"); err != nil {
		t.Fatal(err)
	}
	r.await(t, "the other name is forgotten", func(x *representor.Index) bool { return !r.linked("an-alternative-name")(x) })
}

func TestWatcher_AfterAFloodTheIndexEqualsTheKernels(t *testing.T) {
	watched := time.Now()
	r := watchReal(t, newKernel())
	r.await(t, "the loopback device is known", r.linked("lo"))
	for i := range 40 {
		a := veth(t, fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i))
		for j := range 25 {
			if err := netlink.LinkSetMTU(a, 1000+j); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			if err := netlink.LinkDel(a); err != nil {
				t.Fatal(err)
			}
		}
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32]representor.Link{}
	shown := func() map[uint32]representor.Link {
		links := maps.Clone(r.card().Links)
		for i, l := range links {
			l.Kind, l.TellsPort = "", false // of these the other library tells nothing
			links[i] = l
		}
		return links
	}
	for _, i := range interfaces {
		l := representor.Link{Name: i.Name, Up: i.Flags&net.FlagUp != 0, MTU: i.MTU, Settled: true}
		copy(l.HWAddr[:], i.HardwareAddr)
		want[uint32(i.Index)] = l
	}
	began := time.Now()
	r.await(t, "all netdevs are known", func(*representor.Index) bool { return cmp.Equal(want, shown()) })
	if took := time.Since(began); took > 30*time.Second { // a busy machine's seconds; an audit would come later
		t.Errorf("it took %v; want at most 30s", took)
	}
	c := r.Counters().Links
	t.Logf("%d notifications, %d lists, %d interrupted", c.Events, c.Reads, c.Interrupted)
	// What overruns the socket of a listener that gets no processor isn't counted.
	if c.Events < 500 && c.Overruns == 0 {
		t.Errorf("%d notifications; want the flood to have been one", c.Events)
	}
	if most := uint64(time.Since(watched)/restLeast) + 2; c.Reads > most {
		t.Errorf("%d lists for %d notifications, want %d at most; they are to coalesce", c.Reads, c.Events, most)
	}
}

func TestWatcher_TheRealOneKnowsTheLinksWithOrWithoutDevlink(t *testing.T) {
	changed := make(chan struct{}, 1)
	w, err := New(Options{Notify: func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	r := realWatcher{Watcher: w, changed: changed}
	r.await(t, "the loopback device is known, and devlink is read or known to be absent", func(x *representor.Index) bool {
		complete, problem := x.Complete()
		_, _, ok := x.LinkByName("lo")
		return ok && (complete || strings.HasPrefix(problem, "no devlink"))
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func BenchmarkFromALinksChangeToTheIndex(b *testing.B) {
	a := veth(b, "va", "vb")
	r := watchReal(b, newKernel())
	r.await(b, "va is known", r.linked("va"))
	quiet := time.NewTicker(2 * restLeast)
	defer quiet.Stop()
	var took time.Duration
	for i := 0; b.Loop(); i++ {
		<-quiet.C
		began := time.Now()
		if err := netlink.LinkSetMTU(a, 1000+i%500); err != nil {
			b.Fatal(err)
		}
		r.await(b, "its MTU is known", func(x *representor.Index) bool {
			_, l, _ := x.LinkByName("va")
			return l.MTU == 1000+i%500
		})
		took += time.Since(began)
	}
	b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/change")
}
