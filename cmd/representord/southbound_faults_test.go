package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestSouthbound_ThatWasAwayCostsNoTransactionWithAThousandPorts(t *testing.T) {
	t.Parallel()
	const ports = 1000
	h, f := newJudgedHost(t, cardWith(ports))
	cl := newCloud(t, h)
	// The race detector takes its time with so many, and a busy machine more.
	c := startService(t, f, h.flags("--probe-interval=60s")...)
	w := plugged(t, h, cl, c, ports)

	cl.Kill()
	s := await(t, c, "the status says that the Southbound is away", func(s api.Status) bool { return !s.Southbound.Connected })
	if s.Southbound.Problem == "" || s.Southbound.Since.Before(w.before.Southbound.Since) || s.Role != api.Active {
		t.Errorf("it doesn't say why, or since when: %+v", s.Southbound)
	}
	w.wantUntouched(t)
	cl.Restart()
	await(t, c, "all ports are plugged again", func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == ports })
	w.wantUntouched(t)
}

func TestSouthbound_ThatHangsCostsNoTransaction(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	c := startService(t, f, h.flags("--probe-interval=1s")...)
	w := plugged(t, h, cl, c, 3)
	cl.Signal(syscall.SIGSTOP)
	defer cl.Signal(syscall.SIGCONT)
	await(t, c, "the status says that the Southbound is away", func(s api.Status) bool { return !s.Southbound.Connected })
	w.wantUntouched(t)
	cl.Signal(syscall.SIGCONT)
	await(t, c, "all ports are plugged again", func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == 3 })
	w.wantUntouched(t)
}

// A wiped Southbound has no ports at all, and nothing tells that from a cloud whose
// ports are gone but that it is another database.
func TestSouthbound_ThatIsWipedTakesNoRowWithinTheHold(t *testing.T) {
	t.Parallel()
	for _, ports := range []int{1, 2, 5} {
		t.Run(strings.Repeat("|", ports), func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(ports))
			cl := newCloud(t, h)
			c := startService(t, f, h.flags("--mass-unplug-hold=1h")...)
			w := plugged(t, h, cl, c, ports)
			cl.rebuild(t)
			s := await(t, c, "all is held", func(s api.Status) bool {
				return s.Ports[plan.Held] == ports && len(s.Holds) == 1 && len(s.Holds[0].Ports) == ports
			})
			if s.Holds[0].Code != reason.CodeSouthboundReplaced || !s.Holds[0].Until.After(s.LastPass) ||
				s.Southbound.Identity == w.before.Southbound.Identity {
				t.Errorf("held: %+v for %+v", s.Holds, s.Southbound)
			}
			w.wantUntouched(t)

			var released []plug.Holding
			var err error
			h.witness.Nothing(func() { released, err = release(t, c) }, lports(ports)...)
			if err != nil || len(released) != 1 || len(released[0].Ports) != ports {
				t.Errorf("released: %+v, %v", released, err)
			}
			servers.Until(t, "the rows are gone", func() bool { return len(h.ports(t, "br-int")) == 0 })
			await(t, c, "nothing is held", func(s api.Status) bool { return len(s.Holds) == 0 && s.Ports[plan.Held] == 0 })
			if again, err := release(t, c); err != nil || len(again) != 0 {
				t.Errorf("released with nothing held: %+v, %v", again, err)
			}
		})
	}
}

// rebuild wipes the database, and has our Chassis row made again, without ports.
func (c *cloud) rebuild(t *testing.T) {
	t.Helper()
	c.Wipe()
	c.sbctl(t, "init")
	c.sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	c.chassis = c.sbctl(t, "--bare", "--columns=_uuid", "list", "Chassis", "dpu1")
}

// southbounds are what the Interface rows say of the Southbound that they answer.
func (h *host) southbounds(t *testing.T, n int) []string {
	t.Helper()
	var said []string
	for _, vf := range numbers(n) {
		said = append(said, strings.Trim(h.Ctl(t, "get", "Interface", fmt.Sprint("pf0vf", vf), "external_ids:representord-southbound"), `"`))
	}
	return said
}

// named is how the rows name this database.
func (c *cloud) named(t *testing.T) string {
	t.Helper()
	return "SB_Global " + c.sbctl(t, "--bare", "--columns=_uuid", "list", "SB_Global")
}

