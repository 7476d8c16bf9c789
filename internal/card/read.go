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

func readOnce(ctx context.Context, o Options, ports portSource, links linkSource) (representor.Card, error) {
	s := state{settings: o.Settings}
	dumping, cancel := context.WithTimeout(ctx, dumpBound)
	defer cancel()
	settler := netdev.NewSettler(netdev.Udev(o.UdevRoot).Word)
	list, left, linkErr := listSettled(dumping, links, settler)
	if linkErr != nil {
		s.links.problem = linkProblem(linkErr, false)
	} else {
		s.links = part[map[uint32]representor.Link]{value: linksOf(list, settler), doubt: left.text()}
		(&parents{sysfs: o.SysfsRoot}).fill(s.links.value)
	}
	found, portErr := listPorts(dumping, ports, portsOf(list))
	if portErr != nil {
		s.ports.problem = portProblem(portErr, false)
	} else {
		devlink.SortPorts(found.ports)
		s.ports = part[[]devlink.Port]{value: found.ports, doubt: found.doubt, mayLackPFs: kinds(nil).mayLackPFs(found)}
	}

	s.serials = askSerials(ctx, ports, described(s.ports.value), o.Log)
	s.vpd = map[devlink.Handle]vpdAnswer{}
	for _, functions := range bySlot(wantedVPD(s.ports.value, s.serials, o.Settings)) {
		a, _ := readSlot(ctx, o.SysfsRoot, functions, vpd.Deadline)
		for _, h := range functions {
			s.vpd[h] = a
		}
	}

	macs, err := readPFMACs(ctx, netlinkio.NewGate(), o.SysfsRoot, wantedUplinks(s.ports.value, s.links.value))
	if err != nil {
		o.Log.DebugContext(ctx, "the MAC of a PF is not known", "err", err)
	}
	s.pfMACs = macs
	return s.card(), errors.Join(portErr, linkErr)
}
