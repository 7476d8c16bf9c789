package main

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/explain"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/representor"
)

// scene is a world, and what is to be explained in it.
type scene struct {
	name  string
	world *world
	lport string // "vm1" unless set
	code  reason.Code
	state plan.State
}

func TestExplain_TellsOfEveryStateAndEveryReason(t *testing.T) {
	states, codes, names := map[plan.State]bool{}, map[reason.Code]bool{}, map[string]bool{"json": true, "no-daemon": true}
	for _, s := range scenes() {
		if names[s.name] {
			t.Errorf("two scenes are called %s", s.name)
		}
		names[s.name] = true
		t.Run(s.name, func(t *testing.T) {
			if s.lport == "" {
				s.lport = "vm1"
			}
			f := s.world.facts(t)
			socket := daemonWith(t, f, api.Server{Inquire: s.world.inquire})
			got := explained(t, socket, s.lport)
			if s.code != "" && !says(got, s.code) {
				t.Errorf("no step has the code %s: %+v", s.code, got)
			}
			if got.State != s.state {
				t.Errorf("the state is %q, want %q", got.State, s.state)
			}
			for _, step := range got.Steps {
				if step.Code != "" {
					codes[step.Code] = true
				}
				if (step.Verdict == diagnose.Failed || step.Code != "") && step.Remedy == "" {
					t.Errorf("step %s has no remedy", step.Name)
				}
				if step.Finding == "" || step.Source == "" {
					t.Errorf("step %s finds nothing, or nowhere: %+v", step.Name, step)
				}
			}
			states[got.State] = true
			long, short := run1(t, socket, "", nil, "explain", s.lport, "-v"), run1(t, socket, "", nil, "explain", s.lport)
			golden(t, "explain/"+s.name, steady(long.String()))
			isShort(t, got, short.stdout, long.stdout)
			if slices.Contains([]string{"plugged", "plugged-southbound-away", "pf-not-found", "held-southbound-away"}, s.name) {
				golden(t, "explain-short-"+s.name, steady(short.String()))
			}
		})
	}
	// What is declared anywhere that a port's status comes from must have had its turn.
	for _, want := range declared(t, "State", "plug/plan") {
		if !states[plan.State(want)] {
			t.Errorf("no explanation of a port that is %s", want)
		}
	}
	for _, want := range declared(t, "Code", "internal/reason", "internal/ovn", "internal/ovn/southbound", "plug", "plug/plan",
		"internal/explain", "internal/diagnose") {
		if !codes[reason.Code(want)] {
			t.Errorf("no explanation of %s", want)
		}
	}
	wantNoOther(t, names)
}

// isShort wants the conclusion first, as with -v, then only what is not as it should be
// besides, and no proof.
func isShort(t *testing.T, e explain.Explanation, short, long string) {
	t.Helper()
	conclusion, _, _ := strings.Cut(long, "\n\n")
	if !strings.HasPrefix(short, conclusion+"\n\n") || strings.Contains(short, "read in ") || strings.Contains(short, "\nok ") ||
		strings.Contains(short, "\nskipped ") {
		t.Errorf("it is\n%s\nand with -v\n%s", short, long)
	}
	flat := strings.Join(strings.Fields(short), " ")
	for _, s := range e.Steps {
		if s.Verdict == diagnose.Warning && !strings.Contains(flat, strings.Join(strings.Fields(s.Finding), " ")) {
			t.Errorf("the warning of step %s is not in\n%s", s.Name, short)
		}
	}
}

