package pci

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/internal/vpd"
)

// Identity is what a function says of its card.
type Identity struct {
	// Serial is the serial number as package serial normalizes it; empty when Why tells
	// why there is none.
	Serial string
	Why    *reason.Reason
	// Raw is the serial number as VPD has it, Libvirt as libvirt, and so Nova, reads it:
	// the same unless it refuses the VPD, or finds two numbers in it.
	Raw, Libvirt string
	// Part is the part number, Name the identifier string.
	Part, Name string
	// From is the function whose VPD was read, Read tells whether any was.
	From Address
	Read bool
	// OfVF: it is about a VF's own VPD, not that of a PF alone.
	OfVF bool
	// Warnings tell what is wrong with the VPD. With one of CodeVPDInvalid libvirt, and
	// so Nova, sees no serial number, whatever Serial says.
	Warnings []reason.Reason
}

// read reads the VPD of a function, bounded by patience. absent: it has none.
func (c *Card) read(ctx context.Context, sysfs string, a Address, patience time.Duration) (id *Identity, absent bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := vpd.Read(ctx, filepath.Join(sysfs, device(a, "vpd")))
	if err == nil {
		id = identify(&got, a)
		id.From, id.Read = a, true
		return id, false
	}
	why := reason.New(CodeVPDUnreadable, "the VPD of card %s can't be read: %v", c.Slot, err).WithRemedy(reset)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, true
	case errors.Is(err, os.ErrPermission):
		why = reason.New(CodeVPDPermission, "the VPD of card %s may be read by root only", c.Slot).WithRemedy("run this as root")
	case errors.Is(err, context.DeadlineExceeded):
		why.Code = CodeVPDTimeout
	}
	return &Identity{Why: why}, false
}

// reset is what helps a card that doesn't answer.
const reset = "reset the card, or power-cycle the host"

// mend says what helps against a fault for which libvirt refuses VPD.
func mend(err error) string {
	var problem *vpd.Problem
	if errors.As(err, &problem) && problem.LibvirtAlone {
		return "the card is right and libvirt isn't: without Nova the number is good; for Nova, see whether other firmware of the card leaves " +
			"out the resource before its read-only fields"
	}
	return "update the card's firmware"
}

// identify makes sense of VPD.
func identify(got *vpd.Result, from Address) *Identity {
	fields := got.Tolerant.ReadOnly
	id := &Identity{Name: got.Tolerant.Name, Part: fields[vpd.KeyPart]}
	if got.Strict != nil {
		id.Libvirt = got.Strict.ReadOnly[vpd.KeySerial]
	}
	if err := got.Err(); err != nil {
		id.Warnings = append(id.Warnings, *reason.New(CodeVPDInvalid,
			"libvirt refuses the VPD of %s as a whole, so Nova sees no serial number in it: %v", from, err).WithRemedy("%s", mend(err)))
	}
	for _, p := range got.Problems {
		if !p.Fatal {
			id.Warnings = append(id.Warnings, *reason.New(CodeVPDOdd, "%s: %v", from, p))
		}
	}
	var there bool
	if id.Raw, there = fields[vpd.KeySerial]; !there {
		id.Why = reason.New(CodeNoSerial, "the VPD of %s has no serial number (field SN)", from).WithRemedy("have the card's vendor set it")
		// Where reading broke off before the number, that is the reason.
		var problem *vpd.Problem
		if errors.As(got.Err(), &problem) && problem.Unwrap() != nil {
			code := CodeVPDUnreadable
			if errors.Is(problem, context.DeadlineExceeded) {
				code = CodeVPDTimeout
			}
			id.Why = reason.New(code, "the VPD of %s could be read in part only: %v", from, problem).WithRemedy(reset)
		}
		return id
	}
	var err error
	var refused *cardserial.Error
	if id.Serial, err = cardserial.Normalize(id.Raw); errors.As(err, &refused) {
		id.Why = reason.New(refused.Code, "the %s, in the VPD of %s", refused, from).WithRemedy("have the card's vendor set it")
	}
	return id
}
