package register

import (
	"slices"
	"strings"

	"github.com/representord/representord/internal/cardserial"
)

// KeyMemory is the key of Open_vSwitch.external_ids that holds the serial numbers which we wrote
// into the list of options, separated by commas: those are ours to change, and no others.
const KeyMemory = "representord-card-serial"

// Entries takes a list of options apart, as Neutron does: at its commas, and nothing
// is trimmed.
func Entries(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// remembered gives the serial numbers that we wrote. What can't be one was put there
// by somebody else and counts for nothing.
func remembered(externalIDs map[string]string) []string {
	var serials []string
	for _, s := range Entries(externalIDs[KeyMemory]) {
		if n, err := cardserial.Normalize(s); err == nil && n == s && !slices.Contains(serials, s) {
			serials = append(serials, s)
		}
	}
	return serials
}

// replace puts entries for some serial numbers into a list in the place of others,
// and at its end where there are more of them. Every other entry stays as it is.
func replace(list string, out, in []string) string {
	var entries []string
	for _, e := range Entries(list) {
		s, is := strings.CutPrefix(e, cardserial.Entry)
		if !is || !slices.Contains(out, s) {
			entries = append(entries, e)
			continue
		}
		if len(in) > 0 {
			entries = append(entries, cardserial.Entry+in[0])
			in = in[1:]
		}
	}
	for _, s := range in {
		entries = append(entries, cardserial.Entry+s)
	}
	return strings.Join(entries, ",")
}
