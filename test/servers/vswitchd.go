package servers

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// VSwitchd starts a real ovs-vswitchd on the database, with no need of the
// kernel's openvswitch module: --enable-dummy=system makes the datapath and every
// netdev of type "" or "system" a simulated one in user space. Bridges and ports
// get a real ofport. Any netdev name can be opened; see SetIfIndex for
// what a simulated netdev lacks.
func VSwitchd(tb testing.TB, d *OVSDB) *Process {
	tb.Helper()
	return startVSwitchd(tb, d, "--enable-dummy=system")
}

// VSwitchdRealNetdevs starts ovs-vswitchd on real netdevs but without the kernel's
// datapath: bridges must have datapath_type "dummy", and their own interface type
// "dummy-internal". A netdev that isn't there fails as it does in production.
func VSwitchdRealNetdevs(tb testing.TB, d *OVSDB) *Process {
	tb.Helper()
	return startVSwitchd(tb, d, "--enable-dummy")
}

// kernelAge is how long the kernel must have run before ovs-vswitchd starts on its
// datapath. Open vSwitch 3.1.0 thinks there are no CPUs until then (count_cpu_cores in
// lib/ovs-thread.c). On one or two it then makes no socket for what the kernel hands
// up, also later, and no packet ever crosses, though all else looks well.
const kernelAge = 10 * time.Second

// VSwitchdKernel starts ovs-vswitchd on the kernel's datapath and real netdevs, once
// the kernel has run for ten seconds.
func VSwitchdKernel(tb testing.TB, d *OVSDB) *Process {
	tb.Helper()
	Until(tb, "the kernel has run for "+kernelAge.String(), func() bool { return sinceBoot(tb) > kernelAge })
	return startVSwitchd(tb, d)
}

// sinceBoot is how long the kernel has run, by the clock that Open vSwitch reads.
func sinceBoot(tb testing.TB) time.Duration {
	tb.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		tb.Fatalf("clock: %v", err)
	}
	return time.Duration(now.Nano())
}

func startVSwitchd(tb testing.TB, d *OVSDB, options ...string) *Process {
	tb.Helper()
	// Its files have the names that they have in production: it listens, for what looks
	// at them and for ovs-appctl, on the socket that its pidfile names.
	return runVSwitchd(tb, d, append(options, "--pidfile="+filepath.Join(d.Dir, "ovs-vswitchd.pid"))...)
}

// VSwitchdWith is VSwitchd with files of other names: it has no pidfile but one that the
// options name, and listens for ovs-appctl where a --unixctl=FILE among them says.
func VSwitchdWith(tb testing.TB, d *OVSDB, options ...string) *Process {
	tb.Helper()
	return runVSwitchd(tb, d, append(options, "--enable-dummy=system")...)
}

func runVSwitchd(tb testing.TB, d *OVSDB, options ...string) *Process {
	tb.Helper()
	argv := append([]string{"ovs-vswitchd", d.Endpoint, "-vconsole:info", "-vsyslog:off"}, options...)
	p := startIn(tb, d.Dir, "ovs-vswitchd", argv...)
	ctl := filepath.Join(d.Dir, fmt.Sprintf("ovs-vswitchd.%d.ctl", p.Pid()))
	for _, option := range options {
		if named, ok := strings.CutPrefix(option, "--unixctl="); ok {
			ctl = named
		}
	}
	awaitSocket(tb, p, ctl)
	return p
}

// SetIfIndex lets a simulated netdev report an ifindex, as a real one does by
// itself: ovs-vswitchd then writes it to Interface.ifindex, where it is 0
// otherwise. The row must be there.
func SetIfIndex(tb testing.TB, d *OVSDB, netdev string, ifindex uint32) {
	tb.Helper()
	// options:ifindex of netdev-dummy, lib/netdev-dummy.c.
	d.Ctl(tb, "set", "Interface", netdev, "options:ifindex="+strconv.FormatUint(uint64(ifindex), 10))
}
