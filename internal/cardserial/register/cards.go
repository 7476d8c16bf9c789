package register

import (
	"errors"
	"slices"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

// Why the serial number of a card isn't published. Those of package serial are used
// as well, and reason.CodeSerialUnknown.
const (
	// CodeNotHostFacing: the card has no functions of another host. Its number would
	// draw ports to a machine that can't plug them.
	CodeNotHostFacing reason.Code = "not-host-facing"
	// CodeOff: the setting register-card-serial is off.
	CodeOff reason.Code = "registration-off"
	// CodeWaiting: it will be published in a moment, or once something is there.
	CodeWaiting reason.Code = "registration-pending"
)

// Card is a devlink instance, and whether the serial number of its card is published.
type Card struct {
	Handle devlink.Handle `json:"handle"`
	// HostFacing: it has functions of another host. Only such cards are published.
	HostFacing bool `json:"host-facing"`
	// Serial is the number as it is published, or as the card has it if it is refused;
	// empty when it isn't known.
	Serial string                   `json:"serial,omitempty"`
	From   representor.SerialSource `json:"source,omitempty"`
	// Published: the entry is among the options that count, and Ours tells whether we
	// wrote it.
	Published bool `json:"published"`
	Ours      bool `json:"ours"`
	// InSouthbound: the Chassis row names it, so Neutron finds it; nil while the row isn't
	// known. It is for whoever knows the Southbound to say.
	InSouthbound *bool `json:"in-southbound,omitempty"`
	// Reason says why it isn't published, nil if it is.
	Reason *reason.Reason `json:"reason,omitempty"`
}

// cardsOf lists the cards. Those with a number that can be published have no Reason.
func cardsOf(x *representor.Index) []Card {
	var cards []Card
	for _, in := range x.Instances() {
		c := Card{Handle: in.Handle, HostFacing: in.HostFacing, Serial: in.Serial.Number, From: in.Serial.From}
		n, err := cardserial.Normalize(c.Serial)
		var refused *cardserial.Error
		switch {
		case !in.HostFacing:
			c.Reason = reason.New(CodeNotHostFacing, "%s has no functions of another host", in.Handle)
		case err == nil:
			c.Serial = n
		case c.Serial == "" && in.Serial.Problem == "":
			c.Reason = reason.New(CodeWaiting, "%s has not told its serial number yet", in.Handle)
		case c.Serial == "":
			c.Reason = reason.New(reason.CodeSerialUnknown, "the serial number of %s isn't known: %s", in.Handle,
				reason.Prose(in.Serial.Problem))
		case errors.As(err, &refused):
			c.Reason = reason.New(refused.Code,
				"the serial number %s of %s (%s) is not published: it %s; have the card's vendor set it, or set "+option.Chassis+" by hand, for "+
					"Neutron can't find this chassis by it",
				reason.Quote(refused.Value), in.Handle, source(c.From), refused.Rule)
		}
		cards = append(cards, c)
	}
	return cards
}

// source is where a number is from, in words.
func source(s representor.SerialSource) string {
	if s == representor.SerialFromVPD {
		return "the card's VPD"
	}
	return "devlink's board.serial_number"
}

// known gives the numbers to be published, sorted, and whether each card that serves
// a host has one.
func known(cards []Card) (serials []string, all bool) {
	all = true
	for _, c := range cards {
		switch {
		case !c.HostFacing:
		case c.Reason != nil:
			all = false
		default:
			serials = append(serials, c.Serial)
		}
	}
	slices.Sort(serials)
	return slices.Compact(serials), all
}
