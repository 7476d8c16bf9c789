package ovs

import "testing"

func TestUserspace_ASettingMeansTheSwitchToBeAnotherThanTheKernels(t *testing.T) {
	for name, tt := range map[string]struct {
		ids    map[string]string
		config map[string]string
		key    string
		value  string
	}{
		"none": {nil, map[string]string{"hw-offload": "true"}, "", ""},
		"OVN is told so": {map[string]string{"ovn-bridge-datapath-type": "netdev"}, nil,
			"external_ids:ovn-bridge-datapath-type", "netdev"},
		"OVN is told so for one chassis": {map[string]string{"ovn-bridge-datapath-type": "system", "ovn-bridge-datapath-type-dpu1": "doca"},
			nil, "external_ids:ovn-bridge-datapath-type-dpu1", "doca"},
		"OVN is told the kernel's": {map[string]string{"ovn-bridge-datapath-type": "system"}, nil, "", ""},
		"a new bridge is to be so": {nil, map[string]string{"default-datapath-type": "netdev"},
			"other_config:default-datapath-type", "netdev"},
		"a new bridge is to be the kernel's": {nil, map[string]string{"default-datapath-type": "system"}, "", ""},
		"OVS-DOCA is on":                     {nil, map[string]string{"doca-init": "true"}, "other_config:doca-init", "true"},
		"DPDK is on":                         {nil, map[string]string{"dpdk-init": "try"}, "other_config:dpdk-init", "true"},
		"both are off":                       {nil, map[string]string{"doca-init": "false", "dpdk-init": "false"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := tables(map[string]string{"br-int": ""}, nil)
			r.root["root"].ExternalIDs, r.root["root"].OtherConfig = tt.ids, tt.config
			if key, value := viewOf(r, "br-int").Userspace(); key != tt.key || value != tt.value {
				t.Errorf("%q %q, want %q %q", key, value, tt.key, tt.value)
			}
		})
	}
}
