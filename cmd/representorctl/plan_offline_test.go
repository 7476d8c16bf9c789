package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/representor"
)

// stillCard is a card that never changes.
type stillCard struct{ index *representor.Index }

func (s stillCard) Run(ctx context.Context) error      { <-ctx.Done(); return nil }
func (s stillCard) Index() *representor.Index          { return s.index }
func (s stillCard) Counters() card.Counters            { return card.Counters{} }
func (stillCard) LinkUp(context.Context, uint32) error { return errors.New("a plan sets no link up") }
func (stillCard) Confirm(context.Context, representor.Representor) (bool, error) {
	return false, errors.New("a plan plugs nothing")
}
func (stillCard) Usurped(context.Context, representor.Representor) (bool, error) {
	return false, errors.New("a plan plugs nothing")
}

// planner is a DPU with real databases, and a card.
type planner struct {
	*clinic
	card representor.Card
	// without says that a plan is made without some of it.
	without bool
}

func newPlanner(t *testing.T) *planner {
	t.Helper()
	return &planner{clinic: newClinic(t), card: dpu()}
}

// ask has the Southbound ask our chassis for a VF.
func (p *planner) ask(lport, vf string) {
	p.t.Helper()
	p.sbctl("--id=@dp", "create", "Datapath_Binding", "tunnel_key="+vf+"1", "--",
		"--id=@pb", "create", "Port_Binding", "logical_port="+lport, "datapath=@dp", "tunnel_key=1",
		"options:vif-plug-type=representor", `options:vif-plug\:representor\:pf-mac="`+mac+`"`, `options:vif-plug\:representor\:vf-num="`+vf+`"`)
	p.sbctl("set", "Port_Binding", lport, "requested_chassis="+
		strings.TrimSpace(p.sb.Tool(p.t, "ovn-sbctl", "--db="+p.sb.Endpoint, "--no-leader-only", "--bare", "--columns=_uuid",
			"list", "Chassis", "dpu1")))
}

// plan makes a plan, once more where a busy machine was too slow for its seconds.
func (p *planner) plan(args ...string) (o outcome) {
	p.t.Helper()
	for range 3 {
		if o = p.planOnce(args...); o.status != exitUnreachable || p.without {
			break
		}
	}
	return o
}

func (p *planner) planOnce(args ...string) outcome {
	p.t.Helper()
	var stdout, stderr strings.Builder
	program := program{
		stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: noon, version: "1.2.3",
		openCard: func(o card.Options) (agent.Devices, error) {
			return stillCard{representor.NewIndex(p.card, o.Settings)}, nil
		},
	}
	status := program.run(p.t.Context(), append([]string{"--control-socket", noDaemon, "plan", "--offline", "--config", p.config}, args...))
	return outcome{status, p.hide(stdout.String(), noDaemon), p.hide(stderr.String(), noDaemon)}
}

func TestOffline_APlanShowsWhatADaemonWouldChangeAndChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlanner(t)
	p.ask("vm0", "0")
	p.ask("vm9", "9")
	p.local.Ctl(t, "add-port", "br-int", "eth7", "--", "set", "Interface", "eth7", "external_ids:iface-id=gone",
		"external_ids:representord-logical-port=gone", `external_ids:representord-function="pci/0000:03:00.0 c1pf0vf1"`,
		`external_ids:representord-request="pf-mac `+mac+` vf 1"`)
	before := p.local.Ctl(t, "list", "Interface") + p.local.Ctl(t, "list", "Bridge") + p.local.Ctl(t, "list", "open")
	golden(t, "plan-offline", p.plan().String())
	var plan api.Plan
	o := p.plan("-j")
	if err := json.Unmarshal([]byte(o.stdout), &plan); err != nil {
		t.Fatalf("%v\n%s", err, o)
	}
	if o.status != exitOK || plan.Role != api.Offline || !plan.DryRun || plan.AsOf.IsZero() || len(plan.Changes) != 2 ||
		len(plan.Waiting) != 3 {
		t.Errorf("%s", o)
	}
	if after := p.local.Ctl(t, "list", "Interface") + p.local.Ctl(t, "list", "Bridge") + p.local.Ctl(t, "list", "open"); after != before {
		t.Errorf("the database changed from\n%s\nto\n%s", before, after)
	}
}

