package southbound

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

// plugOptions are what Neutron sets on a remote-managed port.
func plugOptions(port, requestedChassis string) []string {
	return []string{
		"--wait=sb", "lsp-set-options", port, "requested-chassis=" + requestedChassis, "vif-plug-type=representor",
		"vif-plug:representor:pf-mac=00:53:00:00:00:42", "vif-plug:representor:vf-num=3",
	}
}

func TestView_FollowsWhatNorthdWrites(t *testing.T) {
	c := servers.OVN(t)
	c.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1", "--", "set", "chassis", "dpu1", "hostname="+hostname)
	c.Sbctl(t, "chassis-add", "dpu2", "geneve", "127.0.0.2")
	c.Nbctl(t, "ls-add", "ls")
	for _, port := range []string{"by-name", "by-hostname", "another", "migrating-away", "migrating-here", "nobody's"} {
		c.Nbctl(t, "lsp-add", "ls", port)
	}
	for port, chassis := range map[string]string{
		"by-name": "dpu1", "by-hostname": hostname, "another": "dpu2", "migrating-away": "dpu1,dpu2", "migrating-here": "dpu2,dpu1",
	} {
		c.Nbctl(t, plugOptions(port, chassis)...)
	}
	f := follow(t, dpu1(c.SB.Endpoint))
	want := map[string]Disposition{"by-name": Asked, "by-hostname": Asked, "migrating-away": Asked, "migrating-here": Kept}
	v := f.untilDispositions(want)
	if !v.ChassisKnown || v.Chassis != "dpu1" || v.Endpoint != c.SB.Endpoint || v.Problem != "" || v.Since.IsZero() {
		t.Errorf("the view says %+v", v)
	}
	if global := c.Sbctl(t, "--bare", "--columns=_uuid", "list", "SB_Global"); v.Identity != global || v.Names != (ovn.Names{Global: global}) {
		t.Errorf("identity %s and names %+v, want those of SB_Global, %s", v.Identity, v.Names, global)
	}

	// What Neutron does when the port is unbound.
	c.Nbctl(t, "--wait=sb", "clear", "Logical_Switch_Port", "by-name", "options")
	delete(want, "by-name")
	f.untilDispositions(want)
	c.Nbctl(t, "--wait=sb", "lsp-set-type", "by-hostname", "localport")
	want["by-hostname"] = Withdrawn
	f.untilDispositions(want)
	c.Nbctl(t, plugOptions("another", "dpu1")...)
	want["another"] = Asked
	f.untilDispositions(want)
	c.Nbctl(t, "--wait=sb", "lsp-del", "migrating-away")
	delete(want, "migrating-away")
	f.untilDispositions(want)
}

func TestView_ABindingIsWhatTheRowSays(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	w.add("lp", us, map[string]string{"vif-plug-mtu-request": "1500"})
	f := follow(t, dpu1(d.Endpoint))
	got := f.untilDispositions(map[string]Disposition{"lp": Asked}).Bindings["lp"]
	want := Binding{
		LogicalPort: "lp", Disposition: Asked, Why: "requested_chassis is our Chassis row",
		Request: ovn.ParseRequest("lp", map[string]string{
			"vif-plug-type": "representor", "vif-plug:representor:pf-mac": "00:53:00:00:00:42", "vif-plug:representor:vf-num": "3",
			"vif-plug-mtu-request": "1500",
		}),
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	w.update("lp", ovsdb.Row{"up": true})
	f.until("the port is up", func(v View) bool { return v.Bindings["lp"].Up })
}

func TestView_IsNotModifiedOnceMade(t *testing.T) {
	d, w := southbound(t)
	us := w.us()
	w.add("one", us, nil)
	f := follow(t, dpu1(d.Endpoint))
	old := f.untilDispositions(map[string]Disposition{"one": Asked})
	w.add("two", us, nil)
	w.remove("one")
	f.untilDispositions(map[string]Disposition{"two": Asked})
	if diff := cmp.Diff(map[string]Disposition{"one": Asked}, dispositions(old.Bindings)); diff != "" {
		t.Errorf("an old view has changed: %s", diff)
	}
}

func TestSouthbound_NothingIsWrittenToIt(t *testing.T) {
	d, w := southbound(t)
	w.add("lp", w.us(), nil)
	before, err := os.ReadFile(d.File())
	if err != nil {
		t.Fatal(err)
	}
	f := follow(t, dpu1(d.Endpoint))
	f.untilDispositions(map[string]Disposition{"lp": Asked})
	f.verify("lp", "another")
	after, err := os.ReadFile(d.File())
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("the database file changed: %s", after[len(before):])
	}
}

func TestView_IsIncompleteUntilNorthdHasWrittenToTheDatabase(t *testing.T) {
	d := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	f := follow(t, dpu1(d.Endpoint))
	v := f.until("the database is followed", func(v View) bool { return v.Connected })
	if v.Complete || v.Problem == "" {
		t.Errorf("an empty database gives %+v", v)
	}
	if _, err := f.Verify(t.Context(), []string{"lp"}); err == nil {
		t.Error("an empty database was taken for an answer")
	}
	w := write(t, d.Endpoint)
	w.insert("SB_Global", ovsdb.Row{"ipsec": false})
	v = f.until("the view is complete", ready)
	if v.ChassisKnown || v.Problem != "" {
		t.Errorf("a database without our Chassis row gives %+v", v)
	}
}
