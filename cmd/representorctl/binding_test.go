package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// profileOf is what vf-reporter prints for VF 3 of a card.
func profileOf(serial string) string {
	return `{"pci_vendor_info":"15b3:101e","pci_slot":"0000:03:00.5","physical_network":null,` +
		`"card_serial_number":"` + serial + `","pf_mac_address":"` + mac + `","vf_num":3}`
}

// noDaemon is where nobody listens: the daemon has no part in this.
const noDaemon = "/no/daemon"

// cloud is OVN's central part with a DPU that published its card, and a port.
type cloud struct{ *servers.Central }

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{servers.OVN(t)}
	c.chassis(t, "dpu1", "dpu1.example", "MT1")
	c.Nbctl(t, "ls-add", "net", "--", "lsp-add", "net", "vm1", "--", "lsp-set-options", "vm1", "qos_burst=7")
	return c
}

// chassis adds a Chassis row as ovn-controller makes it.
func (c *cloud) chassis(t *testing.T, name, hostname, serial string) {
	t.Helper()
	c.Sbctl(t, "chassis-add", name, "geneve", "127.0.0."+fmt.Sprint(len(c.Sbctl(t, "show"))%200+1), "--",
		"set", "Chassis", name, "hostname="+hostname, `other_config:ovn-cms-options="enable-chassis-as-gw,card-serial-number=`+serial+`"`)
}

func (c *cloud) options(t *testing.T) string {
	t.Helper()
	return c.Nbctl(t, "get", "Logical_Switch_Port", "vm1", "options")
}

// run runs the program with the cloud's databases.
func (c *cloud) run(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	args = append(args, "--nb="+c.NB.Endpoint)
	if args[0] == "bind" {
		args = append(args, "--sb="+c.SB.Endpoint)
	}
	return run1(t, noDaemon, stdin, noCard, args...)
}

const boundOptions = `{qos_burst="7", requested-chassis=dpu1.example, "vif-plug-type"=representor, ` +
	`"vif-plug:representor:pf-mac"="00:53:00:00:00:42", "vif-plug:representor:vf-num"="3"}`

// plain takes the quotes off that ovn-nbctl puts around some words.
func plain(s string) string { return strings.ReplaceAll(s, `"`, "") }

