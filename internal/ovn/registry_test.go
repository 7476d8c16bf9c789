package ovn

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

func TestListChassis_TellsWhoIsThereFromAnyServer(t *testing.T) {
	const list = "enable-chassis-as-gw,card-serial-number=MT1,"
	d := servers.OVN(t)
	d.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1", "--", "chassis-add", "dpu2", "geneve", "127.0.0.2")
	d.Sbctl(t, "set", "Chassis", "dpu2", "hostname=dpu2.example.org", `other_config:ovn-cms-options="`+list+`"`,
		"external_ids:ovn-cms-options=older")
	all, endpoint, err := ListChassis(t.Context(), Servers{Remotes: []string{"unix:" + servers.Dir(t) + "/nobody.sock", d.SB.Endpoint},
		Probe: time.Hour})
	if err != nil || endpoint != d.SB.Endpoint {
		t.Fatalf("%q, %v", endpoint, err)
	}
	slices.SortFunc(all, func(a, b Chassis) int { return cmp.Compare(a.Name, b.Name) })
	if len(all) != 2 || all[0].Name != "dpu1" || all[0].CMSOptions() != "" || all[0].HiddenFromOldNeutron() {
		t.Fatalf("%+v", all)
	}
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
