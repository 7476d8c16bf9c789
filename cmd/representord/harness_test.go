package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
	"github.com/representord/representord/test/witness"
)

// asProgram as its first argument makes the test binary the program itself, so
// that the tests of the process run what is tested, with the race detector.
const asProgram = "as-representord"

// withCard is the variable that gives such a program a card that never changes, with
// as many VFs, in place of the kernel's.
const withCard = "REPRESENTORD_TEST_VFS"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asProgram {
		os.Args = slices.Delete(os.Args, 1, 2)
		open := agent.OpenCard(agent.WatchCard)
		if vfs, err := strconv.Atoi(os.Getenv(withCard)); err == nil {
			open = newFakeCard(cardWith(vfs)).open
		}
		os.Exit(run(open))
	}
	leaks.Main(m)
}

// fakeCard is a card that changes only when it is told to. The real one is
// tested elsewhere; not every kernel that runs tests has devlink.
type fakeCard struct {
	index atomic.Pointer[representor.Index]

	mu     sync.Mutex
	up     []uint32
	notify func()
}

// pfMAC is the MAC of the fake card's only PF.
const pfMAC = "00:53:00:00:00:42"

// cardWith makes a card with a PF and VFs 0 to n-1, called pf0vf<N>, with
// ifindexes from 100 on.
func cardWith(vfs int) representor.Card {
	mac := representor.MAC{0, 0x53, 0, 0, 0, 0x42}
	port := func(index uint32, flavour devlink.Flavour) devlink.Port {
		return devlink.Port{
			Handle: devlink.Handle{Bus: "pci", Device: "0000:03:00.0"}, Index: index, Type: devlink.TypeEth, Flavour: flavour,
			Controller: devlink.Some[uint32](1), External: devlink.Some(true), PF: devlink.Some[uint16](0),
		}
	}
	pf := port(1, devlink.FlavourPCIPF)
	pf.Function = &devlink.Function{HWAddr: mac[:]}
	c := representor.Card{
		Ports: []devlink.Port{pf}, Links: map[uint32]representor.Link{}, Complete: true,
		Serials: map[devlink.Handle]representor.Serial{pf.Handle: {Number: "MT2025K30970", From: representor.SerialFromDevlink}},
	}
	for n := range vfs {
		p := port(uint32(10+n), devlink.FlavourPCIVF)
		p.VF, p.IfIndex = devlink.Some(uint16(n)), uint32(100+n)
		c.Ports = append(c.Ports, p)
		c.Links[p.IfIndex] = representor.Link{Name: fmt.Sprintf("pf0vf%d", n), MTU: 1500, Settled: true}
	}
	return c
}

func newFakeCard(c representor.Card) *fakeCard {
	f := &fakeCard{}
	f.become(c)
	return f
}

// become changes the card, and tells whoever has it open.
func (f *fakeCard) become(c representor.Card) {
	f.index.Store(representor.NewIndex(c, representor.Settings{}))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.notify != nil {
		f.notify()
	}
}

func (f *fakeCard) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (f *fakeCard) Index() *representor.Index     { return f.index.Load() }
func (f *fakeCard) Counters() card.Counters       { return card.Counters{} }

func (f *fakeCard) open(o card.Options) (agent.Devices, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notify = o.Notify
	return f, nil
}

func (f *fakeCard) Confirm(_ context.Context, r representor.Representor) (bool, error) {
	return f.Index().Shows(r), nil
}

func (f *fakeCard) Usurped(_ context.Context, r representor.Representor) (bool, error) {
	return f.Index().Usurps(r), nil
}

func (f *fakeCard) LinkUp(_ context.Context, ifindex uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = append(f.up, ifindex)
	return nil
}

func (f *fakeCard) wereUp() []uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.up)
}

// host is a DPU's local database with a bridge, and a directory for everything else.
type host struct {
	*servers.OVSDB
	dir string
	// witness judges all that happens to the rows; nil for a host of newHost.
	witness *witness.Witness
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{OVSDB: servers.OpenVSwitch(t), dir: servers.Dir(t)}
	h.Ctl(t, "add-br", "br-int", "--", "set", "open", ".", "external_ids:system-id=dpu1")
	return h
}

func (h *host) socket() string { return filepath.Join(h.dir, "control.sock") }

// flags point the program to the host.
func (h *host) flags(more ...string) []string {
	return append([]string{
		"--ovs-db=" + h.Endpoint, "--run-dir=" + h.dir, "--control-socket=" + h.socket(),
		"--path.ovn-sysconf=" + h.dir, "--path.udev=" + h.dir,
	}, more...)
}

// config is what the flags amount to.
func (h *host) config() config.Config {
	return config.Config{OVSDB: h.Endpoint, RunDir: h.dir, ControlSocket: h.socket(), OVNSysconf: h.dir, UdevRoot: h.dir, SysfsRoot: "/sys"}
}

