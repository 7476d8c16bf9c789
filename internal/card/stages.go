package card

import (
	"context"
	"errors"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/vpd"
	"github.com/representord/representord/representor"
)

// stages read the card: its ports, the netdevs, and then, from what those are, what identifies
// the card and its PFs. That is slow, and waits for none of the others.
type stages struct {
	ports   portStage
	links   linkStage
	serials serialStage
	vpd     vpdStage
	macs    macStage
}

// newStages makes stages that lack their sources.
func newStages(o Options) stages {
	return stages{
		links:   linkStage{parents: parents{sysfs: o.SysfsRoot}, settler: netdev.NewSettler(netdev.Udev(o.UdevRoot).Word)},
		serials: serialStage{opts: o},
		vpd:     vpdStage{opts: o, patience: vpd.Deadline, reads: map[string]<-chan struct{}{}},
		macs:    macStage{opts: o, gate: netlinkio.NewGate()},
	}
}

// Read reads the card once. Where something can't be read, the card is returned as
// far as it is known, not complete, together with an error: os.ErrNotExist if the
// kernel has no devlink. Devices that don't tell a serial number, and PFs whose
// MAC nothing tells, are no errors. A netdev that udev is working on is not
// settled, however long that lasts: one look can't tell.
func Read(ctx context.Context, o Options) (representor.Card, error) {
	o, err := o.withDefaults()
	if err != nil {
		return representor.Card{}, err
	}
	ports := devlink.New()
	defer ports.Close() //nolint:contextcheck // it has a bound of its own, and must come after ctx has ended
	links := netdev.New()
	defer links.Close() //nolint:contextcheck // likewise
	return readOnce(ctx, o, ports, links)
}

// readOnce runs each stage once. The netdevs come first: the ports that they claim are asked for.
func readOnce(ctx context.Context, o Options, ports portSource, links linkSource) (representor.Card, error) {
	st := newStages(o)
	st.ports.source, st.links.source, st.serials.source = ports, links, ports
	s := state{settings: o.Settings}

	dumping, cancel := context.WithTimeout(ctx, dumpBound)
	defer cancel()
	s.links = st.links.read(dumping, s.links)
	s.ports = st.ports.read(dumping, s.ports, s.links.claimed)

	asking, cancel := context.WithTimeout(ctx, infoBound)
	defer cancel()
	s.serials, _ = st.serials.read(asking, &s)
	s.vpd, _ = st.vpd.read(ctx, s.wantedVPD())
	s.pfMACs, _ = st.macs.read(ctx, &s)
	return s.card(), errors.Join(s.ports.err, s.links.err)
}
