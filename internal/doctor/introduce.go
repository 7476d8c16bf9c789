package doctor

import (
	"fmt"
	"strings"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/reason"
)

// introduce is what makes the chassis, its bridge and its Southbound known. What is set stays
// as it is: another system-id, for one, would make another chassis of this one.
func (p *patient) introduce() string {
	var remedies []string
	if p.Identity.Chassis == "" && !p.OverrideModified.IsZero() {
		remedies = append(remedies, "write the chassis' name into the first line of system-id-override, or remove that file.")
	}
	if p.Identity.Bridge == "" {
		remedies = append(remedies, "remove the empty key: `ovs-vsctl remove Open_vSwitch . external_ids "+p.key("ovn-bridge")+"`")
	}
	if words := p.unset(); len(words) > 0 {
		remedies = append(remedies, "set what is missing, which ovn-controller needs as well: `ovs-vsctl set Open_vSwitch . "+
			strings.Join(words, " ")+"`")
	}
	return strings.Join(remedies, " ")
}

// unset are the words of ovs-vsctl that set what nothing has set.
func (p *patient) unset() []string {
	var words []string
	set := func(key, value string) { words = append(words, "external_ids:"+p.key(key)+"="+value) }
	if p.Identity.Chassis == "" && p.OverrideModified.IsZero() {
		set("system-id", "NAME")
	}
	if len(p.Identity.Remotes) == 0 {
		set("ovn-remote", "ssl:ADDRESS:6642")
	}
	for _, encap := range []struct{ key, value string }{{"ovn-encap-type", "geneve"}, {"ovn-encap-ip", "ADDRESS"}} {
		if p.Local.ExternalIDs[config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, encap.key)] == "" {
			set(encap.key, encap.value)
		}
	}
	return words
}

// key is the key that counts for this chassis, as a word of ovs-vsctl.
func (p *patient) key(name string) string {
	k := config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, name)
	if k == name {
		return name
	}
	return reason.Shell(fmt.Sprintf("%q", k)) // a chassis may be called anything
}
