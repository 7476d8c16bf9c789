// Package register publishes the serial numbers of the DPU's cards where Neutron
// looks for them: as card-serial-number=… among the ovn-cms-options of the chassis.
// A hypervisor knows the card by that number, and Neutron sends a port of type
// remote-managed to the first chassis that has exactly this entry
// (get_chassis_by_card_serial_from_cms_options in Neutron's OVN driver, which splits
// the options at commas: a chassis with several cards has several entries).
//
// ovn-controller copies the options from the local database to the Southbound, so
// nothing here needs the Southbound.
package register

import (
	"slices"
	"strings"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/cardserial"
)

// Input is what Plan decides on.
type Input struct {
	// ExternalIDs are those of Open_vSwitch.
	ExternalIDs map[string]string
	// Chassis is our name; nothing is planned without one.
	Chassis string
	// Known are the serial numbers of the cards that serve hosts, normalized, each once
	// and sorted.
	Known []string
	// Whole tells that these are all cards, and that each has told its number.
	Whole bool
	// Lost are serial numbers that we wrote and that no card has had for so long that it
	// is no reload of a device or reboot of a host.
	Lost []string
}

// Decision is what should become of external_ids.
type Decision struct {
	// Key is the key of the options that counts for us.
	Key string
	// Set and Delete are keys to change, both empty if all is well.
	Set    map[string]string
	Delete []string
	// Added and Removed are the serial numbers whose entries come and go.
	Added, Removed []string
	// Absent are the serial numbers that we wrote and that no card has at present.
	Absent []string
	// Foreign are the serial numbers among the options that we didn't write and that no
	// card has. None is told of while it may be that of a card that hasn't told it.
	Foreign []string
}

// Plan decides what to do. It is a pure function. What we wrote once is remembered
// beside the options, and only what is remembered is ever replaced or removed; an
// entry that was there before us is left to whoever wrote it, also if it is right.
//
// An entry of ours goes when as many cards as we wrote entries for have told other
// numbers, which is a card that was replaced, or when it is among Lost. Otherwise a
// card that isn't there keeps it.
func Plan(in Input) Decision {
	d := decision(in.ExternalIDs, in.Chassis)
	if in.Chassis == "" {
		return d
	}
	written := remembered(in.ExternalIDs)
	there := cardserial.Published(in.ExternalIDs[d.Key])
	d.Absent = in.absent()
	if in.Whole {
		d.Foreign = without(without(there, in.Known), written)
	}
	// What was overwritten is put back, but for the number of a card that isn't there.
	out, keep := in.leaving(without(written, without(d.Absent, there)), d.Absent)
	d.Added, d.Removed = without(in.Known, there), both(there, out)
	d.change(in.ExternalIDs, d.Key, out, d.Added)
	if d.Key != cardserial.OptionsKey {
		// Another key than the general one counts: what we wrote, and it lacks, we must have
		// written into the general one, from where it moves.
		d.change(in.ExternalIDs, cardserial.OptionsKey, both(d.Added, keep), nil)
	}
	d.remember(in.ExternalIDs, slices.Concat(keep, without(d.Added, keep)))
	return d
}

func decision(externalIDs map[string]string, chassis string) Decision {
	return Decision{Key: config.KeyFor(chassis, externalIDs, cardserial.OptionsKey), Set: map[string]string{}}
}

// absent are the serial numbers that we wrote and that no card has.
func (in *Input) absent() []string { return without(remembered(in.ExternalIDs), in.Known) }

// leaving tells apart which of our entries go and which stay.
func (in *Input) leaving(ours, absent []string) (out, keep []string) {
	keep = without(ours, both(absent, in.Lost))
	if in.Whole && len(in.Known) > 0 && len(in.Known) >= len(keep) {
		keep = without(keep, absent)
	}
	return without(ours, keep), keep
}

// without gives the elements of one list that aren't in another, nil for none.
func without(list, others []string) []string {
	var left []string
	for _, s := range list {
		if !slices.Contains(others, s) {
			left = append(left, s)
		}
	}
	return left
}

// both gives the elements of one list that are in another as well.
func both(list, others []string) []string { return without(list, without(list, others)) }

// Withdraw decides how to take back all that we wrote, wherever it stands. It is a
// pure function.
func Withdraw(externalIDs map[string]string, chassis string) Decision {
	d := decision(externalIDs, chassis)
	ours := remembered(externalIDs)
	for _, key := range []string{d.Key, cardserial.OptionsKey} {
		if d.Removed = both(cardserial.Published(externalIDs[key]), ours); len(d.Removed) > 0 {
			d.change(externalIDs, key, ours, nil)
			break // where it stands in both, one of them isn't ours
		}
	}
	d.remember(externalIDs, nil)
	return d
}

// Nothing tells that nothing is to be changed.
func (d *Decision) Nothing() bool { return len(d.Set) == 0 && len(d.Delete) == 0 }

// change puts entries into the list under a key in place of others.
func (d *Decision) change(externalIDs map[string]string, key string, out, in []string) {
	old, exists := externalIDs[key]
	switch list := replace(old, out, in); {
	case list == old:
	case list == "" && exists && key == cardserial.OptionsKey:
		d.Delete = append(d.Delete, key)
	default: // an empty list of one chassis means another thing than none
		d.Set[key] = list
	}
}

// remember notes what is ours.
func (d *Decision) remember(externalIDs map[string]string, ours []string) {
	old, exists := externalIDs[KeyMemory]
	switch list := strings.Join(ours, ","); {
	case list == "" && exists:
		d.Delete = append(d.Delete, KeyMemory)
	case list != old:
		d.Set[KeyMemory] = list
	}
}
