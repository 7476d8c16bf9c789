package card

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial"
	pciaddr "github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/retry"
	"github.com/representord/representord/internal/vpd"
	"github.com/representord/representord/representor"
)

// vpdRetry is how often VPD that could not be read is tried again. A card that
// stalls costs a thread for as long as the kernel is patient with it.
const vpdRetry = 5 * time.Minute

// vpdAnswer is what the VPD of a card gave: a number, or why there is none.
type vpdAnswer struct {
	representor.Serial
	// absent: the card has no VPD, at present. To look for it costs nothing.
	absent bool
}

// serialOf joins what devlink and VPD say of one instance. devlink's word goes
// first, where it is a number at all: it is "", or a placeholder, with many drivers. But
// where it is the first word of what VPD has, VPD's is whole, and is what a hypervisor reads.
func serialOf(told toldSerial, fromVPD representor.Serial) representor.Serial {
	whole := strings.Trim(fromVPD.Number, " \x00")
	_, err := cardserial.Normalize(told.number)
	switch {
	case told.mayBeCut && strings.HasPrefix(whole, told.number+" "):
		fromVPD.Number = whole
	case err == nil, told.number != "" && fromVPD.Number == "":
		return representor.Serial{Number: told.number, From: representor.SerialFromDevlink}
	}
	return fromVPD
}

// cardSerials joins what is known of all instances. Of those whose VPD is wanted nothing is
// known before that has answered: devlink's placeholder isn't the last word, nor half a number.
func (s *state) cardSerials() map[devlink.Handle]representor.Serial {
	wanted := s.wantedVPD()
	all := make(map[devlink.Handle]representor.Serial, len(s.serials))
	for h, told := range s.serials {
		answer, answered := s.vpd[h]
		if wanted[h] && !answered {
			continue
		}
		if serial := serialOf(told, answer.Serial); serial != (representor.Serial{}) {
			all[h] = serial
		}
	}
	return all
}

// wantedVPD finds the instances whose card must be asked for its VPD: they have
// functions that may be asked for, and devlink was asked and gave no number, or perhaps half
// of it.
func (s *state) wantedVPD() map[devlink.Handle]bool {
	wanted := map[devlink.Handle]bool{}
	for i := range s.ports.ports {
		p := &s.ports.ports[i]
		told, asked := s.serials[p.Handle]
		if !isFunction(p.Flavour) || !asked || p.External.Present && !p.External.Value && !s.settings.LocalFunctions {
			continue
		}
		if _, err := cardserial.Normalize(told.number); err != nil || told.mayBeCut {
			wanted[p.Handle] = true
		}
	}
	return wanted
}

// vpdStage reads the VPD of cards whose serial number devlink doesn't tell.
type vpdStage struct {
	opts Options
	// patience is how long one card may take.
	patience time.Duration

	// answers are those of the cards that were wanted last, by slot.
	answers map[string]vpdAnswer
	// reads are the last reads of each slot, closed once they have returned: while one
	// hangs in the kernel there is no use in another.
	reads map[string]<-chan struct{}
	// due is when cards without a number are asked again.
	due retry.Due
}

// read asks the cards that were not asked before. A number that was read doesn't
// change for as long as the card is there.
func (s *vpdStage) read(ctx context.Context, wanted map[devlink.Handle]bool) (found map[devlink.Handle]vpdAnswer, next time.Duration) {
	slots := bySlot(wanted)
	again := s.due.Left() == 0
	answers := make(map[string]vpdAnswer, len(slots))
	found = map[devlink.Handle]vpdAnswer{}
	missing := false
	for _, slot := range slices.Sorted(maps.Keys(slots)) {
		a, known := s.answers[slot]
		if !known || a.absent || a.Number == "" && again {
			a = s.ask(ctx, slot, slots[slot], a)
		}
		missing = missing || a.Number == ""
		answers[slot] = a
		for _, h := range slots[slot] {
			found[h] = a
		}
	}
	s.answers = answers
	if again {
		s.due.In(max(s.opts.Audit, vpdRetry))
	}
	if missing {
		return found, max(s.due.Left(), time.Second)
	}
	return found, max(s.opts.Audit, vpdRetry)
}

// ask asks the card in a slot, unless it hasn't come back from the last time.
func (s *vpdStage) ask(ctx context.Context, slot string, functions []devlink.Handle, before vpdAnswer) vpdAnswer {
	if last := s.reads[slot]; last != nil {
		select {
		case <-last:
		default:
			if before.Problem == "" {
				return noNumber("an earlier read of the card's VPD hasn't come back from the kernel")
			}
			return before
		}
	}
	a, ended := s.readSlot(ctx, functions)
	s.reads[slot] = ended
	if a.Problem != "" {
		s.opts.Log.DebugContext(ctx, "a card does not tell its serial number", "slot", slot, "why", a.Problem)
	}
	return a
}

// bySlot groups instances by the card that they are on, which has one VPD: all
// functions of a slot share the hardware that is asked. What is no PCI device is on its
// own.
func bySlot(wanted map[devlink.Handle]bool) map[string][]devlink.Handle {
	slots := map[string][]devlink.Handle{}
	for _, h := range sortedHandles(wanted) {
		slot := h.String()
		if a, err := pciaddr.ParseAddress(h.Device); err == nil && h.Bus == "pci" {
			slot = a.Slot()
		}
		slots[slot] = append(slots[slot], h)
	}
	return slots
}

// readSlot reads the serial number in the VPD of a card: of the first of its functions
// that has any. A function that fails to be read speaks for all. ended is closed once
// no read is left in the kernel.
func (s *vpdStage) readSlot(ctx context.Context, functions []devlink.Handle) (first vpdAnswer, ended <-chan struct{}) {
	for _, h := range functions {
		var a vpdAnswer
		a, ended = s.readFunction(ctx, h)
		if !a.absent {
			return a, ended
		}
		first = cmp.Or(first, a)
	}
	return first, ended
}

// readFunction reads the serial number in the VPD of an instance's PCI device.
func (s *vpdStage) readFunction(ctx context.Context, h devlink.Handle) (answer vpdAnswer, ended <-chan struct{}) {
	if _, err := pciaddr.ParseAddress(h.Device); h.Bus != "pci" || err != nil {
		return noNumber("only a PCI device has VPD"), nil
	}
	path := filepath.Join(s.opts.SysfsRoot, "bus", "pci", "devices", h.Device, "vpd")
	bounded, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	got, ended, err := vpd.Read(bounded, path)
	switch number := got.Tolerant.ReadOnly[vpd.KeySerial]; {
	case errors.Is(err, os.ErrNotExist):
		answer = noNumber("the card has no VPD (" + path + ")")
		answer.absent = true
	case errors.Is(err, os.ErrPermission):
		answer = noNumber(path + " may be read by root only")
	case err != nil:
		answer = noNumber("the card's VPD can't be read: " + err.Error())
	case number != "":
		answer.Number, answer.From = number, representor.SerialFromVPD
	default:
		answer = noNumber("the card's VPD has no serial number (field SN of " + path + ")")
		if err := got.Err(); err != nil {
			answer.Problem += ": " + err.Error()
		}
	}
	return answer, ended
}

// noNumber is the answer of a card that gives none.
func noNumber(why string) vpdAnswer {
	return vpdAnswer{Serial: representor.Serial{Problem: "devlink tells no board.serial_number, and " + why}}
}
