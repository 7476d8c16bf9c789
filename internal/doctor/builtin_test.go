package doctor

import (
	"strings"
	"testing"

	"github.com/representord/representord/ovs"
)

// Whoever has replaced ovn-controller by one without the provider is not to do so again.
func TestBuiltIn_RowsThatWereLeftBehindHaveAWayOut(t *testing.T) {
	h := healthy()
	h.Local.Interfaces = map[string]ovs.Interface{"pf0vf3": {Name: "pf0vf3", Bridge: "br-int", OVNPlugged: "representor"}}
	for _, c := range Examine(h).Checks {
		if c.Name == "built-in-provider" &&
			(!strings.Contains(c.Finding, "or left them behind: pf0vf3") || !strings.Contains(c.Remedy, "`representorctl ports`")) {
			t.Errorf("%+v", c)
		}
	}
}