// markedRow adds a row of ours to a bridge, as an earlier run left it.
func (h *host) markedRow(t *testing.T, bridge, netdev, lport string) {
	t.Helper()
	h.Ctl(t, "add-port", bridge, netdev, "--", "set", "Interface", netdev, "external_ids:iface-id="+lport,
		"external_ids:representord-logical-port="+lport,
		`external_ids:representord-function="pci/0000:03:00.0 c1pf0vf`+strings.TrimPrefix(netdev, "pf0vf")+`"`,
		`external_ids:representord-request="pf-mac `+pfMAC+` vf `+strings.TrimPrefix(netdev, "pf0vf")+`"`)
}

func (h *host) ports(t *testing.T, bridge string) []string {
	t.Helper()
	return strings.Fields(h.Ctl(t, "list-ports", bridge))
}

// opened plays ovs-vswitchd: it opens a netdev once its row is there.
func (h *host) opened(t *testing.T, netdev string, ifindex int) {
	t.Helper()
	servers.Until(t, netdev+" has a row", func() bool {
		_, err := h.TryCtl("get", "Interface", netdev, "name")
		return err == nil
	})
	h.Ctl(t, "set", "Interface", netdev, fmt.Sprintf("ifindex=%d", ifindex), "ofport=7")
}

// cloud is a Southbound with our Chassis row, as ovn-northd and ovn-controller leave it.
type cloud struct {
	*servers.OVSDB
	witness *witness.Witness
	chassis string
	keys    int
}

func newCloud(t *testing.T, h *host) *cloud {
	t.Helper()
	return newCloudOn(t, h, servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound))
}

// newCloudOn fills a Southbound that is empty.
func newCloudOn(t *testing.T, h *host, southbound *servers.OVSDB) *cloud {
	t.Helper()
	c := &cloud{OVSDB: southbound, witness: h.witness}
	c.sbctl(t, "init")
	c.sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	c.chassis = c.sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
	h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote="+c.Endpoint)
	return c
}

func (c *cloud) sbctl(t *testing.T, args ...string) string {
	t.Helper()
	return c.Tool(t, append([]string{"ovn-sbctl", "--db=" + c.Endpoint, "--no-leader-only", "--timeout=60"}, args...)...)
}

// ask has the Southbound ask our chassis for a VF.
func (c *cloud) ask(t *testing.T, lport string, vf int) {
	t.Helper()
	c.keys++
	c.witness.Requests(map[string]invariants.Request{lport: asks(vf)}, func() {
		c.sbctl(t, "--id=@dp", "create", "Datapath_Binding", fmt.Sprintf("tunnel_key=%d", c.keys), "--",
			"create", "Port_Binding", "logical_port="+lport, "datapath=@dp", "tunnel_key=1", "requested_chassis="+c.chassis,
			"options:vif-plug-type=representor", `options:vif-plug\:representor\:pf-mac="`+pfMAC+`"`,
			fmt.Sprintf(`options:vif-plug\:representor\:vf-num="%d"`, vf))
	})
}

// outcome is what one run of the program in this process gave.
type outcome struct {
	status         int
	stdout, stderr string
}

// inProcess runs the program with a fake card.
func inProcess(ctx context.Context, f *fakeCard, args ...string) outcome {
	return inProcessOn(ctx, f.open, args...)
}

// inProcessOn does it with any card.
func inProcessOn(ctx context.Context, open agent.OpenCard, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	p := program{stdout: &stdout, stderr: &stderr, version: "1.2.3", open: open}
	status := p.run(ctx, args)
	return outcome{status, stdout.String(), stderr.String()}
}

// startService runs the program for ever in this process, with a fake card,
// until the test ends. It gives the client of its socket.
func startService(t *testing.T, f *fakeCard, flags ...string) *api.Client {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan outcome, 1)
	go func() { done <- inProcess(ctx, f, flags...) }()
	t.Cleanup(func() {
		cancel()
		if o := <-done; o.status != exitOK || t.Failed() {
			t.Errorf("exit status %d\n%s", o.status, o.stderr)
		}
	})
	for _, flag := range flags {
		if socket, ok := strings.CutPrefix(flag, "--control-socket="); ok {
			return api.NewClient(socket)
		}
	}
	t.Fatal("no --control-socket")
	return nil
}

// await waits until a daemon's status is as wanted.
func await(t *testing.T, c *api.Client, what string, is func(api.Status) bool) api.Status {
	t.Helper()
	var s api.Status
	servers.Until(t, what, func() bool {
		var err error
		s, err = c.Status(t.Context())
		return err == nil && is(s)
	})
	return s
}

// release does as representorctl release-hold does: it releases what it sees.
func release(t *testing.T, c *api.Client) ([]plug.Holding, error) {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		return nil, err
	}
	r, err := c.ReleaseHold(t.Context(), s.Holds)
	return r.Holds, err
}
