package pci

import (
	"context"
	"errors"

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
	// Libvirt is the serial number in VPD as libvirt, and so Nova, reads it.
	Libvirt string
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

// unread is the code for VPD that can't be read for an error.
func unread(err error) reason.Code {
	if errors.Is(err, context.DeadlineExceeded) {
		return CodeVPDTimeout
	}
	return CodeVPDUnreadable
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
	id := &Identity{From: from, Read: true, Name: got.Tolerant.Name, Part: fields[vpd.KeyPart]}
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
	number, there := fields[vpd.KeySerial]
	if !there {
		id.Why = reason.New(CodeNoSerial, "the VPD of %s has no serial number (field SN)", from).WithRemedy("have the card's vendor set it")
		// Where reading broke off before the number, that is the reason.
		var problem *vpd.Problem
		if errors.As(got.Err(), &problem) && problem.Unwrap() != nil {
			id.Why = reason.New(unread(problem), "the VPD of %s could be read in part only: %v", from, problem).WithRemedy(reset)
		}
		return id
	}
	var err error
	var refused *cardserial.Error
	if id.Serial, err = cardserial.Normalize(number); errors.As(err, &refused) {
		id.Why = reason.New(refused.Code, "the %s, in the VPD of %s", refused, from).WithRemedy("have the card's vendor set it")
	}
	return id
}
