package southbound

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

func TestChassis_OurRowComesGoesAndIsReplacedWithoutARestart(t *testing.T) {
	c := servers.OVN(t)
	c.Nbctl(t, "ls-add", "ls", "--", "lsp-add", "ls", "lp", "--", "lsp-add", "ls", "listed")
	c.Nbctl(t, plugOptions("lp", "dpu1")...)
	c.Nbctl(t, plugOptions("listed", "dpu1,dpu2")...)
	f := follow(t, dpu1(c.SB.Endpoint))

	// The option of a port that lists several isn't seen by the condition.
	v := f.untilDispositions(map[string]Disposition{"lp": Kept})
	if v.ChassisKnown {
		t.Error("our Chassis row is known before it exists")
	}
	both := map[string]Disposition{"lp": Asked, "listed": Asked}
	c.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	if v := f.untilDispositions(both); !v.ChassisKnown {
		t.Error("our Chassis row is not known")
	}
	c.Sbctl(t, "chassis-del", "dpu1")
	v = f.untilDispositions(map[string]Disposition{"lp": Kept})
	if v.ChassisKnown {
		t.Error("our Chassis row is known after it was removed")
	}
	if got := f.verify("lp", "listed"); got.ChassisKnown || got.Bindings["listed"].Disposition != Kept {
		t.Errorf("without our Chassis row, the verdict is %+v", got)
	}
	c.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	f.untilDispositions(both)
	c.Sbctl(t, "chassis-del", "dpu1", "--", "chassis-add", "dpu1", "geneve", "127.0.0.1")
	f.untilDispositions(both)
}

func TestChassis_ARealControllerThatStopsAndReturnsLeavesItsPortsKept(t *testing.T) {
	c := servers.OVN(t)
	local := servers.OpenVSwitch(t)
	controller := servers.Controller(t, local, c.SB.Endpoint)
	c.Nbctl(t, "ls-add", "ls", "--", "lsp-add", "ls", "lp")
	c.Nbctl(t, plugOptions("lp", "dpu1")...)
	f := follow(t, dpu1(c.SB.Endpoint))
	f.untilDispositions(map[string]Disposition{"lp": Asked})
	servers.StopController(t, local, controller)
	if v := f.untilDispositions(map[string]Disposition{"lp": Kept}); v.ChassisKnown {
		t.Error("the Chassis row is still known")
	}
	servers.Controller(t, local, c.SB.Endpoint)
	f.untilDispositions(map[string]Disposition{"lp": Asked})
}

