package ovn

import (
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

func TestVersions_NorthdsIsReadAsItPublishesIt(t *testing.T) {
	c := servers.OVN(t)
	var says string
	servers.Until(t, "northd has published its version", func() bool {
		out, err := c.TrySbctl("--if-exists", "get", "SB_Global", ".", "options:northd_internal_version")
		says = strings.Trim(out, "\"\n")
		return err == nil && says != ""
	})
	v, err := ReadVersions(t.Context(), Servers{Probe: time.Hour}, c.SB.Endpoint)
	if err != nil || v.Schema == "" {
		t.Fatalf("%+v, %v", v, err)
	}
	if v.Northd == "" || v.NorthdSchema != v.Schema || !strings.HasPrefix(says, v.Northd+"-"+v.NorthdSchema+"-") {
		t.Errorf("%+v of %s", v, says)
	}
}

func TestVersions_ADatabaseThatNorthdHasNotSeenTellsItsSchemaAlone(t *testing.T) {
	d := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	v, err := ReadVersions(t.Context(), Servers{Probe: time.Hour}, d.Endpoint)
	if err != nil || v.Schema == "" || v.Northd != "" || v.NorthdSchema != "" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestVersions_AnInternalVersionIsTakenApart(t *testing.T) {
	for s, want := range map[string][2]string{
		"23.03.1-20.27.0-70.6":     {"23.03.1", "20.27.0"},
		"24.03.2-rc1-20.33.0-72.1": {"24.03.2-rc1", "20.33.0"},
		"22.03.0":                  {"22.03.0", ""},
		"":                         {"", ""},
	} {
		if release, schema := splitNorthdVersion(s); release != want[0] || schema != want[1] {
			t.Errorf("%q: %q, %q", s, release, schema)
		}
	}
}
