package northbound

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

// ChassisError tells that there isn't exactly one chassis that a binding could name.
type ChassisError struct {
	Serial string
	// Chassis are the names of those that have it, none or several; or of those that
	// can't be told apart.
	Chassis []string
	// Known are the serial numbers that there are, sorted, where no chassis has it.
	Known []string

	text string
}

// Error names the serial number, the chassis and the remedy.
func (e *ChassisError) Error() string { return e.text }

// Choose finds the one chassis that published exactly this serial number, upper and
// lower case as they are, as Neutron compares it
// (get_chassis_by_card_serial_from_cms_options, which takes the first of several). An
// error is a *ChassisError.
func Choose(all []ovn.Chassis, number string) (ovn.Chassis, error) {
	var found []ovn.Chassis
	for _, c := range all {
		if slices.Contains(cardserial.Published(c.CMSOptions()), number) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b ovn.Chassis) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case len(found) == 0:
		return ovn.Chassis{}, none(all, number)
	case len(found) > 1:
		return ovn.Chassis{}, &ChassisError{Serial: number, Chassis: names(found), text: fmt.Sprintf(
			"card serial number %s is published by %d chassis: %s; a card is in one of them only: correct ovn-cms-options on the others",
			reason.Quote(number), len(found), reason.Names(names(found)))}
	}
	return found[0], distinct(all, found[0])
}

func none(all []ovn.Chassis, number string) *ChassisError {
	var known []string
	for _, c := range all {
		known = append(known, cardserial.Published(c.CMSOptions())...)
	}
	slices.Sort(known)
	e := &ChassisError{Serial: number, Known: slices.Compact(known)}
	e.text = fmt.Sprintf("no chassis has published card serial number %s", reason.Quote(number))
	if len(e.Known) == 0 {
		there := fmt.Sprintf("there are %d chassis", len(all))
		if len(all) == 1 {
			there = "there is 1 chassis, " + reason.Quote(all[0].Name)
		}
		e.text += fmt.Sprintf(", nor any other (%s); is representord running on the DPU, with register-card-serial?", there)
		return e
	}
	e.text += "; known are " + reason.Names(e.Known) + "; representorctl serial, on the DPU, says why it isn't published"
	return e
}

// distinct refuses a chassis that its hostname doesn't lead to: ovn-northd looks for a
// chassis of that name first, then for one with that hostname (requested_chassis in
// northd/northd.c).
func distinct(all []ovn.Chassis, c ovn.Chassis) error {
	if c.Hostname == "" {
		return &ChassisError{Chassis: []string{c.Name}, text: fmt.Sprintf(
			"chassis %s has no hostname, by which a port could ask for it; set external_ids:hostname in its local database", reason.Quote(c.Name))}
	}
	var others []ovn.Chassis
	for _, o := range all {
		if o.UUID != c.UUID && (o.Hostname == c.Hostname || o.Name == c.Hostname) {
			others = append(others, o)
		}
	}
	if len(others) == 0 {
		return nil
	}
	alike := append(names(others), c.Name)
	slices.Sort(alike)
	return &ChassisError{Chassis: alike, text: fmt.Sprintf(
		"hostname %s of chassis %s doesn't tell it apart: %s answer to it; set another external_ids:hostname in its local database",
		reason.Quote(c.Hostname), reason.Quote(c.Name), reason.Names(alike))}
}

func names(all []ovn.Chassis) []string {
	var out []string
	for _, c := range all {
		out = append(out, c.Name)
	}
	return out
}
