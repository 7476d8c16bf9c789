//go:build vm

package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/plug/plan"
)

// measuring is what Prometheus would see of a port.
func measuring() []scenario {
	return []scenario{
		{"the metrics have every step of a port that is plugged, and the card's ports", measuresSteps},
	}
}

func measuresSteps(t *testing.T, d *dpu) {
	d.restartDaemon(t)
	sim(t, append(card(), vf0, vf1)...)
	d.neutronPort(t, request{lport: "vm0", pfMAC: pfMAC, vf: "0"}, request{lport: "vm9", pfMAC: pfMAC, vf: "9"})
	d.awaitPort(t, "vm0", plan.Plugged)
	d.awaitPort(t, "vm9", plan.Pending)
	for sample, want := range map[string]float64{
		`representord_request_step_duration_seconds_count{step="commit"}`:             1,
		`representord_request_step_duration_seconds_count{step="open"}`:               1,
		`representord_request_step_duration_seconds_count{step="ovn-installed"}`:      1,
		`representord_request_step_duration_seconds_count{step="up"}`:                 1,
		`representord_ports{state="plugged"}`:                                         1,
		`representord_ports_not_plugged{reason="function-not-found",state="pending"}`: 1,
		`representord_devlink_ports{controller="1",flavour="pcivf"}`:                  2,
		`representord_devlink_ports{controller="",flavour="physical"}`:                1,
		`representord_card_complete`:                                                  1,
		`representord_database_connected{database="southbound"}`:                      1,
	} {
		d.until(t, sample, func() bool {
			got, ok := d.sample(t, sample)
			return ok && got == want
		})
	}
	for _, sample := range []string{
		`representord_netlink_reads_total{source="devlink"}`, `representord_netlink_events_total{source="rtnetlink"}`,
	} {
		if got, ok := d.sample(t, sample); !ok || got < 1 {
			t.Errorf("%s is %v, %v", sample, got, ok)
		}
	}
}

// sample is the value of one sample, false if there is none of that name and labels.
func (d *dpu) sample(t *testing.T, name string) (float64, bool) {
	t.Helper()
	for line := range strings.Lines(d.scrape(t)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return v, true
		}
	}
	return 0, false
}

// scrape reads the metrics from the control socket.
func (d *dpu) scrape(t *testing.T) string {
	t.Helper()
	var dialer net.Dialer
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", filepath.Join(d.dir, "control.sock"))
		},
	}}
	answer, err := client.Get("http://localhost" + api.PathMetrics)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", answer.Status, err, text)
	}
	return string(text)
}
