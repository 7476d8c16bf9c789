package card

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/representor"
)

// confirmer is whom the kernel is asked through about one representor: clients of their own, so
// that a list that takes its time, or hangs, holds up none of these questions; nor does one
// devlink instance hold up those for another.
type confirmer struct {
	links linkSource
	ports *portClients
}

// Confirm asks the kernel, rather than the index, whether a representor still is what
// it was when the index showed it: its netdev is there under the same name and belongs
// to the same devlink port, and that port has this netdev, by ifindex and name, and stands
// for the same function. It takes one question to rtnetlink, about ten microseconds, and one to
// devlink, for which the driver may ask its firmware.
//
// False without an error means that the kernel says otherwise. With an error it could not
// be asked: Confirm ends soon after ctx does even if the kernel doesn't answer, and must
// be given a deadline. It works whether or not Run does, until that has ended.
func (w *Watcher) Confirm(ctx context.Context, r representor.Representor) (bool, error) {
	if r.IfIndex == 0 {
		return false, nil
	}
	// Rtnetlink asks no firmware and says soonest that something has changed. What it says of
	// the port isn't enough by itself: older kernels say nothing, and a number may be given to
	// another port.
	link, err := w.confirmer.links.Link(ctx, r.IfIndex)
	if err != nil || !isNetdevOf(link, r) {
		return false, unlessGone(err, "confirm the netdev", r)
	}
	port, err := w.confirmer.port(ctx, r)
	if err != nil || !isPortOf(port, r) {
		return false, unlessGone(err, "confirm the devlink port", r)
	}
	// Devlink's name of the netdev is compared as well: before Linux 5.10 devlink tells the
	// ifindex of a netdev that was moved to another network namespace too, where another netdev
	// may have it here, but hardly one of that name.
	return port.NetdevName == "" || port.NetdevName == r.Link.Name, nil
}

// Usurped asks the kernel whether something else than a representor's function has the
// name now that the index gave for its netdev: another netdev has it, or the netdev is
// another port's. A name that nobody has is not usurped: its netdev was renamed, or went.
// For errors and deadlines see Confirm.
func (w *Watcher) Usurped(ctx context.Context, r representor.Representor) (bool, error) {
	link, err := w.confirmer.links.LinkNamed(ctx, r.Link.Name)
	if err != nil {
		return false, unlessGone(err, "look who has the name of the netdev", r)
	}
	if !isNetdevOf(link, r) {
		return true, nil
	}
	// The netdev isn't asked about again, nor is devlink's name of it compared: it may be
	// renamed in between.
	port, err := w.confirmer.port(ctx, r)
	if err != nil {
		return false, unlessGone(err, "confirm the devlink port", r)
	}
	return port.IfIndex != 0 && !isPortOf(port, r), nil
}

// port asks devlink for a representor's port.
func (c *confirmer) port(ctx context.Context, r representor.Representor) (devlink.Port, error) {
	h := r.Function.Handle
	return c.ports.client(h).Port(ctx, h, r.PortIndex)
}

// unlessGone tells what failed, unless the kernel said that there is no such thing.
func unlessGone(err error, what string, r representor.Representor) error {
	if err == nil || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return fmt.Errorf("%s of %s: %w", what, r.Function, err)
}

// isNetdevOf tells whether rtnetlink shows a representor's netdev as it was. Where the
// kernel tells a netdev's devlink port and its device, these must be the same as well: a
// name and an ifindex are dealt out by whoever asks.
func isNetdevOf(l netdev.Link, r representor.Representor) bool {
	port := devlink.Some(devlink.PortID{Handle: r.Function.Handle, Index: r.PortIndex})
	parent, none := parentOf(&l), devlink.Handle{}
	return l.IfIndex == r.IfIndex && l.Name == r.Link.Name &&
		(parent == none || r.Link.Parent == none || parent == r.Link.Parent) &&
		(!l.TellsPort && l.Port == nil || portOf(&l) == port)
}

// isPortOf tells whether devlink shows a representor's port as it was.
func isPortOf(p devlink.Port, r representor.Representor) bool {
	return representor.StandsFor(&p, r.Function) && p.Index == r.PortIndex && p.IfIndex == r.IfIndex
}
