//go:build vm

package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/representord/representord/test/virtualhost"
)

// datagram sends UDP from one guest to another until one arrives, at most for as
// long as patience: ARP and flows need a moment after a port came up.
func datagram(t *testing.T, from, to *virtualhost.Guest) {
	t.Helper()
	if err := virtualhost.Crosses(from, to, patience); err != nil {
		t.Errorf("a datagram from %s to %s: %v\n%s", from.Name, to.Name, err, whereItWent())
	}
}

// whereItWent is what tells where a datagram was lost: the links' counters and the
// datapath's flows.
func whereItWent() string {
	var b strings.Builder
	for _, argv := range [][]string{
		{"ip", "-s", "link"}, {"ovs-appctl", "dpctl/show"}, {"ovs-appctl", "dpctl/dump-flows"},
		{"ovs-ofctl", "show", "br-int"}, {"ovs-ofctl", "dump-flows", "br-int", "table=0"},
	} {
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		fmt.Fprintf(&b, "%v: %v\n%s\n", argv, err, out)
	}
	return b.String()
}
