package ovn

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/test/servers"
)

func TestListChassis_TellsWhoIsThereFromAnyServer(t *testing.T) {
	d, w := southbound(t)
	w.chassis("dpu2")
	op := where(TableChassis, "name", "dpu2")
	op.Op, op.Row = ovsdb.OperationUpdate, ovsdb.Row{
		"hostname":     "dpu2.example.org",
		"other_config": ovsdb.OvsMap{GoMap: map[any]any{"ovn-cms-options": "enable-chassis-as-gw,card-serial-number=MT1,"}},
		"external_ids": ovsdb.OvsMap{GoMap: map[any]any{"ovn-cms-options": "older"}},
	}
	w.transact(op)
	all, endpoint, err := ListChassis(t.Context(), Servers{Remotes: []string{"unix:" + servers.Dir(t) + "/nobody.sock", d.Endpoint},
		Probe: time.Hour})
	if err != nil || endpoint != d.Endpoint {
		t.Fatalf("%q, %v", endpoint, err)
	}
	slices.SortFunc(all, func(a, b Chassis) int { return cmp.Compare(a.Name, b.Name) })
	if len(all) != 2 || all[0].Name != "dpu1" || all[0].CMSOptions() != "" || all[0].HiddenFromOldNeutron() {
		t.Fatalf("%+v", all)
	}
	const list = "enable-chassis-as-gw,card-serial-number=MT1,"
	if c := all[1]; c.Name != "dpu2" || c.Hostname != "dpu2.example.org" || c.CMSOptions() != list ||
		!c.HiddenFromOldNeutron() || c.UUID == "" {
		t.Errorf("%+v", c)
	}
}

func TestListChassis_NamesEveryServerThatDoesntAnswer(t *testing.T) {
	dir := servers.Dir(t)
	_, _, err := ListChassis(t.Context(), Servers{Remotes: []string{"unix:" + dir + "/a.sock", "unix:" + dir + "/b.sock"}, Probe: time.Hour})
	for _, want := range []string{"/a.sock", "/b.sock"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v doesn't name %s", err, want)
		}
	}
}
