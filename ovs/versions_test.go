package ovs

import (
	"testing"

	"github.com/representord/representord/test/servers"
)

func TestVersions_AreThoseThatTheDatabaseTells(t *testing.T) {
	d := servers.OpenVSwitch(t)
	o := Options{Endpoint: d.Endpoint}
	v, err := ReadVersions(t.Context(), o)
	if err != nil || v.OpenVSwitch != "" || v.Schema == "" {
		t.Errorf("%+v, %v, where ovs-ctl wrote none", v, err)
	}
	d.Ctl(t, "set", "Open_vSwitch", ".", "ovs_version=3.1.0")
	again, err := ReadVersions(t.Context(), o)
	if err != nil || again != (Versions{OpenVSwitch: "3.1.0", Schema: v.Schema}) {
		t.Errorf("%+v, %v", again, err)
	}
	d.Kill()
	if _, err := ReadVersions(t.Context(), o); err == nil {
		t.Error("no error without a server")
	}
}
