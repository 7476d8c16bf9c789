package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/config"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/metrics"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/plug/plan"
	"github.com/representord/representord/test/servers"
)

func TestMetrics_ARealPrometheusScrapesWhatHappens(t *testing.T) {
	h := newHost(t)
	cl := newCloud(t, h)
	address := "127.0.0.1:" + servers.FreePort(t)
	c := startService(t, newFakeCard(cardWith(2)), h.flags("--metrics-listen="+address)...)
	p := servers.NewPrometheus(t, address)
	has := func(want map[string]string) {
		t.Helper()
		for expression, value := range want {
			servers.Until(t, expression+" is "+value, func() bool {
				got, ok := p.Query(t, expression)
				return ok && got == value
			})
		}
	}
	has(map[string]string{
		`up{job="representord"}`: "1", `representord_build_info{version="1.2.3"}`: "1", `representord_role{role="active"}`: "1",
		`representord_database_connected{database="southbound"}`: "1", `representord_database_connected{database="local"}`: "1",
		`representord_devlink_ports{flavour="pcivf",controller="1"}`: "2", `representord_chassis_found`: "1",
		`time() - representord_database_last_sync_timestamp_seconds{database="southbound"} < bool 60`: "1",
	})
	cl.ask(t, "vm1", 0)
	cl.ask(t, "vm2", 7) // there is no such function
	h.opened(t, "pf0vf0", 100)
	await(t, c, "vm1 is plugged", func(s api.Status) bool { return s.Ports[plan.Plugged] == 1 })
	has(map[string]string{`representord_request_step_duration_seconds_count{step="ovn-installed"}`: "0"})
	h.Ctl(t, "set", "Interface", "pf0vf0", "external_ids:ovn-installed=true")
	cl.sbctl(t, "set", "Port_Binding", "vm1", "up=true")
	has(map[string]string{
		`representord_ports{state="plugged"}`:                                                                  "1",
		`representord_ports_not_plugged{state="pending",reason="function-not-found"}`:                          "1",
		`representord_changes_total{result="committed"}`:                                                       "1",
		`representord_transactions_total`:                                                                      "1",
		`representord_request_step_duration_seconds_count{step="commit"}`:                                      "1",
		`representord_request_step_duration_seconds_count{step="open"}`:                                        "1",
		`representord_request_step_duration_seconds_count{step="ovn-installed"}`:                               "1",
		`representord_request_step_duration_seconds_count{step="up"}`:                                          "1",
		`representord_pass_duration_seconds_count > bool 0`:                                                    "1",
		`process_resident_memory_bytes > bool 1e6`:                                                             "1",
		`histogram_quantile(0.9, representord_request_step_duration_seconds_bucket{step="commit"}) < bool 300`: "1",
	})
	cl.Kill()
	has(map[string]string{`representord_database_connected{database="southbound"}`: "0", `representord_ports{state="plugged"}`: "1"})
}

// get asks for metrics over HTTP.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	answer, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	var body strings.Builder
	if err := answer.Write(&body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body.String()
}

func TestMetrics_AreOnTheControlSocketWithoutAnySetting(t *testing.T) {
	h := newHost(t)
	c := startService(t, newFakeCard(cardWith(1)), h.flags()...)
	await(t, c, "it is active", func(s api.Status) bool { return s.Role == api.Active })
	client := overSocket(t, h.socket())
	if status, text := get(t, client, "http://localhost"+api.PathMetrics); status != http.StatusOK ||
		!strings.Contains(text, "\nrepresentord_role{role=\"active\"} 1\n") {
		t.Errorf("%d: %s", status, text)
	}
}

// overSocket is a client of a unix socket, without connections that stay.
func overSocket(t *testing.T, path string) *http.Client {
	t.Helper()
	var dialer net.Dialer
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		},
	}}
}

// While both databases hang, so that no pass comes to an end, scrapes are answered.
func TestMetrics_AScrapeWaitsForNoDatabaseAndForNoPass(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	cl := newCloud(t, h)
	c := startService(t, newFakeCard(cardWith(1)), h.flags("--probe-interval=10s")...)
	await(t, c, "the Southbound is connected", func(s api.Status) bool { return s.Southbound.Connected && s.Passes > 0 })
	h.Signal(syscall.SIGSTOP)
	defer h.Signal(syscall.SIGCONT)
	cl.ask(t, "vm1", 0) // has the reconciler send a transaction that isn't answered
	cl.Signal(syscall.SIGSTOP)
	defer cl.Signal(syscall.SIGCONT)
	client := overSocket(t, h.socket())
	client.Timeout = 8 * time.Second // what waits until the databases are given up takes longer
	servers.Until(t, "the databases are given up", func() bool {
		status, text := get(t, client, "http://localhost"+api.PathMetrics)
		if status != http.StatusOK {
			t.Fatalf("%d: %s", status, text)
		}
		return strings.Contains(text, `representord_database_connected{database="local"} 0`) &&
			strings.Contains(text, `representord_database_connected{database="southbound"} 0`)
	})
}

func TestMetrics_AnAddressThatIsTakenIsTriedAgainAndStopsNothing(t *testing.T) {
	h := newHost(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	c := startService(t, newFakeCard(cardWith(1)), h.flags("--metrics-listen="+address)...)
	await(t, c, "it is active all the same", func(s api.Status) bool { return s.Role == api.Active && s.Passes > 0 })
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	servers.Until(t, "metrics are there once the address is free", func() bool {
		status, _ := get(t, client, "http://"+address+api.PathMetrics)
		return status == http.StatusOK
	})
	if status, _ := get(t, client, "http://"+address+api.PathStatus); status != http.StatusNotFound {
		t.Errorf("the TCP address answers %d to %s: nothing but metrics is for everybody", status, api.PathStatus)
	}
}

func TestMetrics_TheCertificateFilesThatAreInUse(t *testing.T) {
	t.Parallel()
	southbound := ovn.TLSFiles{PrivateKey: "/sb/key", Certificate: "/sb/cert", CACert: "/sb/ca"}
	ours := config.Config{OVSDB: "unix:/db.sock", PrivateKey: "/our/key", Certificate: "/our/cert", CACert: "/sb/ca"}
	oursByTLS := ours
	oursByTLS.OVSDB = "ssl:127.0.0.1:6640"
	sb := []metrics.TLSFile{{File: "/sb/cert", Use: metrics.Certificate}, {File: "/sb/ca", Use: metrics.CACert}}
	for name, c := range map[string]struct {
		cfg     config.Config
		remotes []string
		want    []metrics.TLSFile
	}{
		"none without TLS":         {ours, []string{"tcp:192.0.2.1:6642", "unix:/sb.sock"}, nil},
		"those for the Southbound": {ours, []string{"tcp:192.0.2.1:6642", "ssl:192.0.2.2:6642"}, sb},
		"each once, if both databases have TLS": {oursByTLS, []string{"ssl:192.0.2.2:6642"},
			append(slices.Clone(sb), metrics.TLSFile{File: "/our/cert", Use: metrics.Certificate})},
	} {
		if diff := cmp.Diff(c.want, certificateFiles(c.cfg, c.remotes, southbound)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
