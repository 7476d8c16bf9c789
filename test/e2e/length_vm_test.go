//go:build vm && full

package e2e

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug/plan"
)

// atLength: this is a run for what takes too long for every change.
const atLength = true

// TestVirtualDPU_AtLength has what takes too long for every change.
func TestVirtualDPU_AtLength(t *testing.T) {
	d := start(t)
	for _, s := range []scenario{
		{"a VF that is created again is back at most twice as late as a plain port", recoversAsFastAsAPlainPort},
		{"a wiped Southbound is the truth after the hold, and not before", acceptsAWipedSouthbound},
		{"ovs-vswitchd and ovn-controller killed, stopped and hung: status, metric and doctor tell", tellsOfTheDead},
		{"names dealt anew for 140 netdevs in a ring while the daemon is down", func(t *testing.T, d *dpu) { closesARing(t, d, 140, true) }},
		{"names dealt anew for 140 netdevs in a ring while the daemon is down, without the Southbound",
			func(t *testing.T, d *dpu) { closesARing(t, d, 140, false) }},
		{"what doctor prints for a card is taken where it is printed", takesWhatDoctorPrints},
	} {
		t.Run(s.name, func(t *testing.T) {
			defer d.reset(t)
			s.run(t, d)
		})
	}
}

func acceptsAWipedSouthbound(t *testing.T, d *dpu) {
	d.restartDaemon(t, "--mass-unplug-hold=20s")
	defer d.restartDaemon(t)
	a, b := twoPorts(t, d)
	d.central.SB.Kill()
	d.central.Nbctl(t, "lsp-del", "vm0", "--", "lsp-del", "vm1")
	d.central.SB.Wipe()
	d.awaitPort(t, "vm0", plan.Held, reason.CodeSouthboundReplaced)
	d.wantKept(t, "pf0vf0", a)
	d.wantKept(t, "pf0vf1", b)
	d.await(t, "the ports are gone", func(ps []api.Port) bool { return len(ps) == 0 })
	d.wantGone(t, "pf0vf0")
	d.wantGone(t, "pf0vf1")
}

// rounds of recoversAsFastAsAPlainPort.
const rounds = 21

// recoversAsFastAsAPlainPort compares our port with one that ovs-vswitchd alone
// looks after: how long after its netdev is there again has it been opened?
func recoversAsFastAsAPlainPort(t *testing.T, d *dpu) {
	const plain = "port add card0 15 flavour=pcivf controller=1 external=1 pf=0 vf=5 netdev=plain0 peer=host5"
	sim(t, append(card(), vf0, plain)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.bound(t, "vm0")
	d.local.Ctl(t, "add-port", "br-int", "plain0")
	defer d.local.Ctl(t, "--if-exists", "del-port", "br-int", "plain0")
	opened := watchOpened(t, d.local.Endpoint)
	var ours, theirs []time.Duration
	for range rounds {
		ours = append(ours, again(t, d, opened, "pf0vf0", "port del card0 10", vf0))
		d.awaitPort(t, "vm0", plan.Plugged)
		theirs = append(theirs, again(t, d, opened, "plain0", "port del card0 15", plain))
	}
	ratio := float64(median(ours)) / float64(median(theirs))
	t.Logf("recovery of a VF that is created again, median of %d: ours %v, a plain port %v, ratio %.2f\nours: %v\nplain: %v",
		rounds, median(ours), median(theirs), ratio, ours, theirs)
	if ratio > 2 {
		t.Errorf("our port is back %.2f times as late as a plain one, want 2 at most", ratio)
	}
}

func median(ds []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(ds))
	return sorted[len(sorted)/2]
}

// again creates a VF anew and gives how long it took until its netdev was open.
func again(t *testing.T, d *dpu, opened *opened, netdev, remove, add string) time.Duration {
	t.Helper()
	sim(t, remove)
	d.until(t, "ovs-vswitchd has noticed that "+netdev+" is gone", func() bool { return opened.at(netdev).ofport <= 0 })
	began := time.Now()
	sim(t, add)
	text, err := os.ReadFile("/sys/class/net/" + netdev + "/ifindex")
	if err != nil {
		t.Fatal(err)
	}
	index, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var o state
	d.until(t, netdev+" is open again", func() bool {
		o = opened.at(netdev)
		return o.ofport > 0 && o.ifindex == index
	})
	return o.since.Sub(began)
}
