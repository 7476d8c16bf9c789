package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// fromJSON reads what devlink(8) printed. That has no ifindexes, so netdevs get
// made-up ones, by which ports and links find each other.
func (s *sources) fromJSON(context.Context) (representor.Card, error) {
	path := s.devlinkJSON.Value.String()
	unread := func(err error) error { return fmt.Errorf("devlink-json %s: %w", reason.Word(path), err) }
	in, err := s.program.open(path)
	if err != nil {
		return representor.Card{}, unread(errors.Unwrap(err))
	}
	defer in.Close()
	ports, err := devlink.ParseJSON(in)
	card := representor.Card{Ports: ports, Links: map[uint32]representor.Link{}, Complete: true, PortsOnly: true}
	var malformed *netlinkio.MalformedError
	switch {
	case errors.As(err, &malformed): // the others are answered for
		card.Problem = err.Error()
		card.Complete, card.MayLackPFs = len(ports) > 0, maybePFs(malformed)
	case err != nil:
		return card, unread(err)
	}
	for i := range ports {
		port := &ports[i]
		port.IfIndex = 0
		if port.NetdevName != "" {
			port.IfIndex = uint32(i + 1)
			card.Links[port.IfIndex] = representor.Link{Name: port.NetdevName, Settled: true}
		}
	}
	return card, nil
}

// maybePFs tells whether a port that was left out may be a PF's. Those are among the causes
// however many others there are.
func maybePFs(malformed *netlinkio.MalformedError) bool {
	return slices.ContainsFunc(malformed.Causes, func(cause error) bool {
		var port *devlink.PortError
		return !errors.As(cause, &port) || port.MayBePF()
	})
}

// representors are all those of a card that we have read ourselves. Of what devlink(8) printed it
// is said that the numbers of SFs may not be the true ones.
func (s *sources) representors(f api.Facts) (api.Representors, error) {
	all := f.Representors()
	sf := func(r api.Representor) bool { return r.Kind == representor.SF.String() }
	whole := func(r api.Representor) bool { return sf(r) && *r.Number > math.MaxUint16 }
	if s.devlinkJSON.Changed && slices.ContainsFunc(all.Representors, sf) && !slices.ContainsFunc(all.Representors, whole) {
		fmt.Fprintln(s.program.stderr, name+": devlink prints the lower 16 bits of an SF's number only: an SF shown as 88 may be SF 65624, too")
	}
	return all, nil
}
