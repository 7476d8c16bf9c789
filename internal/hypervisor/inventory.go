// Package hypervisor answers what a hypervisor's operator asks about the VFs whose
// representors a DPU plugs: what identifies each of them, why that isn't known, and
// what would stop a binding. It only reads.
package hypervisor

import (
	"context"
	"sync"
	"time"

	"github.com/representord/representord/internal/devspec"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/internal/pci"
)

// Options say what is read, and how long that may take.
type Options struct {
	pci.Options
	// DeviceSpec are the values of Nova's option device_spec; none if it isn't known.
	DeviceSpec []string
	// VPDDeadline bounds the reading of each function's VPD; vpd.Deadline is a good one.
	// A card of which one function doesn't answer in time isn't asked further.
	VPDDeadline time.Duration
	// Patience is how long a card that answers late holds up those after it, see Each.
	Patience time.Duration
}

// Inventory is what the host has.
type Inventory struct {
	Host *pci.Host
	// Specs is nil where no device_spec was given.
	Specs *devspec.Specs
	Cards []*Card

	o       Options
	reading sync.WaitGroup
}

// Card is a card that is asked for its serial number.
type Card struct {
	*pci.Card
	done       chan struct{} // closed when it has answered, or its deadline has passed
	identities *pci.Identities
}

// Take reads the host, but no VPD. What the kernel keeps for too long is given up when
// ctx ends. Errors are devspec's *SyntaxError, or tell why there is no PCI bus.
func Take(ctx context.Context, o Options) (*Inventory, error) {
	host, err := netlinkio.Call(ctx, netlinkio.NewGate(), func() (*pci.Host, error) { return pci.Read(ctx, o.Options) })
	if err != nil {
		return nil, err
	}
	i := &Inventory{Host: host, o: o}
	if len(o.DeviceSpec) > 0 {
		if i.Specs, err = devspec.Parse(host, o.DeviceSpec...); err != nil {
			return nil, err
		}
	}
	for _, c := range host.Cards {
		i.Cards = append(i.Cards, &Card{Card: c, done: make(chan struct{})})
	}
	return i, nil
}

// Identify begins to read the VPD of cards, each on its own, so that one that hangs
// holds up no other. It must be called once for a card at most, and Wait after it.
func (i *Inventory) Identify(ctx context.Context, cards ...*Card) {
	for _, c := range cards {
		i.reading.Go(func() {
			defer close(c.done)
			c.identities = c.Identify(ctx, i.o.Sysfs, i.o.VPDDeadline)
		})
	}
}

// Wait waits until all cards have answered, or their deadlines have passed.
func (i *Inventory) Wait() { i.reading.Wait() }

// Identities waits until the card has answered, or its deadline has passed, and gives what its
// functions say. Identify must have been called for it.
func (c *Card) Identities() *pci.Identities {
	<-c.done
	return c.identities
}

// Of gives the card of a PF.
func (i *Inventory) Of(p *pci.PF) *Card {
	for _, c := range i.Cards {
		if p != nil && c.Slot == p.Address.Slot() {
			return c
		}
	}
	return nil
}

// Each calls f for each card when it has answered: in their order, but those that
// take longer than the Patience come last, as they answer.
func (i *Inventory) Each(f func(*Card)) {
	late, answered := 0, make(chan *Card)
	soon, stop := context.WithTimeout(context.Background(), i.o.Patience)
	defer stop()
	for _, c := range i.Cards {
		select {
		case <-c.done:
		case <-soon.Done():
		}
		select {
		case <-c.done:
			f(c)
		default:
			late++
			go func() {
				<-c.done
				answered <- c
			}()
		}
	}
	for range late {
		f(<-answered)
	}
}
