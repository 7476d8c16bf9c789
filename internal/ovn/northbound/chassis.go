package northbound

import (
	"fmt"
	"slices"

	"github.com/representord/representord/internal/cardserial"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

// Choose finds the one chassis that published exactly this serial number, upper and
// lower case as they are, as Neutron compares it
// (get_chassis_by_card_serial_from_cms_options, which takes the first of several). An
// error is a NoChassis.
func Choose(all []ovn.Chassis, number string) (ovn.Chassis, error) {
	var found []ovn.Chassis
	for _, c := range all {
		if slices.Contains(cardserial.Published(c.CMSOptions()), number) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return ovn.Chassis{}, none(all, number)
	case 1:
		return found[0], distinct(all, found[0])
	}
	return ovn.Chassis{}, fail(NoChassis,
		"card serial number %s is published by %d chassis: %s; a card is in one of them only: correct ovn-cms-options on the others",
		reason.Quote(number), len(found), names(found))
}

func none(all []ovn.Chassis, number string) error {
	var known []string
	for _, c := range all {
		known = append(known, cardserial.Published(c.CMSOptions())...)
	}
	if len(known) > 0 {
		slices.Sort(known)
		return fail(NoChassis, "no chassis has published card serial number %s; known are %s; representorctl serial, on the DPU, says why it "+
			"isn't published", reason.Quote(number), reason.Names(slices.Compact(known)))
	}
	there := fmt.Sprintf("there are %d chassis", len(all))
	if len(all) == 1 {
		there = "there is 1 chassis, " + reason.Quote(all[0].Name)
	}
	return fail(NoChassis, "no chassis has published card serial number %s, nor any other (%s); is representord running on the DPU, with "+
		"register-card-serial?", reason.Quote(number), there)
}

// distinct refuses a chassis that its hostname doesn't lead to: ovn-northd looks for a
// chassis of that name first, then for one with that hostname (requested_chassis in
// northd/northd.c).
func distinct(all []ovn.Chassis, c ovn.Chassis) error {
	if c.Hostname == "" {
		return fail(NoChassis, "chassis %s has no hostname, by which a port could ask for it; set external_ids:hostname in its local database",
			reason.Quote(c.Name))
	}
	alike := []ovn.Chassis{c}
	for _, o := range all {
		if o.UUID != c.UUID && (o.Hostname == c.Hostname || o.Name == c.Hostname) {
			alike = append(alike, o)
		}
	}
	if len(alike) == 1 {
		return nil
	}
	return fail(NoChassis, "hostname %s of chassis %s doesn't tell it apart: %s answer to it; set another external_ids:hostname in its local "+
		"database", reason.Quote(c.Hostname), reason.Quote(c.Name), names(alike))
}

// names are those of chassis, sorted, as an error shows them.
func names(all []ovn.Chassis) string {
	var sorted []string
	for _, c := range all {
		sorted = append(sorted, c.Name)
	}
	slices.Sort(sorted)
	return reason.Names(sorted)
}
