package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/invariants"
	"github.com/representord/representord/test/servers"
)

// install puts one side's files where they are configured to be, as whoever renews
// certificates does.
func install(t *testing.T, from, to servers.Identity) {
	t.Helper()
	for source, target := range map[string]string{from.PrivateKey: to.PrivateKey, from.Certificate: to.Certificate, from.CACert: to.CACert} {
		b, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target+".new", b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(target+".new", target); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTLS_FilesThatAreMissingWrongExpiredOrRotated(t *testing.T) {
	t.Parallel()
	pki := servers.NewPKI(t)
	h, f := newJudgedHost(t, cardWith(1))
	cl := newCloud(t, h)
	files := servers.Identity{PrivateKey: filepath.Join(h.dir, "key.pem"), Certificate: filepath.Join(h.dir, "cert.pem"),
		CACert: filepath.Join(h.dir, "ca.pem")}
	h.Ctl(t, "set-ssl", files.PrivateKey, files.Certificate, files.CACert)
	cl.SetOptions(pki.Serve()...)
	// Every start of the server has a port of its own.
	restart := func() {
		cl.Restart()
		h.Ctl(t, "set", "open", ".", "external_ids:ovn-remote=ssl:127.0.0.1:"+cl.Port(t))
	}
	restart()
	// No missed probe is to end the connection that outlives its files.
	c := startService(t, f, h.flags("--probe-interval=60s")...)
	refused := func(words ...string) {
		t.Helper()
		await(t, c, strings.Join(words, " and ")+" is told", func(s api.Status) bool {
			for _, word := range words {
				if !strings.Contains(s.Southbound.Problem, word) {
					return false
				}
			}
			return !s.Southbound.Connected
		})
	}
	refused("private key", files.PrivateKey, "no such file")
	install(t, pki.Client, files)
	w := plugged(t, h, cl, c, 1)

	wrong := pki.Client
	wrong.CACert = pki.Server.CACert
	install(t, wrong, files)
	w.morePasses(t)
	if s, err := c.Status(t.Context()); err != nil || !s.Southbound.Connected {
		t.Errorf("the connection that there is was given up for new files: %+v, %v", s.Southbound, err)
	}
	restart()
	refused("unknown authority", files.CACert)
	w.wantUntouched(t)

	install(t, pki.Expired(t), files)
	refused(files.Certificate, "valid until")
	w.wantUntouched(t)

	install(t, pki.Client, files)
	await(t, c, "the new files are used", func(s api.Status) bool { return s.Southbound.Connected && s.Ports[plan.Plugged] == 1 })
	w.wantUntouched(t)
}

// With access control by role (ovsdb-server(5), "RBAC") a chassis may write little.
// We must not even try: the server's own log of what it was asked has nothing but
// questions from us.
func TestRBAC_NoWriteIsRefusedForNoneIsTried(t *testing.T) {
	t.Parallel()
	pki := servers.NewPKI(t)
	h, f := newJudgedHost(t, cardWith(2))
	central := servers.OVN(t, "--remote=db:OVN_Southbound,SB_Global,connections", "--private-key="+pki.Server.PrivateKey,
		"--certificate="+pki.Server.Certificate, "--ca-cert="+pki.Server.CACert, "-vjsonrpc:console:dbg")
	central.Sbctl(t, "set-connection", "role=ovn-controller", "pssl:0:127.0.0.1")
	central.Sbctl(t, "chassis-add", "dpu1", "geneve", "127.0.0.1")
	central.Nbctl(t, "ls-add", "net")
	remote := "ssl:127.0.0.1:" + central.SB.Port(t)
	h.Ctl(t, "set-ssl", pki.Client.PrivateKey, pki.Client.Certificate, pki.Client.CACert, "--", "set", "open", ".",
		"external_ids:ovn-remote="+remote)

	c := startService(t, f, h.flags()...)
	h.witness.Requests(manyAsk(2), func() {
		for _, vf := range []string{"0", "1"} {
			central.Nbctl(t, "lsp-add", "net", "vm"+vf, "--", "lsp-set-options", "vm"+vf, "requested-chassis=dpu1", "vif-plug-type=representor",
				"vif-plug:representor:pf-mac="+pfMAC, "vif-plug:representor:vf-num="+vf)
		}
	})
	h.openedMany(t, 2)
	await(t, c, "both are plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 2 })
	h.witness.Requests(map[string]invariants.Request{"vm0": {}, "vm1": asks(7)}, func() {
		central.Nbctl(t, "lsp-set-options", "vm1", "requested-chassis=dpu1", "vif-plug-type=representor",
			"vif-plug:representor:pf-mac="+pfMAC, "vif-plug:representor:vf-num=7")
		central.Nbctl(t, "lsp-del", "vm0")
	})
	servers.Until(t, "both are unplugged", func() bool { return len(h.ports(t, "br-int")) == 0 })

	asked := operations(t, central.SB.Log(), "ssl:")
	if asked["select"] == 0 {
		t.Fatalf("the server's log has no question of ours, only %v", asked)
	}
	for op, times := range asked {
		if op != "select" {
			t.Errorf("%s was tried %d times", op, times)
		}
	}

	// The rules are in force for these very certificates.
	_, err := central.TrySbctl("--db="+remote, "--private-key="+pki.Client.PrivateKey, "--certificate="+pki.Client.Certificate,
		"--ca-cert="+pki.Client.CACert, "set", "SB_Global", ".", "options:written=1")
	if err == nil || !strings.Contains(err.Error(), "permission error") {
		t.Errorf("a write to SB_Global with our certificate: %v, want a permission error", err)
	}
	if again := operations(t, central.SB.Log(), "ssl:"); again["update"]+again["mutate"] == 0 {
		t.Errorf("the log does not show the write that was tried: %v", again)
	}
}

// operations counts the operations of all transactions that an ovsdb-server with
// -vjsonrpc:console:dbg was sent by clients whose address begins so.
func operations(t *testing.T, log, client string) map[string]int {
	t.Helper()
	count := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(log))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.Contains(line, "|"+client) || !strings.Contains(line, `received request, method="transact"`) {
			continue
		}
		_, params, _ := strings.Cut(line, "params=")
		params = params[:strings.LastIndex(params, ", id=")]
		var all []json.RawMessage
		if err := json.Unmarshal([]byte(params), &all); err != nil {
			t.Fatalf("%v: %s", err, params)
		}
		for _, raw := range all[1:] {
			var o struct{ Op string }
			if err := json.Unmarshal(raw, &o); err != nil {
				t.Fatalf("%v: %s", err, raw)
			}
			count[o.Op]++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return count
}
