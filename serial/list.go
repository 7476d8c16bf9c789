package serial

import "strings"

// OptionsKey is the list of options for the cloud management system in which serial
// numbers are published: in external_ids of the local database, from where
// ovn-controller(8) copies it to its Chassis row.
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
// (get_ovn_chassis_other_config in neutron/common/ovn/utils.py).
func OptionsOf(otherConfig, externalIDs map[string]string) string {
	if list, ok := otherConfig[OptionsKey]; ok {
		return list
	}
	return externalIDs[OptionsKey]
}
