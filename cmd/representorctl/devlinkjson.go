package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// fromJSON reads what devlink(8) printed. That has no ifindexes, so netdevs get
// made-up ones, by which ports and links find each other.
func (s *sources) fromJSON(context.Context) (source, error) {
	ports, err := s.readDevlinkJSON()
	card := representor.Card{Ports: ports, Links: map[uint32]representor.Link{}, Complete: true, PortsOnly: true}
	var malformed *netlinkio.MalformedError
	switch {
	case errors.As(err, &malformed): // the others are answered for
		card.Problem = err.Error()
		card.Complete, card.MayLackPFs = len(ports) > 0, maybePFs(malformed)
	case err != nil:
		return nil, fmt.Errorf("devlink-json %s: %w", reason.Word(s.devlinkJSON.Value.String()), err)
	}
	for i := range ports {
		port := &ports[i]
		port.IfIndex = 0
		if port.NetdevName != "" {
			port.IfIndex = uint32(i + 1)
			card.Links[port.IfIndex] = representor.Link{Name: port.NetdevName, Settled: true}
		}
	}
	return cardSource{facts: s.factsOf(card), remark: func() { s.remarkOnSFs(ports) }}, nil
}

func (s *sources) readDevlinkJSON() ([]devlink.Port, error) {
	path := s.devlinkJSON.Value.String()
	if path == "-" {
		return devlink.ParseJSON(s.program.stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	return devlink.ParseJSON(f)
}

// maybePFs tells whether a port that was left out may be a PF's. Those are among the causes
// however many others there are.
func maybePFs(malformed *netlinkio.MalformedError) bool {
	return slices.ContainsFunc(malformed.Causes, func(cause error) bool {
		var port *devlink.PortError
		return !errors.As(cause, &port) || port.MayBePF()
	})
}

// remarkOnSFs says that the numbers of SFs may not be the true ones.
func (s *sources) remarkOnSFs(ports []devlink.Port) {
	sf := func(p devlink.Port) bool { return p.Flavour == devlink.FlavourPCISF && p.SF.Present }
	whole := func(p devlink.Port) bool { return sf(p) && p.SF.Value > math.MaxUint16 }
	if slices.ContainsFunc(ports, sf) && !slices.ContainsFunc(ports, whole) {
		fmt.Fprintln(s.program.stderr, name+": devlink prints the lower 16 bits of an SF's number only: an SF shown as 88 may be SF 65624, too")
	}
}
