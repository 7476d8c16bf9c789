//go:build vm

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
)

// parking is that a row whose function is away carries nobody's name.
func parking() []scenario {
	return []scenario{
		{"a row whose function is away for long carries no iface-id, and gets it back", parksAndReturns},
	}
}

// claim is what ovn-controller makes of a port: its Port_Binding, and the flows that
// packets of its netdev meet first.
type claim struct {
	chassis, up string
	flows       int
}

func (d *dpu) bindingOf(t *testing.T, lport, ofport string) claim {
	t.Helper()
	var b claim
	out := d.central.Sbctl(t, "--bare", "--no-headings", "--columns=chassis,up", "find", "Port_Binding", "logical_port="+lport)
	if lines := strings.Split(out, "\n"); len(lines) > 1 {
		b.chassis, b.up = lines[0], lines[1]
	} else {
		b.up = out
	}
	if ofport != "" && !strings.HasPrefix(ofport, "-") && ofport != "[]" {
		b.flows = strings.Count(d.local.Tool(t, "ovs-ofctl", "dump-flows", "br-int", "table=0,in_port="+ofport), "in_port=")
	}
	return b
}

// parksAndReturns compares an absence for which the row keeps its name with one for which
// it doesn't: ovn-controller releases a port without an OpenFlow port in both.
func parksAndReturns(t *testing.T, d *dpu) {
	d.judged(t)
	a, _ := twoPorts(t, d)
	o := d.openings(t)
	there := d.bindingOf(t, "vm0", a.ofport)
	t.Logf("plugged: %+v", there)
	if there.up != "true" || there.flows == 0 {
		t.Errorf("plugged, the port has %+v", there)
	}
	named := func() (r invariants.Row) {
		o.look()
		return o.ours()["pf0vf0"]
	}
	returns := func() time.Duration {
		began := time.Now()
		d.changes(t, func() { sim(t, "port netdev card0 10 pf0vf0") })
		d.until(t, "the row is open again", func() bool { r := named(); return r.Ofport > 0 && r.IfIndex != 0 && !r.Parked })
		open := time.Since(began)
		d.bound(t, "vm0")
		d.until(t, "its flows are back", func() bool { return d.bindingOf(t, "vm0", d.row(t, "pf0vf0").ofport).flows == there.flows })
		took := time.Since(began)
		t.Logf("back: open after %v, bound with its flows after %v: %+v", open, took, d.bindingOf(t, "vm0", d.row(t, "pf0vf0").ofport))
		return took
	}

	d.changes(t, func() { sim(t, "port nonetdev card0 10") })
	d.until(t, "ovs-vswitchd has lost the netdev", func() bool { return named().Ofport <= 0 })
	d.until(t, "ovn-controller has released the port", func() bool { return d.bindingOf(t, "vm0", "").up == "false" })
	if r := named(); r.Parked {
		t.Logf("the row is parked already: %s", r)
	}
	short := returns()
	d.awaitPort(t, "vm0", plan.Plugged)

	d.changes(t, func() { sim(t, "port nonetdev card0 10") })
	began := time.Now()
	for !named().Parked && time.Since(began) < 20*time.Second {
		d.quiet(t)
	}
	t.Logf("parked after %v: %s", time.Since(began), named())
	if r := named(); !r.Parked || r.LogicalPort != "vm0" {
		t.Errorf("the function is away for %v, and the row carries its port's name: %s", time.Since(began), r)
	}
	if r := d.row(t, "pf0vf0"); r.uuid != a.uuid || named().Parked && r.ifaceID != "" {
		t.Errorf("row %+v, was %+v; want it without its iface-id", r, a)
	}
	d.until(t, "ovn-controller has released the port", func() bool { return d.bindingOf(t, "vm0", "").up == "false" })
	t.Logf("away: %+v", d.bindingOf(t, "vm0", ""))
	long := returns()
	d.awaitPort(t, "vm0", plan.Plugged)
	if r := d.row(t, "pf0vf0"); r.uuid != a.uuid || r.ifaceID != "vm0" {
		t.Errorf("row %+v, was %+v; want it with its iface-id", r, a)
	}
	t.Logf("it took %v with the row's name kept, and %v with its name given back", short, long)
	if long > short+3*time.Second {
		t.Errorf("it took %v until a row that was parked carried its port again, and %v for one that wasn't", long, short)
	}
}