func explained(t *testing.T, socket, lport string) explain.Explanation {
	t.Helper()
	e, err := api.NewClient(socket).Explain(t.Context(), lport)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func says(e explain.Explanation, code reason.Code) bool {
	for _, s := range e.Steps {
		if s.Code == code {
			return true
		}
	}
	return false
}

// steady takes out how long the reconciler waits, which is random.
func steady(s string) string {
	return regexp.MustCompile(`again in\s+[0-9.]+m?s`).ReplaceAllString(s, "again in SOON")
}

func scenes() []scene {
	var all []scene
	all = append(all, plainScenes()...)
	all = append(all, requestScenes()...)
	all = append(all, cardScenes()...)
	all = append(all, switchScenes()...)
	all = append(all, heldScenes()...)
	return append(all, othersScenes()...)
}

func plugged() *world { return worldWith(asks("vm1")).has(rowOf("vm1", "pf0vf0", 0)) }

func plainScenes() []scene {
	return []scene{
		{name: "plugged", world: plugged(), state: plan.Plugged},
		{name: "plugged-not-installed", world: worldWith(unclaimed(asks("vm1"))), state: plan.Plugged},
		{name: "plugged-southbound-away", world: plugged().but(func(w *world) {
			w.asked.Connected, w.asked.Problem = false, "ssl:192.0.2.1:6642: connection refused"
		}), state: plan.Plugged, code: reason.CodeSouthboundUntrusted},
		{
			name: "ignored-option", world: worldWith(asks("vm1", "vif-plug-mtu-request", "9k")).has(rowOf("vm1", "pf0vf0", 0)),
			state: plan.Plugged, code: reason.CodeIgnoredOption,
		},
		{
			name: "link-up-failed", world: plugged().but(func(w *world) {
				w.linkErr = errors.New("operation not permitted")
				w.card.Links[10] = representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true}
			}), state: plan.Plugged, code: reason.CodeLinkUpFailed,
		},
		{name: "hw-addr-differs", world: addressed(), state: plan.Plugged},
		{
			name: "hw-addr-failed", world: addressed().but(func(w *world) { w.addrErr = unix.EOPNOTSUPP }),
			state: plan.Plugged, code: reason.CodeHWAddrFailed,
		},
		{name: "plugged-link-down", world: plugged().but(func(w *world) {
			w.passes, w.between = 2, func(w *world) {
				w.card.Links = map[uint32]representor.Link{10: {Name: "pf0vf0", MTU: 1500, Settled: true}}
			}
		}), state: plan.Plugged},
	}
}

// addressed is a port that is plugged, with a MAC address that isn't its function's.
func addressed() *world {
	a := asks("vm1")
	a.MAC = representor.MAC{0, 0x53, 0, 0, 1, 1}
	return worldWith(a).has(rowOf("vm1", "pf0vf0", 0)).but(func(w *world) {
		w.card.Ports[1].Function = &devlink.Function{HWAddr: []byte{2, 0, 0, 0, 0, 9}}
	})
}

// unclaimed is a port that ovn-controller has not claimed.
func unclaimed(a southbound.Answer) southbound.Answer {
	a.Up, a.Chassis = false, ""
	return a
}

func requestScenes() []scene {
	lonely := func(w *world) { w.asked.ChassisKnown = false }
	return []scene{
		{name: "invalid-option", world: worldWith(asks("vm1", "vif-plug:representor:vf-num", "3x")), state: plan.Invalid,
			code: reason.CodeInvalidOption},
		{name: "chassis-missing", world: worldWith(asks("vm1")).but(lonely), state: plan.Pending, code: reason.CodeChassisMissing},
		{name: "southbound-untrusted", world: worldWith(asks("vm1")).but(func(w *world) {
			w.asked.Connected, w.asked.Problem = false, "ssl:192.0.2.1:6642: the server is cut off from its cluster"
		}), state: plan.Pending, code: reason.CodeSouthboundUntrusted},
		{name: "southbound-silent", world: plugged().but(func(w *world) { w.silent = true }), state: plan.Plugged},
		{name: "odd-name", lport: "odd \x1b[31m/../name",
			world: worldWith(asks("odd \x1b[31m/../name", "vif-plug:representor:vf-num", "\x1b[2J")), state: plan.Invalid},
	}
}

// cardWith edits the card: its PF, its VF, everything.
func cardWith(edit func(c *representor.Card, pf, vf *devlink.Port), pairs ...string) *world {
	return worldWith(asks("vm1", pairs...)).but(func(w *world) { edit(&w.card, &w.card.Ports[0], &w.card.Ports[1]) })
}

