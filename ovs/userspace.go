package ovs

import (
	"maps"
	"slices"
	"strings"
)

// kernelDatapath is the kernel's by its name. A bridge of none has that one, too.
const kernelDatapath = "system"

// KernelDatapath tells whether the bridge has the kernel's datapath, into which alone a
// netdev can be plugged.
func (v View) KernelDatapath() bool { return v.DatapathType == "" || v.DatapathType == kernelDatapath }

// Userspace is the setting by which somebody means the switch to be another one than the
// kernel's: its column and key as ovs-vsctl(8) writes them, and its value. Both are empty
// without any. To change the datapath against such a setting tears a switch down that is
// meant to be as it is.
//
// ovn-controller gives the bridge the type in ovn-bridge-datapath-type, of its chassis
// before that of all (process_br_int() of its controller/ovn-controller.c). Any
// chassis' counts here. The key default-datapath-type is of NVIDIA's Open vSwitch, where
// OVS-DOCA wants netdev or doca, as is doca-init; dpdk-init is Open vSwitch's own.
func (v View) Userspace() (key, value string) {
	const ofChassis = "ovn-bridge-datapath-type"
	for _, k := range slices.Sorted(maps.Keys(v.ExternalIDs)) {
		t := v.ExternalIDs[k]
		if (k == ofChassis || strings.HasPrefix(k, ofChassis+"-")) && t != "" && t != kernelDatapath {
			return "external_ids:" + k, t
		}
	}
	if t := v.DefaultDatapathType; t != "" && t != kernelDatapath {
		return "other_config:default-datapath-type", t
	}
	switch {
	case v.DOCA:
		return "other_config:doca-init", "true"
	case v.DPDK:
		return "other_config:dpdk-init", "true"
	}
	return "", ""
}
