package chaos

import (
	"fmt"
	"slices"
	"time"
)

// world is what a run happens in.
type world struct {
	name string
	// pfs are the PFs, each with its card; vfs is how many VFs each may have, names how
	// many names their netdevs share, lports how many logical ports there are.
	pfs                []place
	vfs, names, lports int
	// full: at first all VFs are there, and each logical port asks for one.
	full bool
	// clustered: the Southbound is a cluster of three, whose connections are dealt to the
	// members in turn.
	clustered bool
	// hold is what suspicious removals wait for; patience bounds a quiet.
	hold, patience time.Duration
	// grace is how long a netdev that a devlink port claims may be open under another
	// function's row: on a DPU it is a fraction of a second, and here two emulated
	// processors do all.
	grace time.Duration
	// unclaimed is that for a netdev that no devlink port claims, which proves nothing for
	// some seconds; probe after which silence a connection is asked whether it lives.
	unclaimed, probe time.Duration
	// weights are how often requests, the card, processes, an operator and disasters have
	// their turn, of a hundred.
	weights [5]int
}

// place is a PF of the host's controller, as one of the cards has it.
type place struct {
	card   string
	number int
}

func (p place) String() string { return fmt.Sprintf("platform/%s c1pf%d", p.card, p.number) }

// worlds by their names, as in `make chaos WORLD=`.
func worlds() map[string]world {
	small := world{
		name: "small", pfs: []place{{"card0", 0}, {"card0", 1}}, vfs: 4, names: 10, lports: 9,
		hold: 2 * time.Second, patience: 80 * time.Second, grace: 2500 * time.Millisecond,
		unclaimed: 10 * time.Second, probe: 2 * time.Second, weights: [5]int{38, 28, 14, 15, 5},
	}
	cluster := small
	cluster.name, cluster.clustered, cluster.weights = "cluster", true, [5]int{40, 20, 8, 10, 22}
	cluster.hold = 8 * time.Second
	return map[string]world{"small": small, "cluster": cluster, "big": {
		name: "big", pfs: []place{{"card0", 0}, {"card1", 0}}, vfs: 150, names: 320, lports: 300, full: true,
		// Of 300 netdevs that ovs-vswitchd hangs with, or has lost track of, the kernel's
		// datapath lets go one by one, here in 34 ms each, and in 80 ms beside an
		// ovs-vswitchd that opens others meanwhile.
		hold: 8 * time.Second, patience: 4 * time.Minute, grace: 30 * time.Second,
		unclaimed: 40 * time.Second, probe: 10 * time.Second, weights: [5]int{25, 20, 10, 10, 35},
	}}
}

// cards are the names of the cards that have PFs.
func (w world) cards() []string {
	var names []string
	for _, p := range w.pfs {
		if !slices.Contains(names, p.card) {
			names = append(names, p.card)
		}
	}
	return names
}

// pf is the PF of a number among all, and vf one of its VFs, in the text form of the marker.
func (w world) pf(n int) string    { return w.pfs[n].String() }
func (w world) vf(p, n int) string { return fmt.Sprintf("%svf%d", w.pf(p), n) }

// mac is the address of a PF; one more than there are PFs is nobody's at first.
func (w world) mac(n int) string { return fmt.Sprintf("00:53:00:00:00:%02x", 0x40+n) }