func TestOffline_APlanNeedsNoLockAndTakesNone(t *testing.T) {
	t.Parallel()
	p := newPlanner(t)
	p.ask("vm0", "0")
	p.write("run-dir: " + p.dir)
	lock, err := os.Create(filepath.Join(p.dir, "br-int.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	if o := p.plan(); o.status != exitOK || !strings.Contains(o.stdout, "  plug   en3f0c1pf0vf000\n") {
		t.Errorf("beside one who has the bridge: %s", o)
	}
	p.write("run-dir: " + p.dir + "/none")
	if o := p.plan(); o.status != exitOK {
		t.Errorf("%s", o)
	}
	if _, err := os.Stat(p.dir + "/none"); err == nil {
		t.Error("run-dir was made")
	}
}

// write adds a line to the configuration.
func (p *planner) write(line string) {
	p.t.Helper()
	text := "ovs-db: " + p.local.Endpoint + "\npath.ovn-sysconf: " + p.dir + "\n" + line + "\n"
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func TestOffline_APlanHeedsTheDaemonsConfiguration(t *testing.T) {
	t.Parallel()
	p := newPlanner(t)
	p.write("chassis: nobody")
	p.ask("vm0", "0")
	if o := p.plan(); o.status != exitOK || !strings.Contains(o.stdout, "nothing to change\n") {
		t.Errorf("another chassis than the one that is asked: %s", o)
	}
	p.write("audit-interval: never")
	if o := p.plan(); o.status != exitUsage || !strings.Contains(o.stderr, `audit-interval: "never" must be`) || o.stdout != "" {
		t.Errorf("a wrong configuration: %s", o)
	}
}

func TestOffline_APlanSaysWhatItIsMadeWithout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		break1 func(*planner)
		status int
		stderr string
		stdout string
	}{
		"the local database": {func(p *planner) { p.local.Kill() }, exitUnreachable,
			"representorctl: there is no plan without the local database: ", ""},
		"a bridge": {
			func(p *planner) { p.local.Ctl(p.t, "set", "open", ".", `external_ids:ovn-bridge=""`) }, exitError,
			"representorctl: external_ids:ovn-bridge is empty", "",
		},
		"the Southbound": {
			func(p *planner) { p.sb.Kill() }, exitUnreachable, "representorctl: planned without the Southbound: ", "nothing to change\n",
		},
		"the card": {
			func(p *planner) {
				p.ask("vm0", "0")
				p.card = representor.Card{Problem: "the kernel has no devlink"}
			}, exitUnknown, "representorctl: planned without the card: the kernel has no devlink\n", "no-devlink",
		},
		"a name": {
			func(p *planner) { p.local.Ctl(p.t, "remove", "open", ".", "external_ids", "system-id") }, exitUnreachable, "nothing names the chassis",
			"nothing to change\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlanner(t)
			c.break1(p)
			p.without = true
			o := p.plan()
			if o.status != c.status || !strings.Contains(o.stderr, c.stderr) || !strings.Contains(o.stdout, c.stdout) ||
				c.stdout == "" && o.stdout != "" {
				t.Errorf("%s\nwant exit status %d, %q and %q", o, c.status, c.stderr, c.stdout)
			}
		})
	}
}

func TestOffline_TheConfigurationIsAskedForOnlyThen(t *testing.T) {
	t.Parallel()
	if o := run1(t, noDaemon, "", nil, "plan", "--config=/dev/null"); o.status != exitUsage ||
		!strings.Contains(o.stderr, "--config goes with --offline") {
		t.Errorf("%s", o)
	}
}
