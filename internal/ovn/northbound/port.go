// Package northbound binds logical switch ports to functions of a card, for clouds
// without Neutron: it writes what Neutron's OVN driver writes for a port of type
// remote-managed. It is the only part of the project that writes to OVN, and only
// representorctl uses it.
package northbound

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/profile"
	"github.com/representord/representord/internal/reason"
)

// NoMTU takes back an MTU request that a port makes.
const NoMTU = -1

// Port is a row of the Northbound's table Logical_Switch_Port; ovn-nb(5). It must not be changed.
type Port struct {
	UUID        string            `ovsdb:"_uuid"`
	Name        string            `ovsdb:"name"`
	Type        string            `ovsdb:"type"`
	ParentName  *string           `ovsdb:"parent_name"`
	Options     map[string]string `ovsdb:"options"`
	ExternalIDs map[string]string `ovsdb:"external_ids"`
}

// Change is what is to be done to a port's options.
type Change struct {
	// Set are options with their new values, Delete options that go; both are empty
	// when all is as it should be.
	Set    map[string]string
	Delete []string
	// Anew: another function is asked for than before, or another chassis.
	Anew bool
}

// Nothing tells that nothing is to be changed.
func (c Change) Nothing() bool { return len(c.Set) == 0 && len(c.Delete) == 0 }

func (p *Port) refuse(format string, args ...any) error {
	return fail(Refused, "logical port %s %s", reason.Quote(p.Name), fmt.Sprintf(format, args...))
}

// check refuses ports that must not be changed, or that no DPU could plug.
func (p *Port) check(force bool) error {
	for _, key := range slices.Sorted(maps.Keys(p.ExternalIDs)) {
		if strings.HasPrefix(key, "neutron:") && !force {
			return p.refuse("is Neutron's (external_ids:%s), which would undo what is done to it: bind it in Neutron, or insist with --force", key)
		}
	}
	switch {
	case p.Type != "":
		return p.refuse("is of type %s; only ordinary ports, whose type is empty, can be plugged", reason.Quote(p.Type))
	case p.ParentName != nil && *p.ParentName != "":
		return p.refuse("is a container port of %s; bind that", reason.Quote(*p.ParentName))
	}
	return nil
}

// PlanBind decides which options of a port must change so that a chassis plugs the
// function of a profile for it. mtu is in bytes, 0 to leave what the port asks for, which
// may be Neutron's word about its network, and NoMTU for no request. It is a pure function.
func PlanBind(p *Port, f *profile.Profile, c ovn.Chassis, mtu int) Change {
	want := map[string]string{
		option.Chassis: c.Hostname,
		option.Type:    option.Representor,
		option.PFMAC:   f.PFMAC,
		option.VFNum:   strconv.Itoa(f.VFNum),
	}
	// What the port has of representord's own options was said of the function that it
	// asked for before, and goes where it contradicts this one.
	unwanted := []string{option.SFNum}
	if p.Options[option.PFMAC] != f.PFMAC {
		unwanted = append(unwanted, option.Controller)
	}
	if p.Options[option.CardSerial] != f.Serial {
		unwanted = append(unwanted, option.CardSerial)
	}
	switch mtu {
	case 0:
	case NoMTU:
		unwanted = append(unwanted, option.MTU)
	default:
		want[option.MTU] = strconv.Itoa(mtu)
	}
	maps.DeleteFunc(want, func(key, value string) bool {
		old, there := p.Options[key]
		return there && old == value
	})
	change := Change{Set: want, Delete: present(p, unwanted)}
	// All but the MTU say which function is asked for, and where: of the chassis, its name says the same.
	change.Anew = slices.ContainsFunc(slices.Concat(slices.Collect(maps.Keys(want)), change.Delete), func(key string) bool {
		return key != option.MTU && (key != option.Chassis || p.Options[key] != c.Name)
	})
	return change
}

// PlanUnbind decides which options of a port go so that nobody plugs it: nothing where
// it isn't bound, for requested-chassis alone says only where a port may live. A port
// that another provider plugs is Refused. It is a pure function.
func PlanUnbind(p *Port) (Change, error) {
	switch provider := p.Options[option.Type]; {
	case provider != "" && provider != option.Representor:
		return Change{}, p.refuse("is not bound to a representor: its %s is %s, another provider's; is it the port that is meant?",
			option.Type, reason.Quote(provider))
	case provider == "" && !slices.ContainsFunc(slices.Collect(maps.Keys(p.Options)), isOurs):
		return Change{}, nil
	}
	return Change{Delete: present(p, []string{option.Chassis, option.Type, option.MTU, option.PFMAC, option.VFNum})}, nil
}

func isOurs(key string) bool { return strings.HasPrefix(key, option.Prefix) }

// present are those of some options that a port has, sorted.
func present(p *Port, keys []string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Options)), func(key string) bool { return !slices.Contains(keys, key) })
}
