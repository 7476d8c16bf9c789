package northbound

import (
	"errors"
	"maps"
	"strings"
	"syscall"
	"testing"

	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/test/leaks"
	"github.com/representord/representord/test/servers"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// nb is a Northbound with a port vm1.
func nb(t *testing.T) *servers.OVSDB {
	t.Helper()
	d := servers.NewOVSDB(t, "nb", servers.SchemaOVNNorthbound)
	nbctl(t, d, "ls-add", "net", "--", "lsp-add", "net", "vm1", "--", "lsp-set-options", "vm1", "other=option")
	return d
}

func nbctl(t *testing.T, d *servers.OVSDB, args ...string) string {
	t.Helper()
	return d.Tool(t, append([]string{"ovn-nbctl", "--db=" + d.Endpoint, "--no-leader-only", "--timeout=60"}, args...)...)
}

func open(t *testing.T, s ovn.Servers, port string) *Northbound {
	t.Helper()
	n, err := Open(t.Context(), s, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func bindTo(hostname string) func(*Port) (Change, error) {
	return func(p *Port) (Change, error) { return PlanBind(p, vf(3), chassis("dpu1", hostname, ""), 0), nil }
}

// What somebody else does between our reading and our writing is not lost: neither
// another option, nor that the port became Neutron's.
func TestChange_MeanwhileIsSeenBeforeOurs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		meanwhile []string
		says      string // empty: it is done
	}{
		{name: "another option", meanwhile: []string{"set", "Logical_Switch_Port", "vm1", "options:late=yes"}},
		{name: "an option of the binding", meanwhile: []string{"set", "Logical_Switch_Port", "vm1", "options:requested-chassis=elsewhere"}},
		{name: "it became Neutron's",
			meanwhile: []string{"set", "Logical_Switch_Port", "vm1", `external_ids:neutron\:port_name=x`}, says: "Neutron's"},
		{name: "it became a router's", meanwhile: []string{"lsp-set-type", "vm1", "router"}, says: "of type"},
		{name: "it was deleted", meanwhile: []string{"lsp-del", "vm1"}, says: "no logical switch port"},
		{name: "it was made anew", meanwhile: []string{"lsp-del", "vm1", "--", "lsp-add", "net", "vm1", "--",
			"lsp-set-options", "vm1", "late=yes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := nb(t)
			n := open(t, ovn.Servers{Remotes: []string{d.Endpoint}}, "vm1")
			asked := 0
			_, err := n.Change(t.Context(), false, func(p *Port) (Change, error) {
				asked++
				if asked == 1 {
					nbctl(t, d, c.meanwhile...)
				}
				return bindTo("dpu1.example")(p)
			})
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v, want %q", err, c.says)
				}
				return
			}
			got := nbctl(t, d, "get", "Logical_Switch_Port", "vm1", "options")
			if err != nil || asked != 2 || !strings.Contains(got, `requested-chassis=dpu1.example`) ||
				strings.Contains(strings.Join(c.meanwhile, " "), "late") && !strings.Contains(got, `late="yes"`) && !strings.Contains(got, "late=yes") {
				t.Errorf("%v, planned %d times: %s", err, asked, got)
			}
		})
	}
}

func TestChange_AFightForAPortEnds(t *testing.T) {
	t.Parallel()
	d := nb(t)
	n := open(t, ovn.Servers{Remotes: []string{d.Endpoint}}, "vm1")
	asked := 0
	_, err := n.Change(t.Context(), false, func(p *Port) (Change, error) {
		asked++
		nbctl(t, d, "set", "Logical_Switch_Port", "vm1", "options:fight="+strings.Repeat("x", asked))
		return bindTo("dpu1.example")(p)
	})
	if !errors.Is(err, errRaced) || asked != races {
		t.Errorf("%v after %d plans", err, asked)
	}
}

func TestBind_EveryOptionThatItWritesIsOneTransaction(t *testing.T) {
	t.Parallel()
	d := nb(t)
	before := maps.Clone(d.Versions(t, database, tablePort))
	n := open(t, ovn.Servers{Remotes: []string{d.Endpoint}}, "vm1")
	c, err := n.Change(t.Context(), false, bindTo("dpu1.example"))
	if err != nil || len(c.Set) != 4 {
		t.Fatalf("%+v, %v", c, err)
	}
	once := d.Versions(t, database, tablePort)
	if maps.Equal(before, once) {
		t.Error("the row did not change")
	}
	c, err = n.Change(t.Context(), false, bindTo("dpu1.example"))
	if err != nil || !c.Nothing() || !maps.Equal(once, d.Versions(t, database, tablePort)) {
		t.Errorf("a second time: %+v, %v", c, err)
	}
}

func TestOpen_AnyMemberOfAClusterWillDoButOneThatIsCutOff(t *testing.T) {
	t.Parallel()
	cluster := servers.NewCluster(t, "nb", servers.SchemaOVNNorthbound, 3)
	leader := cluster.Leader(t)
	nbctl(t, leader, "ls-add", "net", "--", "lsp-add", "net", "vm1")
	for i, m := range cluster.Members {
		servers.Until(t, "the member has the port", func() bool {
			n, err := Open(t.Context(), ovn.Servers{Remotes: []string{m.Endpoint}}, "vm1")
			if err != nil {
				return false
			}
			defer n.Close()
			_, err = n.Port()
			return err == nil
		})
		n := open(t, ovn.Servers{Remotes: []string{m.Endpoint}}, "vm1")
		hostname := "dpu" + strings.Repeat("i", i+1)
		if c, err := n.Change(t.Context(), false, bindTo(hostname)); err != nil || c.Set[option.Chassis] != hostname {
			t.Errorf("through %s: %+v, %v", m.Name, c, err)
		}
	}
	// Two of three are dead: the third is cut off, and nothing is to be done there.
	left := cluster.Members[0]
	cluster.Members[1].Kill()
	cluster.Members[2].Kill()
	servers.Until(t, "the last member is refused", func() bool {
		n, err := Open(t.Context(), ovn.Servers{Remotes: cluster.Endpoints()}, "vm1")
		if err == nil {
			n.Close()
			return false
		}
		var failed *Error
		return errors.As(err, &failed) && failed.Kind == Unreachable && strings.HasPrefix(err.Error(), database+" can't be reached: ") &&
			strings.Contains(err.Error(), left.Endpoint+" is cut off from its cluster")
	})
}

func TestOpen_AServerThatHangsIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	hangs, works := nb(t), nb(t)
	hangs.Signal(syscall.SIGSTOP)
	defer hangs.Signal(syscall.SIGCONT)
	n := open(t, ovn.Servers{Remotes: []string{hangs.Endpoint, works.Endpoint}}, "vm1")
	if p, err := n.Port(); err != nil || p.Options["other"] != "option" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOpen_AnotherDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	sb := servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound)
	_, err := Open(t.Context(), ovn.Servers{Remotes: []string{sb.Endpoint}}, "vm1")
	if err == nil || !strings.Contains(err.Error(), "has no database OVN_Northbound") {
		t.Errorf("%v", err)
	}
}