func TestBind_WritesWhatNeutronWritesAndUnbindTakesItBack(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-")
	if o.status != exitOK || plain(c.options(t)) != plain(boundOptions) ||
		!strings.Contains(o.stdout, "chassis     dpu1, hostname dpu1.example\n") {
		t.Fatalf("%v\noptions %s, want\n        %s", o, c.options(t), boundOptions)
	}
	// northd takes it for what Neutron writes.
	servers.Until(t, "the Port_Binding asks our chassis", func() bool {
		out := c.Sbctl(t, "--bare", "--columns=requested_chassis", "find", "Port_Binding", "logical_port=vm1")
		return out != "" && out == c.Sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
	})
	if o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-"); o.status != exitOK || !strings.Contains(o.stdout, "nothing to change") {
		t.Errorf("a second time: %v", o)
	}

	file := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(file, []byte(profileOf("MT1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := c.run(t, "", "bind", "vm1", "--profile", file, "--mtu=1442"); o.status != exitOK ||
		!strings.Contains(plain(c.options(t)), "vif-plug-mtu-request=1442") {
		t.Errorf("with an MTU: %v\n%s", o, c.options(t))
	}
	if o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-"); o.status != exitOK ||
		!strings.Contains(plain(c.options(t)), "vif-plug-mtu-request=1442") {
		t.Errorf("an MTU that is there doesn't stay: %v\n%s", o, c.options(t))
	}
	o = c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-", "--mtu=0", "-j")
	var answer bound
	if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil || o.status != exitOK || answer.Chassis != "dpu1" ||
		len(answer.Set) != 0 || len(answer.Deleted) != 1 || answer.Deleted[0] != "vif-plug-mtu-request" ||
		plain(c.options(t)) != plain(boundOptions) {
		t.Errorf("an MTU request that is taken back: %v, %v\n%s", o, err, c.options(t))
	}

	o = c.run(t, "", "unbind", "vm1")
	if o.status != exitOK || plain(c.options(t)) != "{qos_burst=7}" {
		t.Errorf("unbind: %v\n%s", o, c.options(t))
	}
	if o := c.run(t, "", "unbind", "vm1"); o.status != exitOK ||
		!strings.Contains(o.stdout, "nothing to change\nbound       no: it asks for no representor\n") {
		t.Errorf("a second time: %v", o)
	}
	c.Nbctl(t, "lsp-set-options", "vm1", "requested-chassis=dpu1.example")
	if o := c.run(t, "", "unbind", "vm1"); o.status != exitOK || plain(c.options(t)) != "{requested-chassis=dpu1.example}" {
		t.Errorf("a port that was never bound: %v\n%s", o, c.options(t))
	}
}

func TestBind_EachReasonNotToHasItsExitStatusAndChangesNothing(t *testing.T) {
	c := newCloud(t)
	c.chassis(t, "dpu2", "dpu2.example", "TWICE")
	c.chassis(t, "dpu3", "dpu3.example", "TWICE")
	c.Nbctl(t, "lsp-add", "net", "neutrons", "--", "set", "Logical_Switch_Port", "neutrons", `external_ids:neutron\:port_name=x`,
		"--", "lsp-add", "net", "routers", "--", "lsp-set-type", "routers", "router",
		"--", "lsp-add", "net", "others", "--", "lsp-set-options", "others", "requested-chassis=dpu1.example", "vif-plug-type=dummy")
	servers.Until(t, "northd has written to every port", func() bool {
		return c.Nbctl(t, "--bare", "--columns=name", "find", "Logical_Switch_Port", "up=[]") == ""
	})
	nobody := "unix:" + filepath.Join(servers.Dir(t), "nobody")
	for _, r := range []struct {
		name   string
		args   []string
		serial string
		status int
		says   string
	}{
		{"no such port", []string{"bind", "vm9", "--profile=-"}, "MT1", exitNotFound, `there is no logical switch port "vm9"; make it first`},
		{"no such port", []string{"unbind", "vm9"}, "MT1", exitNotFound, `there is no logical switch port "vm9"`},
		{"no chassis", []string{"bind", "vm1", "--profile=-"}, "MT9", exitChassis,
			`no chassis has published card serial number "MT9"; known are "MT1", "TWICE"`},
		{"case matters", []string{"bind", "vm1", "--profile=-"}, "mt1", exitChassis, `no chassis has published`},
		{"several chassis", []string{"bind", "vm1", "--profile=-"}, "TWICE", exitChassis, `by 2 chassis: "dpu2", "dpu3"`},
		{"Neutron's port", []string{"bind", "neutrons", "--profile=-"}, "MT1", exitRefused, "insist with --force"},
		{"Neutron's port", []string{"unbind", "neutrons"}, "MT1", exitRefused, "insist with --force"},
		{"another provider's port", []string{"unbind", "others"}, "MT1", exitRefused, `its vif-plug-type is "dummy"`},
		{"a router's port", []string{"bind", "routers", "--profile=-", "--force"}, "MT1", exitRefused, `of type "router"`},
		{"no Southbound", []string{"bind", "vm1", "--profile=-", "--sb=" + nobody}, "MT1", exitUnreachable, "OVN_Southbound can't be reached"},
		{"no Northbound", []string{"unbind", "vm1", "--nb=" + nobody}, "MT1", exitUnreachable, "OVN_Northbound can't be reached"},
		{"no profile", []string{"bind", "vm1"}, "MT1", exitUsage, "--profile is missing"},
		{"a placeholder for a serial number", []string{"bind", "vm1", "--profile=-"}, "N/A", exitUsage, "card_serial_number"},
		{"an empty file", []string{"bind", "vm1", "--profile=/dev/null"}, "MT1", exitUsage,
			"profile: /dev/null is empty; on the hypervisor, vf-reporter profile prints"},
		{"no file", []string{"bind", "vm1", "--profile=/nowhere/p.json"}, "MT1", exitUsage, "/nowhere/p.json"},
		{"an MTU that is none", []string{"bind", "vm1", "--profile=-", "--mtu=67"}, "MT1", exitUsage,
			"--mtu=67 must be from 68 to 65535, or 0 to ask for none"},
		{"nothing to wait for", []string{"bind", "vm1", "--profile=-", "--wait=up"}, "MT1", exitUsage, "--wait=up"},
		{"a timeout of nothing", []string{"bind", "vm1", "--profile=-", "--timeout=1s"}, "MT1", exitUsage, "--wait=plugged"},
		{"no endpoint", []string{"unbind", "vm1", "--nb=tcp:"}, "MT1", exitUsage, "--nb: "},
	} {
		t.Run(r.name, func(t *testing.T) {
			args := append([]string{"--nb=" + c.NB.Endpoint}, r.args[1:]...)
			if r.args[0] == "bind" {
				args = append([]string{"--sb=" + c.SB.Endpoint}, args...)
			}
			before := c.NB.Versions(t, "OVN_Northbound", "Logical_Switch_Port")
			o := run1(t, noDaemon, profileOf(r.serial), noCard, append([]string{r.args[0]}, args...)...)
			if o.status != r.status || !strings.Contains(o.stderr, r.says) || o.stdout != "" {
				t.Errorf("%v\nwant exit status %d and %q", o, r.status, r.says)
			}
			after := c.NB.Versions(t, "OVN_Northbound", "Logical_Switch_Port")
			for row, version := range before {
				if after[row] != version {
					t.Errorf("row %s was changed", row)
				}
			}
		})
	}
	if o := c.run(t, profileOf("MT1"), "bind", "neutrons", "--profile=-", "--force"); o.status != exitOK {
		t.Errorf("by force: %v", o)
	}
}

func TestBind_TheDatabasesAreFoundAsOVNsToolsFindThem(t *testing.T) {
	c := newCloud(t)
	t.Setenv("OVN_NB_DB", c.NB.Endpoint)
	t.Setenv("OVN_SB_DB", "unix:"+filepath.Join(servers.Dir(t), "dead")+","+c.SB.Endpoint)
	if o := run1(t, noDaemon, profileOf("MT1"), noCard, "bind", "vm1", "--profile=-"); o.status != exitOK ||
		plain(c.options(t)) != plain(boundOptions) {
		t.Errorf("%v\n%s", o, c.options(t))
	}
}

func TestBind_GoesThroughTLS(t *testing.T) {
	t.Parallel()
	pki := servers.NewPKI(t)
	d := servers.NewOVSDB(t, "nb", servers.SchemaOVNNorthbound, pki.Serve()...)
	nb := fmt.Sprint("ssl:127.0.0.1:", d.Port(t))
	args := []string{"unbind", "vm1", "--nb=" + nb, "--private-key=" + pki.Client.PrivateKey, "--certificate=" + pki.Client.Certificate}
	if o := run1(t, noDaemon, "", noCard, append(args, "--ca-cert="+pki.Client.CACert)...); o.status != exitNotFound {
		t.Errorf("want it to get as far as the port that isn't there: %v", o)
	}
	if o := run1(t, noDaemon, "", noCard, append(args, "--ca-cert="+pki.Server.CACert)...); o.status != exitUnreachable ||
		!strings.Contains(o.stderr, pki.Server.CACert) {
		t.Errorf("with the wrong CA: %v", o)
	}
	if o := run1(t, noDaemon, "", noCard, args[:3]...); o.status != exitUnreachable || !strings.Contains(o.stderr, "no file is configured") {
		t.Errorf("without files: %v", o)
	}
}

// output is what a program writes while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func TestBind_WaitsUntilThePortIsPluggedAndSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Northd.Kill()
	c.Nbctl(t, "lsp-add", "net", "vm2")
	var stdout, stderr output
	p := program{stdin: strings.NewReader(profileOf("MT1")), stdout: &stdout, stderr: &stderr, now: time.Now}
	done := make(chan int, 1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		done <- p.run(ctx, []string{"bind", "vm2", "--profile=-", "--wait=plugged", "--nb=" + c.NB.Endpoint, "--sb=" + c.SB.Endpoint})
	}()
	says := func(s string) {
		t.Helper()
		servers.Until(t, "it says "+s, func() bool { return strings.Contains(stderr.String(), s) })
	}
	says("waiting: the Southbound has no Port_Binding of that name yet")
	c.StartNorthd(t)
	says("waiting: no chassis has claimed the port")
	c.SB.Kill()
	says("waiting: OVN_Southbound can't be reached")
	c.SB.Restart()
	dpu := c.Sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
	binding := c.Sbctl(t, "--bare", "--columns=_uuid", "find", "Port_Binding", "logical_port=vm2")
	c.Sbctl(t, "set", "Port_Binding", binding, "chassis="+dpu, "up=false")
	says("waiting: ovn-controller has claimed the port")
	c.Sbctl(t, "set", "Port_Binding", binding, "up=true")
	if status := <-done; status != exitOK || !strings.Contains(stdout.String(), "plugged     yes") {
		t.Errorf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}
}

func TestBind_APortThatIsNotPluggedInTimeIsBoundAllTheSame(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-", "--wait=plugged", "--timeout=1s", "-j")
	var answer bound
	if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil || o.status != exitNotPlugged ||
		answer.Plugged == nil || *answer.Plugged ||
		!strings.Contains(answer.Missing, "no chassis has claimed the port") || strings.Count(o.stderr, answer.Missing) != 1 ||
		!strings.Contains(answer.Missing, `run on "dpu1.example": representorctl explain vm1`) ||
		!strings.HasSuffix(o.stderr, "logical port \"vm1\" is bound, and not plugged in time\n") {
		t.Errorf("%v, %v", o, err)
	}
	if plain(c.options(t)) != plain(boundOptions) {
		t.Errorf("options %s", c.options(t))
	}
}
