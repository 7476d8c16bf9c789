package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/test/servers"
)

// profileOfVF2 is what vf-reporter prints for another VF of the card.
func profileOfVF2() string { return strings.Replace(profileOf("MT1"), `"vf_num":3`, `"vf_num":2`, 1) }

// unsure is what is said of a port that was up before it was bound anew.
const unsure = `the port was up before this bind, and ovn-controller has said nothing since; ` +
	`run on "dpu1.example": representorctl explain vm1`

// set changes vm1's Port_Binding, as ovn-controller does.
func (c *cloud) set(t *testing.T, values ...string) {
	t.Helper()
	row := c.Sbctl(t, "--bare", "--columns=_uuid", "find", "Port_Binding", "logical_port=vm1")
	c.Sbctl(t, append([]string{"set", "Port_Binding", row}, values...)...)
}

// newCloudWithPlugged is a cloud whose port is plugged for VF 3.
func newCloudWithPlugged(t *testing.T) *cloud {
	t.Helper()
	c := newCloud(t)
	if o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-"); o.status != exitOK {
		t.Fatal(o)
	}
	c.asks(t, "3")
	c.set(t, "chassis="+c.Sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1"), "up=true")
	return c
}

// asks waits until the Southbound asks for a VF, none for "".
func (c *cloud) asks(t *testing.T, vf string) {
	t.Helper()
	servers.Until(t, "the Port_Binding asks for VF "+vf, func() bool {
		out := c.Sbctl(t, "find", "Port_Binding", "logical_port=vm1")
		return out != "" && strings.Contains(plain(out), "vif-plug:representor:vf-num="+vf) == (vf != "")
	})
}

func TestBind_APortThatIsBoundAgainAsItWasIsPlugged(t *testing.T) {
	t.Parallel()
	c := newCloudWithPlugged(t)
	for _, more := range []string{"--mtu=1442", "--mtu=1500", "--mtu=1500"} {
		o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-", "--wait=plugged", more)
		if o.status != exitOK || o.stderr != "" || !strings.Contains(o.stdout, "plugged     yes: ovn-controller has installed its flows\n") {
			t.Errorf("%s: %v", more, o)
		}
	}
	// By its name, it is the same chassis.
	c.Nbctl(t, "--wait=sb", "set", "Logical_Switch_Port", "vm1", "options:requested-chassis=dpu1")
	o := c.run(t, profileOf("MT1"), "bind", "vm1", "--profile=-", "--wait=plugged")
	if o.status != exitOK || !strings.Contains(o.stdout, "requested-chassis=dpu1.example") {
		t.Errorf("%v", o)
	}
}

func TestBind_APortThatStaysUpIsNotKnownToBePluggedForWhatItIsBoundToNow(t *testing.T) {
	t.Parallel()
	wait := []string{"bind", "vm1", "--profile=-", "--wait=plugged", "--timeout=2s"}
	t.Run("another VF", func(t *testing.T) {
		t.Parallel()
		c := newCloudWithPlugged(t)
		o := c.run(t, profileOfVF2(), wait...)
		if o.status != exitUnknown || !strings.HasSuffix(strings.Join(strings.Fields(o.stdout), " "), "plugged not known: "+unsure) ||
			!strings.HasSuffix(o.stderr, "waiting: "+unsure+
				"\nrepresentorctl: logical port \"vm1\" is bound, and it is not known whether it is plugged\n") {
			t.Errorf("%v", o)
		}
	})
	t.Run("unbound in between", func(t *testing.T) {
		t.Parallel()
		c := newCloudWithPlugged(t)
		if o := c.run(t, "", "unbind", "vm1"); o.status != exitOK {
			t.Fatal(o)
		}
		c.asks(t, "")
		o := c.run(t, profileOf("MT1"), append(wait, "-j")...)
		var answer bound
		if err := json.Unmarshal([]byte(o.stdout), &answer); err != nil || o.status != exitUnknown || answer.Plugged != nil ||
			answer.Missing != unsure {
			t.Errorf("%v, %v", o, err)
		}
	})
	t.Run("unbound in between, and ovn-northd is late", func(t *testing.T) {
		t.Parallel()
		c := newCloudWithPlugged(t)
		c.Northd.Kill()
		if o := c.run(t, "", "unbind", "vm1"); o.status != exitOK {
			t.Fatal(o)
		}
		if o := c.run(t, profileOf("MT1"), wait...); o.status != exitUnknown {
			t.Errorf("%v", o)
		}
	})
}