func cardScenes() []scene {
	const serial = "vif-plug:representor:card-serial-number"
	type ports = devlink.Port
	pending := func(code reason.Code, w *world) scene {
		return scene{name: string(code), world: w, state: plan.Pending, code: code}
	}
	named := func(name string, s scene) scene { s.name = name; return s }
	return []scene{
		pending(reason.CodeNoDevlink, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Complete, c.Problem = false, "the kernel has no devlink: operation not supported"
		})),
		pending(reason.CodePFNotFound, worldWith(asks("vm1", "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))),
		named("pf-not-found-in-legacy-mode", pending(reason.CodePFNotFound, cardWith(func(c *representor.Card, pf, _ *ports) {
			pf.Flavour, pf.Number, pf.Function = devlink.FlavourPhysical, devlink.Some[uint32](0), nil
			c.Ports = c.Ports[:1]
		}))),
		named("pf-not-found-of-this-machine-only", pending(reason.CodePFNotFound, cardWith(func(_ *representor.Card, pf, vf *ports) {
			pf.Controller, pf.External = devlink.Some[uint32](0), devlink.Some(false)
			vf.Controller, vf.External = devlink.Some[uint32](0), devlink.Some(false)
		}))),
		named("pf-not-found-of-several", pending(reason.CodePFNotFound, cardWith(func(c *representor.Card, pf, _ *ports) {
			other := *pf
			other.Index, other.PF, other.Function = 2000, devlink.Some[uint16](1), &devlink.Function{HWAddr: []byte{0, 0x53, 0, 0, 0, 0x43}}
			c.Ports = append(c.Ports, other)
		}, "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))),
		named("pf-not-found-on-that-controller",
			pending(reason.CodePFNotFound, worldWith(asks("vm1", "vif-plug:representor:controller", "2")))),
		named("function-not-found-below-others", pending(reason.CodeFunctionNotFound, cardWith(func(_ *representor.Card, _, vf *ports) {
			vf.VF = devlink.Some[uint16](7)
		}))),
		named("function-not-found-in-a-short-list", pending(reason.CodeFunctionNotFound, cardWith(func(c *representor.Card, _, vf *ports) {
			c.Ports, c.Links[10] = c.Ports[:1], representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true, PortName: "c1pf0vf0", Parent: vf.Handle}
		}))),
		named("function-not-found-sf", pending(reason.CodeFunctionNotFound,
			worldWith(asks("vm1", "vif-plug:representor:vf-num", "", "vif-plug:representor:sf-num", "7")))),
		pending(reason.CodePFMACUnknown, cardWith(func(_ *representor.Card, pf, _ *ports) { pf.Function = nil })),
		named("pf-mac-unknown-of-this-machine", pending(reason.CodePFMACUnknown, cardWith(func(c *representor.Card, _, vf *ports) {
			vf.Controller, vf.External = devlink.Some[uint32](0), devlink.Some(false)
			c.Ports = c.Ports[1:]
		}).but(func(w *world) { w.settings.LocalFunctions = true }))),
		pending(reason.CodePFAmbiguous, cardWith(func(c *representor.Card, pf, _ *ports) {
			twin := *pf
			twin.Index, twin.Controller = 2000, devlink.Some[uint32](2)
			c.Ports = append(c.Ports, twin)
		})),
		pending(reason.CodePFUncertain, cardWith(func(c *representor.Card, _, _ *ports) {
			c.MayLackPFs, c.Problem = true, "devlink port pci/0000:03:00.1/7 can't be read: input/output error"
		})),
		pending(reason.CodeSerialMismatch, cardWith(func(c *representor.Card, pf, _ *ports) {
			c.Serials = map[devlink.Handle]representor.Serial{pf.Handle: {Number: "MT2242X00002"}}
		}, serial, "MT2242X00001")),
		pending(reason.CodeSerialUnknown, worldWith(asks("vm1", serial, "MT2242X00001"))),
		pending(reason.CodeFunctionNotFound, worldWith(asks("vm1", "vif-plug:representor:vf-num", "9"))),
		pending(reason.CodeFunctionAmbiguous, cardWith(func(c *representor.Card, _, vf *ports) {
			twin := *vf
			twin.Index, twin.IfIndex = 2, 0
			c.Ports = append(c.Ports, twin)
		})),
		named("netdev-disputed", pending(reason.CodeFunctionAmbiguous, cardWith(func(c *representor.Card, _, vf *ports) {
			other := *vf
			other.Index, other.VF = 2, devlink.Some[uint16](1)
			c.Ports = append(c.Ports, other)
		}))),
		pending(reason.CodeNoNetdev, cardWith(func(_ *representor.Card, _, vf *ports) { vf.IfIndex = 0 })),
		pending(reason.CodeNetdevSettling, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Links[10] = representor.Link{Name: "eth3", MTU: 1500}
		})),
		pending(reason.CodeNetdevHasMaster, cardWith(func(c *representor.Card, _, _ *ports) {
			c.Links[10] = representor.Link{Name: "pf0vf0", MTU: 1500, Settled: true, Master: "br0", MasterKind: "bridge"}
		})),
		pending(reason.CodeNotEthernet, cardWith(func(_ *representor.Card, _, vf *ports) { vf.Type = devlink.TypeIB })),
	}
}

func switchScenes() []scene {
	waits := func(code reason.Code, edit func(*world)) scene {
		return scene{name: string(code), world: worldWith(asks("vm1")).but(edit), state: plan.Pending, code: code}
	}
	conflict := func(name string, code reason.Code, rows ...ovs.Interface) scene {
		return scene{name: name, world: worldWith(asks("vm1")).has(rows...), state: plan.Conflict, code: code}
	}
	builtIn := foreign("pf0vf0", "vm1")
	builtIn.OVNPlugged = "representor"
	left := foreign("pf0vf0", "vm9")
	left.OVNPlugged = "representor"
	vendors, inner := foreign("pf0vf0", ""), foreign("inner0", "")
	vendors.PortName, vendors.Bridge = "pf0vf0port", "ovsbr1"
	inner.PortName, inner.Bridge = "pf0vf0", "ovsbr1"
	elsewhere := rowOf("vm1", "pf0vf0", 0)
	elsewhere.Bridge = "br-ex"
	return []scene{
		waits(reason.CodeLocalDatabase, func(w *world) {
			w.actual = ovs.View{Problem: "dial unix /run/openvswitch/db.sock: connect: connection refused", Bridge: "br-int"}
		}),
		waits(reason.CodeBridgeMissing, func(w *world) { w.actual.BridgeUUID = "" }),
		waits(reason.CodeUnsupportedDatapath, func(w *world) { w.actual.DatapathType = "netdev" }),
		{name: "datapath-that-is-meant", world: worldWith(asks("vm1")).but(func(w *world) {
			w.actual.DatapathType, w.actual.ExternalIDs = "netdev", map[string]string{"ovn-bridge-datapath-type": "netdev"}
		}), state: plan.Pending, code: reason.CodeUnsupportedDatapath},
		waits(reason.CodeTransactionFailed, func(w *world) { w.refuses = errors.New("I/O error: no space left on device") }),
		waits(reason.CodeTransactionPending, func(w *world) { w.dryRun = true }),
		waits(reason.CodeAwaitingOfport, func(w *world) { w.vswitchd = func(*ovs.Interface) {} }),
		waits(reason.CodeInterfaceError, func(w *world) {
			w.vswitchd = func(i *ovs.Interface) {
				i.Ofport, i.Error = -1, "could not add network device pf0vf0 to ofproto (No such device)"
			}
		}),
		waits(reason.CodeStaleInterface, func(w *world) { w.vswitchd = func(i *ovs.Interface) { i.Ofport, i.IfIndex = 5, 9 } }),
		conflict("foreign-name", reason.CodeForeignName, foreign("pf0vf0", "")),
		conflict("row-on-another-bridge", reason.CodeForeignName, elsewhere),
		conflict("foreign-iface-id", reason.CodeForeignIfaceID, foreign("tap0", "vm1")),
		conflict("port-of-another-name", reason.CodeForeignName, vendors),
		conflict("interface-of-another-name", reason.CodeForeignName, inner),
		conflict("built-in-left-over", reason.CodeBuiltInLeftOver, left),
		conflict("built-in-provider", reason.CodeBuiltInProvider, builtIn),
		{name: "plugged-foreign-iface-id", world: plugged().has(foreign("tap0", "vm1")), state: plan.Plugged,
			code: reason.CodeForeignIfaceID},
		{
			name: "function-taken", world: worldWith(asks("vm1"), asks("vm0")).has(rowOf("vm0", "pf0vf0", 0)),
			state: plan.Conflict, code: reason.CodeFunctionTaken,
		},
	}
}

// parkedScene is a port whose function has been away for some seconds.
func parkedScene() scene {
	row := rowOf("vm1", "pf0vf0", 0)
	row.IfaceID, row.Parked, row.Ofport, row.IfIndex, row.Installed = "", "vm1", -1, 0, false
	row.Error = "could not open network device pf0vf0 (No such device)"
	return scene{name: "parked", world: worldWith(asks("vm1")).has(row).but(func(w *world) {
		w.card.Ports[1].IfIndex, w.card.Links = 0, nil
	}), state: plan.Pending, code: reason.CodeNoNetdev}
}

func heldScenes() []scene {
	held := func(code reason.Code, w *world) scene {
		return scene{name: string(code), world: w, state: plan.Held, code: code}
	}
	kept := asks("vm1")
	kept.Disposition, kept.RequestedChassis = southbound.Kept, ""
	kept.Why = "requested_chassis is empty, but the option requested-chassis names us"
	alone := func() *world { return worldWith().has(rowOf("vm1", "pf0vf0", 0)) }
	return []scene{
		parkedScene(),
		held(reason.CodeRequestEvidence, worldWith(kept).has(rowOf("vm1", "pf0vf0", 0))),
		held(reason.CodeRequestUnverified, alone().but(func(w *world) { w.silent = true })),
		held(reason.CodeWithdrawn, alone().but(func(w *world) { w.dryRun = true })),
		{name: "held-southbound-away", world: alone().but(func(w *world) {
			w.asked = southbound.View{Chassis: "dpu1", Endpoint: "ssl:192.0.2.1:6642", Problem: "ssl:192.0.2.1:6642: connection refused"}
		}), state: plan.Held, code: reason.CodeSouthboundUntrusted},
		held(reason.CodeUnplugGrace, alone().but(func(w *world) { w.grace = time.Minute })),
		held(reason.CodeMassUnplug, alone().has(rowOf("vm2", "pf0vf1", 1), rowOf("vm3", "pf0vf2", 2))),
		held(reason.CodeSouthboundReplaced, plugged().but(func(w *world) {
			w.passes, w.between = 2, func(w *world) {
				w.asked.Identity, w.asked.Bindings, w.answers = "sb2", map[string]southbound.Binding{}, nil
			}
		})),
	}
}

func othersScenes() []scene {
	another := withdrawn(asks("vm1", "requested-chassis", "dpu2"), "requested_chassis is another Chassis row", func(a *southbound.Answer) {
		a.RequestedChassis, a.Chassis = "dpu2", "dpu2"
	})
	nobody := withdrawn(asks("vm1", "requested-chassis", "dpu9"),
		"requested_chassis is empty, and the option requested-chassis doesn't name us", func(a *southbound.Answer) {
			a.RequestedChassis = ""
		})
	const unnamed = "requested_chassis is empty, and the option requested-chassis doesn't name us"
	unbound := withdrawn(asks("vm1"), unnamed, func(a *southbound.Answer) {
		a.RequestedChassis = ""
		delete(a.Options, "requested-chassis")
	})
	router := withdrawn(asks("vm1"), `its type is "patch", which no VIF has`,
		func(a *southbound.Answer) { a.Type, a.Options, a.RequestedChassis = "patch", nil, "" })
	plain := withdrawn(asks("vm1"), "it has no option vif-plug-type", func(a *southbound.Answer) { delete(a.Options, "vif-plug-type") })
	return []scene{
		{name: "another-chassis", world: worldWith(another)},
		{name: "no-such-chassis", world: worldWith(nobody)},
		{name: "unbound", world: worldWith(unbound)},
		{name: "not-a-vif", world: worldWith(router)},
		{name: "not-a-representor", world: worldWith(plain)},
		{name: "gone", world: worldWith()},
		{name: "nothing-known", world: worldWith().but(func(w *world) {
			w.asked = southbound.View{Chassis: "dpu1", Endpoint: "ssl:192.0.2.1:6642", Problem: "ssl:192.0.2.1:6642: connection refused"}
		}), code: reason.CodeSouthboundUntrusted},
		{name: "standby", world: plugged().but(func(w *world) {
			w.role, w.why = api.Standby, "another representord has this bridge: pid 811 holds /run/representord/br-int.lock"
		}), state: plan.Plugged},
		{name: "no-pass-yet", world: plugged().but(func(w *world) { w.passes = 0 })},
	}
}

func TestExplain_PrintsJSONWithTypedSteps(t *testing.T) {
	w := worldWith(asks("vm1", "vif-plug:representor:pf-mac", "00:53:00:00:00:99"))
	out := run1(t, daemonWith(t, w.facts(t), api.Server{Inquire: w.inquire}), "", nil, "explain", "vm1", "-j")
	golden(t, "explain/json", out.String())
	var e explain.Explanation
	if err := json.Unmarshal([]byte(out.stdout), &e); err != nil || e.FailedStep != diagnose.PF || out.status != exitNotFound {
		t.Errorf("%v, %d: %+v", err, out.status, e)
	}
}

func TestExplain_WithoutADaemonSaysSo(t *testing.T) {
	golden(t, "explain/no-daemon", run1(t, absent(t), "", nil, "explain", "vm1").String())
}

func TestExplain_FindsThePortOfANetdev(t *testing.T) {
	w := worldWith(asks("vm1"), asks("vm0")).has(rowOf("vm0", "pf0vf0", 0))
	socket := daemonWith(t, w.facts(t), api.Server{Inquire: w.inquire})
	if out := run1(t, socket, "", nil, "explain", "--netdev", "pf0vf0"); out.status != exitOK ||
		!strings.Contains(out.stdout, "port        vm0\n") {
		t.Errorf("%s", out)
	}
	if out := run1(t, socket, "", nil, "explain", "--netdev", "eth9"); out.status != exitNotFound ||
		!strings.Contains(out.stderr, "netdev eth9: no logical port") {
		t.Errorf("%s", out)
	}
	for _, args := range [][]string{{"explain"}, {"explain", "a", "b"}, {"explain", "a", "--netdev", "b"}} {
		if out := run1(t, socket, "", nil, args...); out.status != exitUsage {
			t.Errorf("%v: %s", args, out)
		}
	}
}

func TestColours_AreForTerminalsOnly(t *testing.T) {
	p := program{colours: true, now: noon}
	var out strings.Builder
	p.writeExplanation(&out, explain.Explanation{LogicalPort: "vm1", Steps: []diagnose.Check{
		{Name: diagnose.PF, Verdict: diagnose.Failed, Finding: "no"}, {Name: diagnose.Card, Verdict: diagnose.OK, Finding: "yes"},
		{Name: diagnose.Up, Verdict: diagnose.Unknown, Finding: "maybe"}, {Name: diagnose.Row, Verdict: diagnose.Skipped, Finding: "later"},
	}}, true)
	for _, want := range []string{"\x1b[31mFAIL     \x1b[0mpf", "\x1b[32mok       \x1b[0mcard",
		"\x1b[33munknown  \x1b[0mup", "\nskipped  row"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %q", want, out.String())
		}
	}
	w := worldWith()
	if out := run1(t, daemonWith(t, w.facts(t), api.Server{}), "", nil, "explain", "vm1"); strings.Contains(out.stdout, "\x1b") {
		t.Errorf("colours: %q", out.stdout)
	}
}

func TestExplain_IsFastWithAThousandPorts(t *testing.T) {
	w := plugged()
	f := w.facts(t)
	for i := range 1000 {
		name := "port" + strconv.Itoa(i)
		f.Report.Ports = append(f.Report.Ports, plug.Port{Status: plan.Status{LogicalPort: name, State: plan.Plugged}})
		f.Local.Interfaces[name] = rowOf(name, name, i)
	}
	for _, away := range []bool{false, true} {
		f.Southbound.Connected, w.asked.Connected = !away, !away
		c := api.NewClient(daemonWith(t, f, api.Server{Inquire: w.inquire}))
		best := time.Hour // a busy machine may hold up one of them
		for range 5 {
			start := time.Now()
			if e, err := c.Explain(t.Context(), "vm1"); err != nil || !e.Plugged {
				t.Fatalf("%+v, %v", e, err)
			}
			best = min(best, time.Since(start))
		}
		if best > 50*time.Millisecond {
			t.Errorf("an explanation takes %s (Southbound away: %v)", best, away)
		}
	}
}