func TestSouthbound_ThatIsRebuiltAndAsksForTheSamePortsIsTheNewTruthAndTakesNoRow(t *testing.T) {
	t.Parallel()
	h, f := newJudgedHost(t, cardWith(3))
	cl := newCloud(t, h)
	// A hold of seconds may end before a busy machine has asked for the ports again.
	c := startService(t, f, h.flags("--mass-unplug-hold=1h")...)
	w := plugged(t, h, cl, c, 3)
	cl.rebuild(t)
	await(t, c, "the other database is noticed", func(s api.Status) bool { return len(s.Holds) == 1 })
	cl.askMany(t, 3)
	await(t, c, "all ports are plugged, by their names", func(s api.Status) bool {
		return s.Ports[plan.Plugged] == 3 && s.Southbound.Identity != w.before.Southbound.Identity
	})
	if _, err := release(t, c); err != nil {
		t.Error(err)
	}
	await(t, c, "nothing is held", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 && len(s.Holds) == 0 })
	servers.Until(t, "the rows name the other database", func() bool {
		return !slices.ContainsFunc(h.southbounds(t, 3), func(s string) bool { return s != cl.named(t) })
	})
	now := h.interfaces(t)
	for uuid := range w.rows {
		if _, still := now[uuid]; !still || len(now) != len(w.rows) {
			t.Errorf("the rows are %v, and were %v", now, w.rows)
		}
	}
	if s := await(t, c, "three changes are counted",
		func(s api.Status) bool { return s.Transactions >= w.before.Transactions+3 }); s.Transactions != w.before.Transactions+3 {
		t.Errorf("%d changes for three rows", s.Transactions-w.before.Transactions)
	}
	// From here on its word counts as that of the first did.
	cl.forget(t, "vm2")
	servers.Until(t, "vm2 is unplugged", func() bool { return slices.Equal(h.ports(t, "br-int"), []string{"pf0vf0", "pf0vf1"}) })
}

func TestSouthbound_ThatIsRestoredFromABackupChangesNoRow(t *testing.T) {
	t.Parallel()
	for name, restore := range map[string]func(t *testing.T, cl *cloud, backup string){
		"the file is put back": func(t *testing.T, cl *cloud, backup string) {
			t.Helper()
			cl.Kill()
			b, err := os.ReadFile(backup)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(cl.File(), b, 0o600); err != nil {
				t.Fatal(err)
			}
			cl.Restart()
		},
		"ovsdb-client restore, while it runs": func(t *testing.T, cl *cloud, backup string) {
			t.Helper()
			cl.Tool(t, "sh", "-c", "ovsdb-client --force restore "+cl.Endpoint+" OVN_Southbound <"+backup)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(3))
			cl := newCloud(t, h)
			c := startService(t, f, h.flags()...)
			w := plugged(t, h, cl, c, 3)
			backup := h.dir + "/backup"
			cl.Tool(t, "sh", "-c", "ovsdb-client backup "+cl.Endpoint+" OVN_Southbound >"+backup)
			restore(t, cl, backup)
			await(t, c, "the ports are plugged", func(s api.Status) bool {
				return s.Southbound.Connected && s.Southbound.ChassisKnown && s.Ports[plan.Plugged] == 3
			})
			w.wantUntouched(t)
		})
	}
}

// A real ovn-controller and ovn-northd. Without a switch to talk to ovn-controller
// claims no port and leaves no mark on its row, so that the versions of the rows
// tell of us alone.
func TestProcess_StoppingOVNControllerEitherWayChangesNoRow(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{"without --restart": nil, "with --restart": {"--restart"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, f := newJudgedHost(t, cardWith(3))
			central := servers.OVN(t)
			controller := servers.Controller(t, h.OVSDB, central.SB.Endpoint)
			central.Nbctl(t, "ls-add", "net")
			h.witness.Requests(manyAsk(3), func() {
				for _, vf := range []string{"0", "1", "2"} {
					central.Nbctl(t, "lsp-add", "net", "vm"+vf, "--", "lsp-set-options", "vm"+vf, "requested-chassis=dpu1", "vif-plug-type=representor",
						"vif-plug:representor:pf-mac="+pfMAC, "vif-plug:representor:vf-num="+vf)
				}
			})
			c := startService(t, f, h.flags()...)
			h.openedMany(t, 3)
			w := watchOver(t, h, c, 3)
			servers.StopController(t, h.OVSDB, controller, options...)
			if options == nil {
				s := await(t, c, "the ports are held", func(s api.Status) bool { return s.Ports[plan.Held] == 3 })
				if s.Southbound.ChassisKnown {
					t.Errorf("the Chassis row is still known: %+v", s.Southbound)
				}
			} else {
				w.morePasses(t)
				await(t, c, "the ports are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 && s.Southbound.ChassisKnown })
			}
			w.wantUntouched(t)
			servers.Controller(t, h.OVSDB, central.SB.Endpoint)
			await(t, c, "the ports are plugged again", func(s api.Status) bool { return s.Ports[plan.Plugged] == 3 })
			w.wantUntouched(t)
		})
	}
}
