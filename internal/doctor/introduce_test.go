package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/diagnose"
)

// identityOf is the check of a host of which the local database says this.
func identityOf(externalIDs map[string]string, override string) diagnose.Check {
	h := healthy()
	h.Local.ExternalIDs = externalIDs
	h.Identity = config.Identify(externalIDs, config.Config{}, override, "dpu1.example.org")
	if override != "" {
		h.OverrideModified = noon().Add(-2 * time.Hour)
	}
	for _, c := range Examine(h).Checks {
		if c.Name == "identity" {
			return c
		}
	}
	return diagnose.Check{}
}

// Whoever is told to set a system-id where there is one makes another chassis of this one.
func TestIdentity_OnlyWhatIsMissingIsToBeSet(t *testing.T) {
	const encap = " external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip=ADDRESS"
	for name, tt := range map[string]struct {
		has      map[string]string
		override string
		want     string // the command
	}{
		"nothing is there": {map[string]string{}, "",
			"`ovs-vsctl set Open_vSwitch . external_ids:system-id=NAME external_ids:ovn-remote=ssl:ADDRESS:6642" + encap + "`"},
		"the Southbound is missing": {map[string]string{"system-id": "dpu1", "ovn-encap-type": "geneve", "ovn-encap-ip": "192.0.2.7"}, "",
			"`ovs-vsctl set Open_vSwitch . external_ids:ovn-remote=ssl:ADDRESS:6642`"},
		"the name is missing": {map[string]string{"ovn-remote": "ssl:192.0.2.1:6642", "ovn-encap-type": "geneve", "ovn-encap-ip": "192.0.2.7"},
			"",
			"`ovs-vsctl set Open_vSwitch . external_ids:system-id=NAME`"},
		"the key of this chassis counts": {map[string]string{"system-id": "dpu 1", "ovn-remote": "ssl:192.0.2.1:6642", "ovn-remote-dpu 1": ""},
			"",
			"`ovs-vsctl set Open_vSwitch . external_ids:'\"ovn-remote-dpu 1\"'=ssl:ADDRESS:6642" + encap + "`"},
		"the bridge's key is empty": {map[string]string{"system-id": "dpu1", "ovn-remote": "ssl:192.0.2.1:6642", "ovn-encap-type": "geneve",
			"ovn-encap-ip": "192.0.2.7", "ovn-bridge": ""}, "",
			"`ovs-vsctl remove Open_vSwitch . external_ids ovn-bridge`"},
		"the file's first line is empty": {map[string]string{"system-id": "dpu1", "ovn-remote": "ssl:192.0.2.1:6642", "ovn-encap-type": "geneve",
			"ovn-encap-ip": "192.0.2.7"}, "\n",
			"write the chassis' name into the first line of system-id-override"},
	} {
		got := identityOf(tt.has, tt.override)
		if got.Verdict != fail || !strings.Contains(got.Remedy, tt.want) {
			t.Errorf("%s: %+v\nwant the remedy %s", name, got, tt.want)
		}
		if name := tt.has["system-id"]; name != "" && strings.Contains(got.Remedy, "system-id=") {
			t.Errorf("it gives chassis %s another name: %s", name, got.Remedy)
		}
	}
}
