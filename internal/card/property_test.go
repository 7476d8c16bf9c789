package card

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/representor"
)

// truth draws ports and links of a card that may be in any state of flux.
func truth(t *rapid.T) (ports []devlink.Port, links []netdev.Link) {
	h := pci("0000:03:00.0")
	for _, i := range rapid.SliceOfDistinct(rapid.Uint16Range(0, 6), rapid.ID[uint16]).Draw(t, "vfs") {
		ports = append(ports, vf(h, 0, i, rapid.Uint32Range(0, 20).Draw(t, "ifindex")))
	}
	if rapid.Bool().Draw(t, "pf") {
		ports = append(ports, pf(h, 0, net.HardwareAddr{0, 0x53, 0, 0, 0, rapid.ByteRange(1, 3).Draw(t, "mac")}, 0))
	}
	for _, i := range rapid.SliceOfDistinct(rapid.Uint32Range(1, 20), rapid.ID[uint32]).Draw(t, "links") {
		l := link(i, rapid.StringMatching(`pf0vf[0-9]|eth[0-9]`).Draw(t, "name"))
		l.Up = rapid.Bool().Draw(t, "up")
		links = append(links, l)
	}
	return ports, links
}

// should is the card that is to be shown.
func (k *kernel) should() representor.Card {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := representor.Card{Complete: true, LinksComplete: true, Links: map[uint32]representor.Link{}}
	c.Ports = append([]devlink.Port{}, k.ports...)
	devlink.SortPorts(c.Ports)
	for _, l := range k.links {
		link := representor.Link{Name: l.Name, Up: l.Up, MTU: int(l.MTU), Settled: true}
		copy(link.HWAddr[:], l.HWAddr)
		c.Links[l.IfIndex] = link
	}
	return c
}

// step is something that happens to a card, and how long it is quiet after it.
type step struct {
	what    string
	happens func(*kernel)
	quiet   time.Duration
}

func anyStep() *rapid.Generator[step] {
	failures := []error{nil, nil, unix.EMFILE, unix.ENOENT, netlinkio.ErrDumpInterrupted, netlinkio.ErrStuck}
	return rapid.Custom(func(t *rapid.T) step {
		s := step{
			what:  rapid.SampledFrom([]string{"change", "failure", "notification", "change and notification"}).Draw(t, "what"),
			quiet: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 30, 200, 3000}).Draw(t, "ms")) * time.Millisecond,
		}
		notify := func(k *kernel) { k.portEvents.poke(); k.linkEvents.poke() }
		switch s.what {
		case "failure":
			portErr, linkErr := rapid.SampledFrom(failures).Draw(t, "ports"), rapid.SampledFrom(failures).Draw(t, "links")
			s.happens = func(k *kernel) { k.change(func(k *kernel) { k.portErr, k.linkErr = portErr, linkErr }) }
		case "notification":
			s.happens = notify
		default:
			ports, links := truth(t)
			s.happens = func(k *kernel) {
				k.change(func(k *kernel) { k.ports, k.links = ports, links })
				if s.what != "change" {
					notify(k)
				}
			}
		}
		return s
	})
}

func TestWatcher_WhateverHappensTheIndexIsTheKernelsFiveSecondsAfterTheLastWord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(anyStep(), 1, 30).Draw(rt, "steps")
		ports, links := truth(rt)
		var complaints []string
		synctest.Test(t, func(t *testing.T) {
			same := func(when string, want, got representor.Card) {
				want.PFMACs, want.Serials = got.PFMACs, got.Serials
				if !equal(want, got) {
					complaints = append(complaints, when+" (-kernel +shown):\n"+cmp.Diff(want, got))
				}
			}
			k := newKernel()
			w := unstarted(t, k, Options{UdevRoot: "/nonexistent", SysfsRoot: "/nonexistent", Audit: 50 * time.Second})
			defer start(t, w)()
			for _, s := range steps {
				s.happens(k)
				pass(s.quiet)
				if complete, problem := w.Index().Complete(); !complete && problem == "" {
					complaints = append(complaints, "not complete without a problem after "+s.what)
				}
			}
			// The kernel is well again, says so once, and is quiet.
			k.change(func(k *kernel) { k.portErr, k.linkErr = nil, nil })
			k.portEvents.poke()
			k.linkEvents.poke()
			pass(5 * time.Second)
			same("5 s after the last notification", k.should(), w.card())

			// A notification is lost: the audit finds what it was about.
			k.change(func(k *kernel) { k.ports, k.links = ports, links })
			pass(50 * time.Second)
			same("after the audit", k.should(), w.card())
		})
		if len(complaints) > 0 {
			rt.Fatal(strings.Join(complaints, "\n"))
		}
	})
}

// start runs w until the function that it gives is called.
func start(t *testing.T, w *Watcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v; want nil", err)
		}
	}
}
