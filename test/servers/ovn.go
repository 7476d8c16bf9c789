package servers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/confined"
)

// Central is what a cloud runs in one place: the Northbound and the Southbound
// database, and the ovn-northd that makes the one from the other.
type Central struct {
	NB *OVSDB
	SB *OVSDB
	// Northd fills the Southbound; see StartNorthd after a Kill.
	Northd *Process
}

// OVN starts the databases and ovn-northd, and returns when ovn-northd has
// written to the Southbound. The options are added to the command line of the
// Southbound's ovsdb-server, more remotes for instance.
func OVN(tb testing.TB, sbOptions ...string) *Central {
	tb.Helper()
	c := &Central{
		NB: NewOVSDB(tb, "nb", SchemaOVNNorthbound),
		SB: NewOVSDB(tb, "sb", SchemaOVNSouthbound, sbOptions...),
	}
	c.StartNorthd(tb)
	return c
}

// OVNClustered is OVN with a Southbound that is a cluster of that many members. Of SB
// there is but the Endpoint, of all of them; the members are the cluster's.
func OVNClustered(tb testing.TB, members int) (*Central, *Cluster) {
	tb.Helper()
	cluster := NewCluster(tb, "sb", SchemaOVNSouthbound, members)
	sb := &OVSDB{Endpoint: strings.Join(cluster.Endpoints(), ","), Dir: cluster.Members[0].Dir, Name: "sb", tb: tb,
		schema: SchemaOVNSouthbound}
	c := &Central{NB: NewOVSDB(tb, "nb", SchemaOVNNorthbound), SB: sb}
	c.StartNorthd(tb)
	return c, cluster
}

// StartNorthd starts ovn-northd on both databases, once more after it was killed,
// and returns when the Southbound has its SB_Global row.
func (c *Central) StartNorthd(tb testing.TB) {
	tb.Helper()
	c.Northd = startIn(tb, c.NB.Dir, "ovn-northd",
		"ovn-northd", "--ovnnb-db="+c.NB.Endpoint, "--ovnsb-db="+c.SB.Endpoint,
		"--unixctl="+filepath.Join(c.NB.Dir, "northd.ctl"), "-vconsole:info", "-vsyslog:off")
	Until(tb, "ovn-northd has written to the Southbound", func() bool {
		out, err := c.TrySbctl("--bare", "--columns=_uuid", "list", "SB_Global")
		return err == nil && out != ""
	})
}

// Nbctl runs ovn-nbctl on the Northbound and returns what it printed. It doesn't
// wait for ovn-northd unless told so (--wait=sb).
func (c *Central) Nbctl(tb testing.TB, args ...string) string {
	tb.Helper()
	return c.NB.Tool(tb, append([]string{"ovn-nbctl", "--db=" + c.NB.Endpoint, "--timeout=60"}, args...)...)
}

// Sbctl runs ovn-sbctl on the Southbound and returns what it printed.
func (c *Central) Sbctl(tb testing.TB, args ...string) string {
	tb.Helper()
	out, err := c.TrySbctl(args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TrySbctl is Sbctl for what may fail.
func (c *Central) TrySbctl(args ...string) (string, error) {
	return run(c.SB.Dir, append([]string{"ovn-sbctl", "--db=" + c.SB.Endpoint, "--timeout=60"}, args...)...)
}

// Controller starts a real ovn-controller on a local Open vSwitch database. It
// sets the external_ids that ovn-controller can't do without: the Southbound's
// address, a tunnel endpoint on the loopback and, unless there is one, the
// system-id "dpu1". Its Chassis row stays when it is killed; StopController
// removes it. Without VSwitchd it has its Chassis row, and sets up no flows.
//
// It can open no netlink socket, as under the drop-in that is shipped for its unit, so that
// the plug provider which Debian's has compiled in isn't registered.
func Controller(tb testing.TB, local *OVSDB, sbEndpoint string) *Process {
	tb.Helper()
	filter, err := confined.Netlink()
	if err != nil {
		tb.Fatal(err)
	}
	return ControllerUnder(tb, local, sbEndpoint, filter)
}

// ControllerWithPlugProvider is Controller with plug providers: a dummy, which plugs nothing
// that asks for a representor, and the one for representors that Debian's has compiled in, if
// the kernel has devlink. That one plugs what it sees in the test's network namespace.
func ControllerWithPlugProvider(tb testing.TB, local *OVSDB, sbEndpoint string) *Process {
	tb.Helper()
	return ControllerUnder(tb, local, sbEndpoint, nil, "--enable-dummy-vif-plug")
}

// ControllerUnder is Controller under another filter of system calls, none for nil, and with
// more options.
func ControllerUnder(tb testing.TB, local *OVSDB, sbEndpoint string, filter confined.Filter, options ...string) *Process {
	tb.Helper()
	if local.Ctl(tb, "--if-exists", "get", "open", ".", "external_ids:system-id") == "" {
		local.Ctl(tb, "set", "open", ".", "external_ids:system-id=dpu1")
	}
	// The quotes are for the commas that a list of endpoints has.
	local.Ctl(tb, "set", "open", ".", `external_ids:ovn-remote="`+sbEndpoint+`"`,
		"external_ids:ovn-encap-type=geneve", "external_ids:ovn-encap-ip=127.0.0.1")
	p := startConfined(tb, local.Dir, "ovn-controller", filter,
		append([]string{"ovn-controller", local.Endpoint, "-vconsole:info", "-vsyslog:off"}, options...)...)
	awaitSocket(tb, p, controllerCtl(local, p))
	return p
}

// StopController ends an ovn-controller in its own way, which deletes its Chassis
// row unless the option --restart is given, and waits until it is gone. One that has
// ended by itself is gone too.
func StopController(tb testing.TB, local *OVSDB, p *Process, options ...string) {
	tb.Helper()
	_, err := run(local.Dir, append([]string{"ovs-appctl", "--target=" + controllerCtl(local, p), "exit"}, options...)...)
	select {
	case <-p.Done():
	case <-time.After(patience):
		tb.Fatalf("ovn-controller still runs %s after it was told to exit: %v", patience, err)
	}
}

// controllerCtl is the control socket of an ovn-controller, which has no option
// to choose it (unixctl_server_create() of lib/unixctl.c).
func controllerCtl(local *OVSDB, p *Process) string {
	return filepath.Join(local.Dir, fmt.Sprintf("ovn-controller.%d.ctl", p.Pid()))
}
