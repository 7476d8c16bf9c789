package companion

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/representord/representord/test/confined"
	"github.com/representord/representord/test/servers"
)

// statistics is what stopwatch_print() of Open vSwitch's lib/stopwatch.c writes, 2.16 to 4.0.
func statistics(name, samples string) string {
	return fmt.Sprintf("Statistics for '%s'\n  Total samples: %s\n  Maximum: 3 msec\n  Minimum: 0 msec\n  95th percentile: 0.999967 msec\n"+
		"  Short term average: 0.000000 msec\n  Long term average: 0.087364 msec\n", name, samples)
}

// counts gives each stopwatch its samples, and refuses others as ovn-controller does.
func counts(of map[string]string) func(string) string {
	return func(name string) string {
		if of[name] == "" {
			return "!No such stopwatch"
		}
		return statistics(name, of[name])
	}
}

func TestProviders_AreToldByTheStopwatchesOfOVNControllerOrNotAtAll(t *testing.T) {
	for name, tt := range map[string]struct {
		watches func(string) string
		want    Providers
	}{
		"one has been run": {counts(map[string]string{watchRound: "9", watchWrites: "9", watchKnows: "8", watchPlugs: "8"}), Registered},
		"one has been run once, and what else there is has other names": {counts(map[string]string{watchPlugs: "1"}), Registered},
		"none in any round": {counts(map[string]string{watchRound: "9", watchWrites: "9", watchKnows: "8", watchPlugs: "0"}), Unregistered},
		"none in the two rounds in which it would have been": {
			counts(map[string]string{watchRound: "900", watchWrites: "2", watchKnows: "900", watchPlugs: "0"}), Unregistered},
		"it has only begun":           {counts(map[string]string{watchRound: "1", watchWrites: "1", watchKnows: "1", watchPlugs: "0"}), ""},
		"it has done nothing":         {counts(map[string]string{watchRound: "0", watchWrites: "0", watchKnows: "0", watchPlugs: "0"}), ""},
		"it never knew its ports":     {counts(map[string]string{watchRound: "9", watchWrites: "9", watchKnows: "0", watchPlugs: "0"}), ""},
		"it never wrote":              {counts(map[string]string{watchRound: "9", watchWrites: "0", watchKnows: "9", watchPlugs: "0"}), ""},
		"it may have done them apart": {counts(map[string]string{watchRound: "9", watchWrites: "5", watchKnows: "5", watchPlugs: "0"}), ""},
		"somebody has set one back":   {counts(map[string]string{watchRound: "3", watchWrites: "9", watchKnows: "8", watchPlugs: "0"}), ""},
		"there is no such stopwatch":  {counts(map[string]string{watchRound: "9", watchWrites: "9", watchKnows: "8"}), ""},
		"of the others there is none": {counts(map[string]string{watchPlugs: "0"}), ""},
		"there are no stopwatches": {func(string) string {
			return `!"stopwatch/show" is not a valid command (use "list-commands" to see a list of valid commands)`
		}, ""},
		"the samples are no number":    {counts(map[string]string{watchPlugs: "many"}), ""},
		"they are below zero":          {counts(map[string]string{watchPlugs: "-1"}), ""},
		"they are beyond all bounds":   {counts(map[string]string{watchPlugs: "18446744073709551616"}), ""},
		"it speaks of another one":     {func(string) string { return statistics("pinctrl-run", "8") }, ""},
		"it says something else first": {func(name string) string { return "\n" + statistics(name, "8") }, ""},
		"it breaks off":                {func(name string) string { return "Statistics for '" + name + "'\n  Total samples: 8" }, ""},
		"it says nothing":              {func(string) string { return "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.answers("ovn-controller.7.ctl", func(method string, params []string) (string, bool) {
				switch {
				case method == "version":
					return "ovn-controller 23.03.1\n", true
				case method == "stopwatch/show" && len(params) == 1:
					return tt.watches(params[0]), true
				}
				return "!" + method, true
			})
			if got := p.controller().Look(t.Context(), long); got.State != Answers || got.Providers != tt.want {
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}

// controller is a search for an ovn-controller in the place.
func (p *place) controller() Search {
	s := p.search()
	s.Name = Controller
	return s
}

// That it answers counts, whatever becomes of the second question.
func TestProviders_AreNotWaitedForWhereOVNControllerSaysNothingOfThem(t *testing.T) {
	p := newPlace(t)
	p.answers("ovn-controller.7.ctl", func(method string, _ []string) (string, bool) {
		return "ovn-controller 23.03.1\n", method == "version"
	})
	if got := p.controller().Look(t.Context(), short); got.State != Answers || got.Providers != "" {
		t.Errorf("%+v", got)
	}
}

func TestProviders_NobodyButOVNControllerIsAskedForThem(t *testing.T) {
	p := newPlace(t)
	p.answers("ovs-vswitchd.7.ctl", func(method string, params []string) (string, bool) {
		if method != "version" {
			t.Errorf("it is asked for %s %q", method, params)
		}
		return versionText, true
	})
	if got := p.search().Look(t.Context(), long); got.State != Answers || got.Providers != "" {
		t.Errorf("%+v", got)
	}
}

// Debian's has a provider for representors compiled in, and a dummy for tests. The former isn't
// registered where it can open no netlink socket, where generic netlink alone is refused, and on
// a kernel without devlink.
func TestProviders_OfARealOVNControllerAreThoseThatItCouldRegister(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		filter  func() (confined.Filter, error)
		options []string
		kept    string // why its provider isn't registered, empty where the kernel decides
		want    Providers
	}{
		"a dummy":                 {func() (confined.Filter, error) { return nil, nil }, []string{"--enable-dummy-vif-plug"}, "", Registered},
		"without netlink":         {confined.Netlink, nil, "Address family not supported by protocol", Unregistered},
		"without generic netlink": {confined.GenericNetlink, nil, "Address family not supported by protocol", Unregistered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			filter, err := tt.filter()
			if err != nil {
				t.Fatal(err)
			}
			local, central := servers.OpenVSwitch(t), servers.OVN(t)
			local.Ctl(t, "add-br", "br-int")
			servers.VSwitchd(t, local)
			p := servers.ControllerUnder(t, local, central.SB.Endpoint, filter, tt.options...)
			s := Search{Name: Controller, Dirs: []string{local.Dir}, Endpoint: local.Endpoint, Proc: "/proc"}
			servers.Until(t, "ovn-controller tells of its providers", func() bool {
				got := s.Look(context.Background(), long)
				if got.Providers != "" && got.Providers != tt.want {
					t.Fatalf("%+v, want %q", got, tt.want)
				}
				return got.Providers == tt.want && got.PID == p.Pid()
			})
			if why := "failed to initialize representor VIF plug provider class: " + tt.kept; tt.kept != "" && !strings.Contains(p.Log(), why) {
				t.Errorf("its log has no %q", why)
			}
		})
	}
}

