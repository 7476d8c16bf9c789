package main

import (
	"fmt"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// The rows are as an earlier version wrote them, key by key: none of it is taken from the code of today.
func TestUpgrade_RowsThatAnEarlierVersionMarkedAreFollowedWithoutAnyChange(t *testing.T) {
	t.Parallel()
	const n = 3
	h, f := newJudgedHost(t, cardWith(n))
	cl := newCloud(t, h)
	cl.askMany(t, n)
	for vf := range n {
		name := fmt.Sprint("pf0vf", vf)
		h.Ctl(t, "add-port", "br-int", name, "--", "set", "Interface", name,
			fmt.Sprint("external_ids:iface-id=vm", vf),
			fmt.Sprint("external_ids:representord-logical-port=vm", vf),
			fmt.Sprintf(`external_ids:representord-function="pci/0000:03:00.0 c1pf0vf%d"`, vf),
			fmt.Sprintf(`external_ids:representord-request="pf-mac 00:53:00:00:00:42 vf %d"`, vf),
			fmt.Sprintf(`external_ids:representord-southbound=%q`, cl.named(t)))
	}
	h.openedMany(t, n)
	rows := h.interfaces(t)

	c := startService(t, f, h.flags()...)
	s := await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == n })
	if s.Transactions != 0 {
		t.Errorf("%d changes committed", s.Transactions)
	}
	(&watchman{h: h, c: c, rows: rows, before: s}).wantUntouched(t)
}
