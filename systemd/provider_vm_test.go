//go:build vm && full

package systemd_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
)

const (
	// ourDropIn is where an operator has the drop-in for ovn-controller, and packaged where the
	// package's is here.
	ourDropIn = administration + "/ovn-controller.service.d/" + doctor.DropInName
	packaged  = "/run/unit-test/units/ovn-controller.service.d/" + doctor.DropInName
	// restarted has ovn-controller start anew, and registered succeeds when its provider has been run.
	restarted  = "systemctl daemon-reload && ovn-appctl --timeout=30 -t ovn-controller exit --restart && systemctl restart ovn-controller"
	registered = "ovn-appctl --timeout=30 -t ovn-controller stopwatch/show vif-plug-run | grep 'Total samples: [1-9]'"
	// chassis is the Chassis row, which another one replaces when ovn-controller has taken it along.
	chassis = "ovn-sbctl --timeout=30 --bare --columns=_uuid find Chassis name=dpu1"
)

// Debian's ovn-controller has its provider for representors registered as it comes.
func TestProvider_WhatTheDoctorPrintsHasItUnregisteredAndLeavesTheChassis(t *testing.T) {
	const (
		restart = "systemctl daemon-reload && ovs-appctl --timeout=30 -t /var/run/ovn/ovn-controller.PID.ctl exit --restart && " +
			"systemctl restart ovn-controller.service"
		writes = "mkdir -p /etc/systemd/system/ovn-controller.service.d && printf '[Service]\\nRestrictAddressFamilies=~AF_NETLINK\\n' " +
			">/etc/systemd/system/ovn-controller.service.d/50-representord.conf"
		flows = "ovs-vsctl add Open_vSwitch . external_ids ovn-ofctrl-wait-before-clear=10000"
	)
	h := newHost(t)
	h.await("ovn-controller is registered in the Southbound", chassis+" | grep .")
	before := h.must(chassis)
	for _, tt := range []struct {
		name   string
		breaks string
		after  string // what is done once the provider is registered
		prints []string
	}{
		{name: "there is no drop-in", breaks: "true", after: "true", prints: []string{writes, flows, restart}},
		{
			name: "the drop-in came after ovn-controller's start", breaks: "rm " + ourDropIn + " && " + restarted,
			after:  "cat >" + ourDropIn + " <<'END'\n" + read(t, "systemd/"+dropIn) + "END\n",
			prints: []string{flows, restart},
		},
		{
			name: "somebody has taken the drop-in back", breaks: "mkdir -p $(dirname " + packaged + ") && mv " + ourDropIn + " " + packaged +
				" && ln -s /dev/null " + ourDropIn + " && " + restarted,
			after:  "true",
			prints: []string{"rm " + ourDropIn, flows, restart},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.t = t
			defer h.tell()
			h.must(tt.breaks)
			h.await("the provider is registered", registered)
			h.must(tt.after)
			c := h.checks([]string{"plug-provider"})[0]
			if c.Verdict != diagnose.Failed.String() {
				t.Fatalf("%+v", c)
			}
			var printed []string
			for i, command := range strings.Split(c.Remedy, "`") {
				if i%2 == 1 {
					printed = append(printed, regexp.MustCompile(`ovn-controller\.\d+\.ctl`).ReplaceAllString(command, "ovn-controller.PID.ctl"))
					h.must(command)
				}
			}
			if !slices.Equal(printed, tt.prints) {
				t.Errorf("it prints %q, want %q, for an ovn-controller in the control group %s", printed, tt.prints,
					h.must("cat /proc/$(cat /run/ovn/ovn-controller.pid)/cgroup"))
			}
			h.must("ovs-vsctl remove Open_vSwitch . external_ids ovn-ofctrl-wait-before-clear=10000")
			await(t, "the doctor finds nothing any more", func() bool { return h.well([]string{"plug-provider", "ovn-controller", "chassis"}) })
			if got := h.must(chassis); got != before {
				t.Errorf("the Chassis row is %q, want %q as before: ovn-controller has taken that along", got, before)
			}
		})
	}
}