func TestUnit_IsTheServiceThatAProcessItselfBelongsTo(t *testing.T) {
	for cgroup, want := range map[string]string{
		"0::/system.slice/ovn-controller.service\n":                                           "ovn-controller.service",
		"0::/system.slice/snap.microovn.chassis.service\n":                                    "snap.microovn.chassis.service",
		"4:memory:/system.slice\n1:name=systemd:/system.slice/ovn-controller.service\n0::/\n": "ovn-controller.service",
		"0::/machine.slice/libpod-5f.scope/container\n":                                       "",
		"0::/system.slice/edpm_ovn_controller.service/libpod-payload-5f\n":                    "",
		"0::/kubepods.slice/kubepods-pod5f.slice/cri-containerd-5f.scope\n":                   "",
		"0::/lxc.payload.one/system.slice/ovn-controller.service\n":                           "",
		"0::/system.slice/system-ovn.slice/ovn-controller.service\n":                          "ovn-controller.service",
		"0::/user.slice/user-0.slice/session-1.scope\n":                                       "",
		"4:memory:/system.slice/ovn-controller.service\n0::/\n":                               "",
		"0::/\n":                                "",
		"":                                      "",
		"system.slice/ovn-controller.service\n": "",
	} {
		p := newPlace(t)
		p.write(p.proc+"/7/cgroup", cgroup)
		if got := p.search().unit(7); got != want {
			t.Errorf("%q: %q, want %q", cgroup, got, want)
		}
	}
	if got := newPlace(t).search().unit(0); got != "" {
		t.Errorf("of no process: %q", got)
	}
}