// Neutron 21.0 and others look in external_ids alone. What is copied there by hand stays
// while ovn-controller works, and goes with the row when that is stopped.
func TestChassis_WhereAnOldNeutronLooksARealControllerWritesNothingAndLeavesWhatIsCopied(t *testing.T) {
	c := servers.OVN(t)
	local := servers.OpenVSwitch(t)
	const list = "enable-chassis-as-gw,card-serial-number=MT1"
	local.Ctl(t, "set", "Open_vSwitch", ".", `external_ids:ovn-cms-options="`+list+`"`)
	controller := servers.Controller(t, local, c.SB.Endpoint)
	f := follow(t, dpu1(c.SB.Endpoint))
	v := f.until("the list is in our Chassis row", func(v View) bool { return ready(v) && v.CMSOptions == list })
	if !v.HiddenFromOldNeutron {
		t.Errorf("an old Neutron finds it: %+v", v)
	}
	copyList := func() {
		t.Helper()
		line := strings.TrimPrefix(cardserial.CopyCommand("dpu1", list), "ovn-sbctl")
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
		if err != nil {
			t.Fatal(err)
		}
		c.Sbctl(t, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")...)
		f.until("an old Neutron finds it", func(v View) bool { return ready(v) && !v.HiddenFromOldNeutron })
	}
	copyList()
	local.Ctl(t, "set", "Open_vSwitch", ".", "external_ids:ovn-cms-options=card-serial-number=MT1")
	if v := f.until("another list is there",
		func(v View) bool { return ready(v) && v.CMSOptions == "card-serial-number=MT1" }); v.HiddenFromOldNeutron {
		t.Errorf("ovn-controller took the copy away: %+v", v)
	}
	servers.StopController(t, local, controller)
	f.until("our Chassis row is gone", func(v View) bool { return !v.ChassisKnown })
	servers.Controller(t, local, c.SB.Endpoint)
	f.until("an old Neutron doesn't find it again", func(v View) bool { return ready(v) && v.HiddenFromOldNeutron })
	copyList()
}

// While the row is replaced again and again, between looking it up and following
// it too, no view may be complete that was made for another row than it shows;
// and in the end the view is that of the last row.
func TestChassis_ARowThatIsReplacedAllTheTimeIsFollowedToTheLast(t *testing.T) {
	d, w := southbound(t)
	w.add("lp", w.us(), nil)
	f := follow(t, dpu1(d.Endpoint))
	f.untilReady()

	const times = 60
	for i := range times {
		// One transaction, as two controllers with one system-id do it, and a port
		// that only requested_chassis leads to.
		gone, encap := where("Chassis", "name", "dpu1"), where("Encap", "chassis_name", "dpu1")
		gone.Op, encap.Op = ovsdb.OperationDelete, ovsdb.OperationDelete
		again := newChassis("dpu1")
		again[1].UUIDName = "chassis"
		ask := where("Port_Binding", "logical_port", "lp")
		ask.Op, ask.Row = ovsdb.OperationUpdate, ovsdb.Row{"requested_chassis": ovsdb.UUID{GoUUID: "chassis"}}
		w.transact(slices.Concat([]ovsdb.Operation{gone, encap}, again, []ovsdb.Operation{ask})...)
		if i%10 == 0 {
			f.until("a view was made", func(v View) bool { return v.Connected })
		}
	}
	last := w.us().GoUUID
	f.until("the view is made for the last row, "+last, func(v View) bool {
		l := f.current()
		return ready(v) && v.ChassisKnown && v.Bindings["lp"].Disposition == Asked && l != nil && l.monitor.self.UUID == last
	})
}

func TestView_ManyPortsOfOthersAreNotSeen(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	other := w.chassis("dpu2")
	want := map[string]Disposition{}
	for i := range 20 {
		var ops []ovsdb.Operation
		for j := range 50 {
			name, requested := fmt.Sprintf("lp-%d-%d", i, j), other
			if j == 0 {
				requested, want[name] = us, Asked
			}
			ops = append(ops, insert("Port_Binding", w.port(name, requested, nil)))
		}
		w.transact(ops...)
	}
	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(want)
	if n := f.current().monitor.conn.Cache().Table(ovn.TablePortBinding).Len(); n != len(want) {
		t.Errorf("%d rows were sent to us, %d concern us", n, len(want))
	}
}

// ovn-controller in a container, or in another UTS namespace, registers a hostname that
// isn't ours, and Neutron asks for it by that.
func TestChassis_IsNamedByTheHostnameThatItsRowHasToo(t *testing.T) {
	c := servers.OVN(t)
	c.Nbctl(t, "ls-add", "ls", "--", "lsp-add", "ls", "lp")
	c.Nbctl(t, plugOptions("lp", "dpu.real.example")...)
	add := []string{"chassis-add", "dpu1", "geneve", "127.0.0.1", "--", "set", "Chassis", "dpu1", "hostname=dpu.real.example"}
	c.Sbctl(t, add...)
	f := follow(t, dpu1(c.SB.Endpoint))
	f.untilDispositions(map[string]Disposition{"lp": Asked})
	c.Sbctl(t, "chassis-del", "dpu1")
	v := f.untilDispositions(map[string]Disposition{"lp": Kept})
	if v.ChassisKnown {
		t.Error("our Chassis row is known after it was removed")
	}
	if got := f.verify("lp"); got.Bindings["lp"].Disposition != Kept {
		t.Errorf("without our Chassis row, the verdict is %+v", got)
	}
	c.Sbctl(t, add...)
	f.untilDispositions(map[string]Disposition{"lp": Asked})
}
