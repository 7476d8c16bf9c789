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
	"maps"
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
	// card has.
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
	d := Decision{Key: config.KeyFor(in.Chassis, in.ExternalIDs, cardserial.OptionsKey)}
	if in.Chassis == "" {
		return d
	}
	written := remembered(in.ExternalIDs)
	there := cardserial.Published(in.ExternalIDs[d.Key])
	d.Absent = in.absent()
	d.Foreign = without(without(there, in.Known), written)
	// What was overwritten is put back, but for the number of a card that isn't there.
	out, keep := in.leaving(without(written, without(d.Absent, there)), d.Absent)
	add := without(in.Known, there)
	d.change(in.ExternalIDs, d.Key, out, add)
	d.leave(in.ExternalIDs, add, keep)
	d.remember(in.ExternalIDs, slices.Concat(keep, without(add, keep)))
	return d
}

// absent are the serial numbers that we wrote and that no card has.
func (in *Input) absent() []string { return without(remembered(in.ExternalIDs), in.Known) }

// leaving tells apart which of our entries go and which stay.
func (in *Input) leaving(ours, absent []string) (out, keep []string) {
	keep = slices.DeleteFunc(slices.Clone(ours), func(s string) bool {
		return slices.Contains(absent, s) && slices.Contains(in.Lost, s)
	})
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

// Withdraw decides how to take back all that we wrote, wherever it stands. It is a
// pure function.
func Withdraw(externalIDs map[string]string, chassis string) Decision {
	d := Decision{Key: config.KeyFor(chassis, externalIDs, cardserial.OptionsKey)}
	out := remembered(externalIDs)
	for _, key := range []string{d.Key, cardserial.OptionsKey} {
		if slices.ContainsFunc(cardserial.Published(externalIDs[key]), func(s string) bool { return slices.Contains(out, s) }) {
			d.change(externalIDs, key, out, nil)
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
	list := replace(old, out, in)
	for _, s := range cardserial.Published(old) {
		if slices.Contains(out, s) && !slices.Contains(d.Removed, s) {
			d.Removed = append(d.Removed, s)
		}
	}
	d.Added = append(d.Added, in...)
	switch {
	case list == old:
	case list == "" && exists && key == cardserial.OptionsKey:
		d.Delete = append(d.Delete, key)
	default: // an empty list of one chassis means another thing than none
		d.set(key, list)
	}
}

// leave takes our entries out of the general list when another key counts from now
// on: what we wrote, and the other key lacks, we must have written there.
func (d *Decision) leave(externalIDs map[string]string, add, written []string) {
	if d.Key == cardserial.OptionsKey {
		return
	}
	moved := slices.DeleteFunc(slices.Clone(add), func(s string) bool { return !slices.Contains(written, s) })
	added, removed := d.Added, d.Removed
	d.change(externalIDs, cardserial.OptionsKey, moved, nil)
	d.Added, d.Removed = added, removed // they only move
}

// remember notes what is ours.
func (d *Decision) remember(externalIDs map[string]string, ours []string) {
	old, exists := externalIDs[KeyMemory]
	switch list := strings.Join(ours, ","); {
	case list == "" && exists:
		d.Delete = append(d.Delete, KeyMemory)
	case list != old:
		d.set(KeyMemory, list)
	}
}

func (d *Decision) set(key, value string) {
	if d.Set == nil {
		d.Set = map[string]string{}
	}
	d.Set[key] = value
}

// Apply gives external_ids as they are after the decision.
func (d *Decision) Apply(externalIDs map[string]string) map[string]string {
	after := maps.Clone(externalIDs)
	if after == nil {
		after = map[string]string{}
	}
	for _, key := range d.Delete {
		delete(after, key)
	}
	maps.Copy(after, d.Set)
	return after
}
