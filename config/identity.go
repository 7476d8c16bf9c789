package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/reason"
)

const (
	// defaultBridge is DEFAULT_BRIDGE_NAME of ovn-controller.
	defaultBridge = "br-int"
	// overrideMost is how much of the first line of system-id-override
	// ovn-controller reads, in bytes (get_file_system_id in ovn-controller.c).
	overrideMost = 63
	// remotesMost bounds how many endpoints of ovn-remote are looked at.
	remotesMost = 64
)

// Identity is who we are to OVN, as ovn-controller on this machine sees itself.
type Identity struct {
	// Chassis is the name of our Chassis row, empty while nothing names it.
	Chassis string
	// Hostname is what the Chassis row has as hostname.
	Hostname string
	// Bridge is the name of the integration bridge.
	Bridge string
	// Remotes are the Southbound's endpoints as ordered, each once: active methods of ovsdb(7).
	Remotes []string
	// Problems say, for an operator, what is missing or was left out.
	Problems []string
}

// Identify says who we are, by the rules of ovn-controller: its command line's
// -n, which is our chassis setting, comes before the first line of the file
// system-id-override, which comes before external_ids:system-id. Of the other
// keys of Open_vSwitch.external_ids, "<key>-<chassis>" comes before "<key>", also
// when it is empty (get_chassis_external_id_value in lib/ovn-util.c).
//
// override is what Config.SystemIDOverride held when we started, empty when it
// is absent; kernelHostname is gethostname(2)'s.
func Identify(externalIDs map[string]string, c Config, override, kernelHostname string) Identity {
	id := ChassisAndBridge(externalIDs, c, override)
	id.Hostname = kernelHostname
	if v, ok := externalIDs[KeyFor(id.Chassis, externalIDs, "hostname")]; ok {
		id.Hostname = v
	}
	id.remotes(externalIDs)
	return id
}

// ChassisAndBridge is as much of Identify as names the chassis and the bridge: without the host's name, the
// Southbound's endpoints and the problems of these.
func ChassisAndBridge(externalIDs map[string]string, c Config, override string) Identity {
	id := Identity{Bridge: defaultBridge}
	id.Chassis = id.chassis(externalIDs, c, override)
	if v, ok := externalIDs[KeyFor(id.Chassis, externalIDs, "ovn-bridge")]; ok {
		id.Bridge = v
	}
	if id.Bridge == "" {
		id.problem("external_ids:ovn-bridge is empty, so there is no integration bridge; remove the key for %s", defaultBridge)
	}
	return id
}

func (id *Identity) problem(format string, args ...any) {
	id.Problems = append(id.Problems, fmt.Sprintf(format, args...))
}

func (id *Identity) chassis(externalIDs map[string]string, c Config, override string) string {
	if c.Chassis != "" {
		return c.Chassis
	}
	if override != "" {
		line, _, ended := strings.Cut(override, "\n")
		if !ended {
			line = strings.TrimSuffix(line, "\r")
		}
		if len(line) > overrideMost {
			line = line[:overrideMost]
			id.problem("the first line of system-id-override is longer than %d bytes; like ovn-controller, we take the beginning for the chassis "+
				"name", overrideMost)
		}
		if line == "" {
			id.problem("the first line of system-id-override is empty, and it is what names the chassis; write the name there, or remove the file")
		}
		if !isWord(line) {
			id.problem("system-id-override names the chassis %s; like ovn-controller, we take that as it is, white space and unprintable "+
				"characters included", reason.Quote(line))
		}
		return line
	}
	name := externalIDs["system-id"]
	if name == "" {
		id.problem("nothing names the chassis; set external_ids:system-id (ovs-vsctl set open_vswitch . external_ids:system-id=NAME)")
	}
	return name
}

// KeyFor is the key of Open_vSwitch.external_ids that counts for one chassis.
func KeyFor(chassis string, externalIDs map[string]string, key string) string {
	if _, ok := externalIDs[key+"-"+chassis]; ok && chassis != "" {
		return key + "-" + chassis
	}
	return key
}

// remotes reads ovn-remote. What isn't an endpoint is a problem and left out.
func (id *Identity) remotes(externalIDs map[string]string) {
	all := dbconn.SplitEndpoints(externalIDs[KeyFor(id.Chassis, externalIDs, "ovn-remote")])
	if len(all) > remotesMost {
		id.problem("external_ids:ovn-remote names %d endpoints; only the first %d are used", len(all), remotesMost)
		all = all[:remotesMost]
	}
	for _, r := range all {
		if err := dbconn.CheckEndpoint(r); err != nil {
			id.problem("external_ids:ovn-remote: %s; it is left out", err)
		} else if !slices.Contains(id.Remotes, r) {
			id.Remotes = append(id.Remotes, r)
		}
	}
	if len(id.Remotes) == 0 {
		id.problem("no Southbound is named; set external_ids:ovn-remote (ovs-vsctl set open_vswitch . external_ids:ovn-remote=ssl:ADDRESS:6642)")
	}
}
