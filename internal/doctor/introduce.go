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
	var remedies, words []string
	set := func(key, value string) { words = append(words, "external_ids:"+p.key(key)+"="+value) }
	switch {
	case p.Identity.Chassis != "":
	case p.OverrideModified.IsZero():
		set("system-id", "NAME")
	default:
		remedies = append(remedies, "write the chassis' name into the first line of system-id-override, or remove that file.")
	}
	if len(p.Identity.Remotes) == 0 {
		set("ovn-remote", "ssl:ADDRESS:6642")
	}
	for _, encap := range []struct{ key, value string }{{"ovn-encap-type", "geneve"}, {"ovn-encap-ip", "ADDRESS"}} {
		if p.Local.ExternalIDs[config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, encap.key)] == "" {
			set(encap.key, encap.value)
		}
	}
	if p.Identity.Bridge == "" {
		remedies = append(remedies, "remove the empty key: `ovs-vsctl remove Open_vSwitch . external_ids "+p.key("ovn-bridge")+"`")
	}
	if len(words) > 0 {
		remedies = append(remedies, "set what is missing, which ovn-controller needs as well: `ovs-vsctl set Open_vSwitch . "+
			strings.Join(words, " ")+"`")
	}
	return strings.Join(remedies, " ")
}

// key is the key that counts for this chassis, as a word of ovs-vsctl.
func (p *patient) key(name string) string {
	k := config.KeyFor(p.Identity.Chassis, p.Local.ExternalIDs, name)
	if k == name {
		return name
	}
	return reason.Shell(fmt.Sprintf("%q", k)) // a chassis may be called anything
}
