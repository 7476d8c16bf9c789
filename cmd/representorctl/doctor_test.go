package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

// clinic is a DPU with real databases.
type clinic struct {
	t      *testing.T
	dir    string
	local  *servers.OVSDB
	sb     *servers.OVSDB
	config string
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{t: t, dir: servers.Dir(t), local: servers.OpenVSwitch(t), sb: servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)}
	c.sbctl("init", "--", "set", "SB_Global", ".", "options:northd_internal_version=23.03.1-20.0.0-70.6")
	c.sbctl("chassis-add", "dpu1", "geneve", "127.0.0.1")
	c.sbctl("set", "Chassis", "dpu1", "hostname=dpu1.example.com", "other_config:ovn-cms-options=card-serial-number=MT2242X00001")
	c.local.Ctl(t, "add-br", "br-int", "--", "set", "open", ".", "ovs_version=3.1.0", "external_ids:system-id=dpu1",
		"external_ids:hostname=dpu1.example.com",
		"external_ids:ovn-remote="+c.sb.Endpoint, "external_ids:ovn-cms-options=card-serial-number=MT2242X00001", "other_config:hw-offload=true")
	c.config = filepath.Join(c.dir, "representord.yaml")
	if err := os.WriteFile(c.config, []byte("ovs-db: "+c.local.Endpoint+"\npath.ovn-sysconf: "+c.dir+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clinic) sbctl(args ...string) {
	c.t.Helper()
	c.sb.Tool(c.t, append([]string{"ovn-sbctl", "--db=" + c.sb.Endpoint, "--no-leader-only", "--timeout=60"}, args...)...)
}

// searches are confined to the clinic: the machine may run programs of its own.
func (c *clinic) searches(endpoint string) []companion.Search {
	all := companion.Searches(endpoint, os.Getenv)
	for i := range all {
		all[i].Dirs = all[i].Dirs[:1]
		all[i].Proc = c.dir
	}
	return all
}

// doctor runs the command with a card that has a serial number, and a socket unless that is
// left to the configuration.
func (c *clinic) doctor(socket string, args ...string) outcome {
	c.t.Helper()
	var stdout, stderr strings.Builder
	p := program{
		stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: noon, version: "1.2.3",
		readCard: func(context.Context, representor.Settings) (representor.Card, error) {
			card := dpu()
			card.Serials = map[devlink.Handle]representor.Serial{card.Ports[0].Handle: {Number: "MT2242X00001"}}
			return card, nil
		},
		readEswitches: func(context.Context) (map[devlink.Handle]doctor.Eswitch, error) {
			return map[devlink.Handle]doctor.Eswitch{dpu().Ports[0].Handle: {Mode: devlink.EswitchSwitchdev}}, nil
		},
		readDatapath: func(_ context.Context, name string) (datapath.Statistics, error) {
			if name != "ovs-system" {
				return datapath.Statistics{}, os.ErrNotExist
			}
			return datapath.Statistics{Hit: 1000, Missed: 20, Flows: 5}, nil
		},
	}
	p.companions = c.searches
	args = append([]string{"doctor", "--config", c.config}, args...)
	if socket != "" {
		args = append([]string{"--control-socket", socket}, args...)
	}
	status := p.run(c.t.Context(), args)
	return outcome{status, stdout.String(), stderr.String()}
}

// asJSON runs the command, and reads what it prints for programs.
func (c *clinic) asJSON(socket string) (outcome, doctor.Printed) {
	c.t.Helper()
	var d doctor.Printed
	out := c.doctor(socket, "-j")
	if err := json.Unmarshal([]byte(out.stdout), &d); err != nil {
		c.t.Fatalf("%v\n%s%s", err, out.stdout, out.stderr)
	}
	return out, d
}

// sure is asJSON, again as long as the ovn-controller that answers doesn't tell of its plug providers.
// One that has just started may tell, and then not for some rounds
// (internal/companion/provider.go).
func (c *clinic) sure(socket string) (out outcome, d doctor.Printed) {
	c.t.Helper()
	servers.Until(c.t, "ovn-controller tells of its plug providers", func() bool {
		out, d = c.asJSON(socket)
		return verdict(d, "ovn-controller") != diagnose.OK.String() || verdict(d, "plug-provider") != diagnose.Unknown.String()
	})
	return out, d
}

// verdict is what a check came to, empty for one that isn't there.
func verdict(d doctor.Printed, name string) string {
	for _, check := range d.Checks {
		if check.Name == name {
			return check.Verdict
		}
	}
	return ""
}

// check is one of the doctor's.
func (c *clinic) check(socket, name string) doctor.PrintedCheck {
	c.t.Helper()
	_, d := c.asJSON(socket)
	for _, check := range d.Checks {
		if check.Name == name {
			return check
		}
	}
	c.t.Fatalf("there is no check %s", name)
	return doctor.PrintedCheck{}
}

// hide takes out what differs from machine to machine.
func (c *clinic) hide(s, socket string) string {
	s = regexp.MustCompile(`kernel \d[^,\s"]+`).ReplaceAllString(s, "kernel KERNEL")
	s = regexp.MustCompile(`schema \d[0-9.]*`).ReplaceAllString(s, "schema SCHEMA")
	s = regexp.MustCompile(`is 0\d{3} [^\s,;"]+`).ReplaceAllString(s, "is MODE")
	s = strings.ReplaceAll(s, strings.TrimPrefix(c.local.Endpoint, "unix:"), "LOCAL")
	s = strings.ReplaceAll(s, c.local.Dir, "RUNDIR")
	for text, name := range map[string]string{socket: "SOCKET", c.sb.Endpoint: "SOUTHBOUND", "unix:LOCAL": "LOCAL"} {
		s = strings.ReplaceAll(s, text, name)
	}
	return s
}

// self is a daemon that is this process, so that its capabilities can be read, and that has
// plugged everything.
func self() api.Facts {
	f := facts()
	f.Report.Ports = slices.DeleteFunc(f.Report.Ports, func(s plug.Port) bool { return s.State != plan.Plugged })
	f.PID, f.Hostname = os.Getpid(), "dpu1.example.com"
	return f
}

func TestDoctor_ReadsRealDatabases(t *testing.T) {
	c := newClinic(t)
	servers.VSwitchd(t, c.local)
	servers.Controller(t, c.local, c.sb.Endpoint)
	socket := daemon(t, self())
	out, d := c.sure(socket)
	if !d.Healthy || out.status != exitOK {
		t.Errorf("status %d\n%s%s", out.status, out.stdout, out.stderr)
	}
	for _, check := range d.Checks {
		// Whether a test has the capability is the machine's business.
		if check.Verdict != diagnose.OK.String() && check.Name != "capabilities" {
			t.Errorf("%+v", check)
		}
	}
	if c.doctor(socket).status != exitOK {
		t.Error("as text it has another status")
	}
}

func TestDoctor_SeesWhatIsWrong(t *testing.T) {
	c := newClinic(t)
	c.sbctl("chassis-del", "dpu1", "--", "chassis-add", "old", "geneve", "127.0.0.2", "--", "set", "Chassis", "old",
		"hostname=dpu1.example.com")
	c.local.Ctl(t, "set", "Bridge", "br-int", "datapath_type=netdev", "--", "remove", "open", ".", "other_config", "hw-offload",
		"--", "set", "open", ".", "external_ids:ovn-cms-options=card-serial-number=OLD")
	if err := os.WriteFile(filepath.Join(c.dir, "system-id-override"), []byte("dpu9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pidfile(t, c.local.Dir, "812\n")
	socket := absent(t)
	out := c.doctor(socket, "-j")
	if out.status != exitUnhealthy || c.doctor(socket).status != exitUnhealthy {
		t.Errorf("status %d", out.status)
	}
	// As text, once the paths are gone by whose length lines are broken.
	var printed doctor.Printed
	if err := json.Unmarshal([]byte(c.hide(out.stdout, socket)), &printed); err != nil {
		t.Fatalf("%v\n%s%s", err, out.stdout, out.stderr)
	}
	d := diagnosisOf(t, printed)
	var text strings.Builder
	(&program{now: noon}).writeDiagnosis(&text, d, true)
	golden(t, "doctor-ill", text.String())
	text.Reset()
	(&program{now: noon}).writeDiagnosis(&text, d, false)
	golden(t, "doctor-ill-short", text.String())
}

// diagnosisOf is what was printed for scripts.
func diagnosisOf(t *testing.T, printed doctor.Printed) doctor.Diagnosis {
	t.Helper()
	verdicts := map[string]diagnose.Verdict{}
	for _, v := range []diagnose.Verdict{diagnose.OK, diagnose.Warning, diagnose.Failed, diagnose.Unknown} {
		verdicts[v.String()] = v
	}
	d := doctor.Diagnosis{Healthy: printed.Healthy}
	for _, c := range printed.Checks {
		if verdicts[c.Verdict] == "" {
			t.Errorf("the verdict is %q", c.Verdict)
		}
		d.Checks = append(d.Checks, diagnose.Check{Name: c.Name, Verdict: verdicts[c.Verdict], Finding: c.Finding, Remedy: c.Remedy})
	}
	return d
}

// The doctor, plan --offline and representord read the same file.
func TestDoctor_WhatIsWrongInAConfigurationIsPartedAlikeWhereverItIsTold(t *testing.T) {
	c := newClinic(t)
	if err := os.WriteFile(c.config, []byte("log-levle: debug\nlog-format: xml\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	told := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	parted := regexp.MustCompile(
		`configuration file "[^"]+": line 1: unknown key "log-levle"; did you mean log-level\?; log-format: "xml" must be`)
	if out := c.doctor(absent(t)); !parted.MatchString(told(out.stdout)) {
		t.Errorf("doctor says\n%s", out.stdout)
	}
	if out := run1(t, absent(t), "", nil, "plan", "--offline", "--config", c.config); !parted.MatchString(told(out.stderr)) ||
		strings.Contains(out.stderr, `\n`) {
		t.Errorf("plan --offline says\n%s", out)
	}
}

func TestDoctor_IsSoonDoneWithoutAnyServer(t *testing.T) {
	c := newClinic(t)
	c.local.Kill()
	c.sb.Kill()
	socket := absent(t)
	start := time.Now()
	out := c.doctor(socket)
	if took := time.Since(start); took > patience {
		t.Errorf("it takes %s", took)
	}
	for _, want := range []string{"FAIL     daemon", "FAIL     local-database", "unknown  southbound"} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("%q is not in\n%s%s", want, out.stdout, out.stderr)
		}
	}
}

func TestDoctor_AsksTheDaemonWhereItsConfigurationSaysThatItIs(t *testing.T) {
	c := newClinic(t)
	f, err := os.OpenFile(c.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("control-socket: " + daemon(t, self()) + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := c.check("", "daemon"); got.Verdict != diagnose.OK.String() {
		t.Errorf("%+v", got)
	}
	if got := c.check(absent(t), "daemon"); got.Verdict != diagnose.Failed.String() {
		t.Errorf("where a flag says otherwise: %+v", got)
	}
}

func TestDoctor_ReadsCertificates(t *testing.T) {
	c := newClinic(t)
	pki := servers.NewPKI(t)
	expired := pki.Expired(t)
	c.local.Ctl(t, "set-ssl", expired.PrivateKey, expired.Certificate, expired.CACert, "--", "set", "open", ".",
		"external_ids:ovn-remote=ssl:127.0.0.1:1")
	var d doctor.Printed
	out := c.doctor(absent(t), "-j")
	if err := json.Unmarshal([]byte(out.stdout), &d); err != nil {
		t.Fatalf("%v\n%s%s", err, out.stdout, out.stderr)
	}
	verdicts := map[string]doctor.PrintedCheck{}
	for _, check := range d.Checks {
		verdicts[check.Name] = check
	}
	// The test's noon is before the certificates were made.
	if got := verdicts["clock"]; got.Verdict != diagnose.Failed.String() || !strings.Contains(got.Finding, "begins to be valid") {
		t.Errorf("%+v", got)
	}
	if got := verdicts["southbound"]; got.Verdict != diagnose.Failed.String() || !strings.Contains(got.Finding, "127.0.0.1:1") {
		t.Errorf("%+v", got)
	}
}

func TestDoctor_SaysWhatIsWrongWithTheConfiguration(t *testing.T) {
	c := newClinic(t)
	if err := os.WriteFile(c.config, []byte("probe-interval: soon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := c.doctor(absent(t)); out.status != exitUnhealthy || !strings.Contains(out.stdout, "FAIL     configuration") {
		t.Errorf("%d\n%s%s", out.status, out.stdout, out.stderr)
	}
}