func TestBind_APortThatGoesDownAndUpAgainIsPluggedForWhatItIsBoundToNow(t *testing.T) {
	t.Parallel()
	c := newCloudWithPlugged(t)
	c.Northd.Kill()
	var stdout, stderr output
	p := program{stdin: strings.NewReader(profileOfVF2()), stdout: &stdout, stderr: &stderr, now: time.Now}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan int, 1)
	go func() {
		done <- p.run(ctx, []string{"bind", "vm1", "--profile=-", "--wait=plugged", "--nb=" + c.NB.Endpoint, "--sb=" + c.SB.Endpoint})
	}()
	says := func(s string) {
		t.Helper()
		servers.Until(t, "it says "+s, func() bool { return strings.Contains(stderr.String(), s) })
	}
	says("waiting: ovn-northd has not copied the options")
	// This is still for the old one.
	c.set(t, "up=false")
	c.set(t, "up=true")
	c.StartNorthd(t)
	says("waiting: " + unsure)
	c.set(t, "up=false")
	c.set(t, "up=true")
	if status := <-done; status != exitOK || !strings.Contains(stdout.String(), "plugged     yes") {
		t.Errorf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}
}

// The daemon replaces a port's representor in one transaction. That the port is down in
// between, which takes ovn-controller milliseconds, is not missed.
func TestBind_ARepresentorThatIsReplacedAtOnceIsSeenByWhoeverWaits(t *testing.T) {
	t.Parallel()
	c := &cloud{servers.OVN(t)}
	local := servers.NewOVSDB(t, "local", servers.SchemaOpenVSwitch)
	servers.VSwitchd(t, local)
	local.Ctl(t, "add-br", "br-int", "--", "set", "open", ".", "external_ids:hostname=dpu1.example",
		"external_ids:ovn-cms-options=card-serial-number=MT1")
	servers.Controller(t, local, c.SB.Endpoint)
	servers.Until(t, "the chassis has published the card", func() bool { return strings.Contains(c.Sbctl(t, "list", "Chassis"), "MT1") })
	c.Nbctl(t, "ls-add", "net", "--", "lsp-add", "net", "vm1")
	for vf := range 5 {
		var stdout, stderr output
		profile := strings.Replace(profileOf("MT1"), `"vf_num":3`, fmt.Sprintf(`"vf_num":%d`, vf), 1)
		p := program{stdin: strings.NewReader(profile), stdout: &stdout, stderr: &stderr, now: time.Now}
		done := make(chan int, 1)
		go func() {
			done <- p.run(t.Context(), []string{"bind", "vm1", "--profile=-", "--wait=plugged", "--nb=" + c.NB.Endpoint, "--sb=" + c.SB.Endpoint})
		}()
		c.asks(t, fmt.Sprint(vf))
		netdev := fmt.Sprint("pf0vf", vf)
		local.Ctl(t, "--if-exists", "del-port", "br-int", fmt.Sprint("pf0vf", vf-1), "--",
			"add-port", "br-int", netdev, "--", "set", "Interface", netdev, "type=internal", "external_ids:iface-id=vm1")
		if status := <-done; status != exitOK || !strings.Contains(stdout.String(), "plugged     yes") {
			t.Errorf("VF %d: exit status %d\n%s%s", vf, status, stdout.String(), stderr.String())
		}
	}
}
