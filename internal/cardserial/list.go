package cardserial

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/representord/representord/internal/reason"
)

// OptionsKey is the list of options for the cloud management system in which serial
// numbers are published: in external_ids of the local database, from where
// ovn-controller(8) copies it to its Chassis row. "<key>-<chassis>" comes before it, also when
// that is empty.
const OptionsKey = "ovn-cms-options"

// Entry begins the entry of a serial number in that list (CMS_OPT_CARD_SERIAL_NUMBER in
// neutron/common/ovn/constants.py).
const Entry = "card-serial-number="

// Published gives the serial numbers that a list names, in its order. As Neutron does, it
// takes the list apart at its commas, and trims nothing.
func Published(list string) []string {
	var serials []string
	for e := range strings.SplitSeq(list, ",") {
		if s, ok := strings.CutPrefix(e, Entry); ok {
			serials = append(serials, s)
		}
	}
	return serials
}

// OptionsOf gives the list in a Chassis row of the Southbound, from where Neutron takes
// it: from other_config, and from external_ids with an ovn-controller before 22.09
// (get_ovn_chassis_other_config in neutron/common/ovn/utils.py). See OldNeutron for those
// that don't.
func OptionsOf(otherConfig, externalIDs map[string]string) string {
	if list, ok := otherConfig[OptionsKey]; ok {
		return list
	}
	return externalIDs[OptionsKey]
}

// OldNeutron are the releases of Neutron that look for the list in external_ids alone,
// where ovn-controller doesn't write since OVN 22.09
// (get_chassis_by_card_serial_from_cms_options in impl_idl_ovn.py).
const OldNeutron = "20.0 to 20.2 and 21.0 (Debian 12)"

// HiddenFromOldNeutron tells whether a number that a Chassis row has published is in
// other_config alone, where an OldNeutron doesn't look.
func HiddenFromOldNeutron(otherConfig, externalIDs map[string]string) bool {
	old := "," + externalIDs[OptionsKey] + ","
	return slices.ContainsFunc(Published(otherConfig[OptionsKey]), func(number string) bool {
		return !strings.Contains(old, ","+Entry+number+",")
	})
}

// CopyCommand is the command, for a shell where the Southbound is, that writes a list
// where an OldNeutron looks. It lasts until ovn-controller makes the Chassis row anew,
// which it does when it was stopped.
func CopyCommand(chassis, list string) string {
	assignment := fmt.Sprintf(`external_ids:%s=%q`, OptionsKey, list)
	if chassis == "" || strings.HasPrefix(chassis, "-") || strings.ContainsAny(chassis+assignment, "'`\\") ||
		strings.ContainsFunc(chassis+assignment, unicode.IsControl) {
		return "ovn-sbctl set Chassis NAME external_ids:" + OptionsKey + "=LIST"
	}
	return "ovn-sbctl set Chassis " + reason.ShellWord(chassis) + " " + reason.ShellWord(assignment)
}
