package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/ovs"
)

// checkOf is one check of a host.
func checkOf(t *testing.T, h Host, name string) diagnose.Check {
	t.Helper()
	for _, c := range Examine(h).Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return diagnose.Check{}
}

// Whoever has an ovn-controller without the provider by now isn't to see to that again.
func TestBuiltIn_RowsHaveAWayOutThatFitsWhetherTheProviderIsThereStill(t *testing.T) {
	for providers, want := range map[companion.Providers]struct{ finding, remedy string }{
		companion.Registered:   {"are of a plug provider built into ovn-controller: pf0vf3", "see plug-provider first"},
		companion.Unregistered: {"which isn't registered any more: pf0vf3", "have them taken over"},
		"":                     {"or left them behind: pf0vf3", "If ovn-controller runs without by now"},
	} {
		h := healthy()
		h.Controller.Providers = providers
		h.Local.Interfaces = map[string]ovs.Interface{"pf0vf3": {Name: "pf0vf3", Bridge: "br-int", OVNPlugged: "representor"}}
		c := checkOf(t, h, "built-in-provider")
		if c.Verdict != fail || !strings.Contains(c.Finding, want.finding) || !strings.Contains(c.Remedy, want.remedy) ||
			!strings.HasSuffix(c.Remedy, "`representorctl ports`") {
			t.Errorf("%q: %+v", providers, c)
		}
	}
}

func TestPlugProvider_HasTheRemedyThatFitsItsUnit(t *testing.T) {
	const (
		path    = "/usr/lib/systemd/system/ovn-controller.service.d/50-representord.conf"
		writes  = "printf '[Service]\\nRestrictAddressFamilies=~AF_NETLINK\\n' >/etc/systemd/system/"
		restart = "`ovs-vsctl add Open_vSwitch . external_ids ovn-ofctrl-wait-before-clear=10000` " +
			"`systemctl daemon-reload && ovs-appctl --timeout=30 -t /run/ovn/ovn-controller.402.ctl exit --restart && systemctl restart "
	)
	for name, tt := range map[string]struct {
		unit   string
		dropIn DropIn
		has    []string
		lacks  string
	}{
		"without the drop-in": {"ovn-controller.service", DropIn{},
			[]string{"`mkdir -p /etc/systemd/system/ovn-controller.service.d && " + writes + "ovn-controller.service.d/50-representord.conf`",
				restart + "ovn-controller.service`"}, "`rm "},
		"in MicroOVN": {"snap.microovn.chassis.service", DropIn{}, []string{"nobody has tried"}, "`"},
		"with the drop-in, and not restarted since": {"ovn-controller.service", DropIn{Path: path},
			[]string{"for the drop-in " + path + " keeps it from that", restart + "ovn-controller.service`"}, "mkdir"},
		"with the drop-in taken back": {"ovn-controller.service", DropIn{Path: path, Void: true},
			[]string{"taken the drop-in back", "`rm " + path + "`", restart + "ovn-controller.service`"}, "mkdir"},
		"in a container": {"", DropIn{}, []string{"belongs to no unit of systemd here", "representord(8)"}, "`"},
	} {
		h := healthy()
		h.Controller.Providers, h.Controller.Unit, h.DropIn = companion.Registered, tt.unit, tt.dropIn
		c := checkOf(t, h, "plug-provider")
		if c.Verdict != fail || strings.Contains(c.Remedy, tt.lacks) || strings.Count(c.Remedy, "`")%2 != 0 {
			t.Errorf("%s: %+v", name, c)
		}
		for _, has := range tt.has {
			if !strings.Contains(c.Remedy, has) {
				t.Errorf("%s: the remedy lacks %s:\n%s", name, has, c.Remedy)
			}
		}
	}
}

// Who isn't root may ask the daemon, which has asked ovn-controller.
func TestPlugProvider_IsWhatTheDaemonSeesWhereWeCannot(t *testing.T) {
	h := healthy()
	h.Controller = companion.Sight{Name: companion.Controller, State: companion.Unknown, Forbidden: true}
	if c := checkOf(t, h, "plug-provider"); c.Verdict != unknown || c.Remedy != "" {
		t.Errorf("%+v", c)
	}
	h.Daemon = &api.Status{Companions: []companion.Sight{{Name: companion.Controller, State: companion.Answers, PID: 402,
		Since: noon().Add(-time.Hour), Providers: companion.Registered}}}
	if c := checkOf(t, h, "plug-provider"); c.Verdict != fail || !strings.Contains(c.Remedy, diagnose.RunAsRoot) {
		t.Errorf("%+v", c)
	}
	h.Daemon.Companions[0].Providers = companion.Unregistered
	if c := checkOf(t, h, "plug-provider"); c.Verdict != diagnose.OK {
		t.Errorf("%+v", c)
	}
	// Nothing that was seen before it ended counts.
	h.Controller.State = companion.Gone
	if c := checkOf(t, h, "plug-provider"); c.Verdict != unknown {
		t.Errorf("%+v", c)
	}
}

func TestPlugProvider_OfAnOVNControllerThatDoesNotTellIsUnknown(t *testing.T) {
	h := healthy()
	h.Controller.Providers = ""
	if c := checkOf(t, h, "plug-provider"); c.Verdict != unknown || !strings.Contains(c.Finding, "has not looked after ports yet") {
		t.Errorf("%+v", c)
	}
}
