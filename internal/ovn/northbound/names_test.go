package northbound

import (
	"errors"
	"slices"
	"testing"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/servers"
)

func TestNames_PortsAreListedThatCanBeBoundOrAreBound(t *testing.T) {
	d := nb(t)
	nbctl(t, d, "lsp-add", "net", "vm2", "--", "lsp-set-options", "vm2", "vif-plug-type=representor", "requested-chassis=x",
		"--", "lsp-add", "net", "other", "--", "lsp-set-options", "other", "vif-plug-type=dummy",
		"--", "lsp-add", "net", "router", "--", "lsp-set-type", "router", "router")
	s := ovn.Servers{Remotes: []string{d.Endpoint}}
	for bound, want := range map[bool][]string{false: {"other", "vm1", "vm2"}, true: {"vm2"}} {
		if got, err := Names(t.Context(), s, bound); err != nil || !slices.Equal(got, want) {
			t.Errorf("bound %v: %v, %v; want %v", bound, got, err, want)
		}
	}
	var failed *Error
	if _, err := Names(t.Context(), ovn.Servers{Remotes: []string{"unix:" + servers.Dir(t) + "/nobody"}}, false); !errors.As(err, &failed) ||
		failed.Kind != Unreachable {
		t.Errorf("%v", err)
	}
}
