package metrics

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/ovn/southbound"
	"github.com/representord/representord/ovs"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
	"github.com/representord/representord/test/servers"
)

// scrape gives the answer without what depends on the version of Go.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.PathMetrics, http.NoBody))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("%d, %q: %s", w.Code, w.Header(), w.Body)
	}
	return strings.ReplaceAll(w.Body.String(), runtime.Version(), "go1.x")
}

func TestMetrics_WhatABusyDaemonShows(t *testing.T) {
	timings := NewTimings()
	for n, step := range plug.Steps() {
		timings.Took(step, time.Duration(n+1)*300*time.Millisecond)
	}
	got := scrape(t, handler(t, busy, timings))
	if diff := cmp.Diff(golden(t, "busy.txt", got), got); diff != "" {
		t.Errorf("UPDATE_GOLDEN=1 writes testdata/busy.txt anew:\n%s", diff)
	}
}

// fresh is a daemon that knows nothing yet.
func fresh() Snapshot {
	return Snapshot{Facts: api.Facts{
		Daemon:     api.Daemon{Version: "1.2.3", Started: noon(), Role: api.Starting},
		Southbound: southbound.View{Since: noon()},
		Companions: []companion.Sight{{Name: companion.VSwitchd, State: companion.Unknown}},
		Index:      representor.NewIndex(representor.Card{Problem: "not read yet"}, representor.Settings{}),
	}}
}

func TestMetrics_WhatANewDaemonShows(t *testing.T) {
	got := scrape(t, handler(t, fresh, NewTimings()))
	if diff := cmp.Diff(golden(t, "fresh.txt", got), got); diff != "" {
		t.Errorf("UPDATE_GOLDEN=1 writes testdata/fresh.txt anew:\n%s", diff)
	}
}

// whole is the answer of a real handler in which every metric has a sample.
func whole(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cert.pem")
	putCertificate(t, file, noon())
	h, err := New(func() Snapshot {
		s := busy()
		s.TLS = []TLSFile{{file, Certificate}, {"/nowhere/ca.pem", CACert}}
		return s
	}, NewTimings(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scrape(t, h)
}

func TestMetrics_AreEachShownWithTheirTypeAndHelp(t *testing.T) {
	text := whole(t)
	for _, m := range All() {
		for _, line := range []string{"# HELP " + m.Name + " " + m.Help + "\n", "# TYPE " + m.Name + " " + string(m.Type) + "\n"} {
			if !strings.Contains(text, line) {
				t.Errorf("there is no line %q", line)
			}
		}
	}
	if n := strings.Count(text, "# HELP "); n != len(All()) {
		t.Errorf("%d metrics are shown, %d are listed", n, len(All()))
	}
}

func TestMetrics_PromtoolHasNothingToSayAboutThem(t *testing.T) {
	out, err := servers.Promtool(t, t.TempDir(), whole(t), "check", "metrics")
	if err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
}

// Labels must not grow with the number of tenants, nor tell of them.
func TestLabels_AreBounded(t *testing.T) {
	many := busy()
	many.Report.Ports = slices.Repeat(many.Report.Ports, 100)
	text := scrape(t, handler(t, func() Snapshot { return many }, NewTimings()))
	for _, secret := range []string{"secret", "pf0vf"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in it", secret)
		}
	}
	few := scrape(t, handler(t, busy, NewTimings()))
	if a, b := strings.Count(few, "\n"), strings.Count(text, "\n"); a != b {
		t.Errorf("%d lines for %d ports, %d for %d", a, len(busy().Report.Ports), b, len(many.Report.Ports))
	}
}

func TestLabels_OneThatIsNotUTF8CostsNothing(t *testing.T) {
	s := busy()
	s.TLS = []TLSFile{{"/etc/\xff.pem", Certificate}}
	s.Version = "\xfe"
	text := scrape(t, handler(t, func() Snapshot { return s }, NewTimings()))
	if !strings.Contains(text, "representord_tls_file_readable{file=\"/etc/\uFFFD.pem\",use=\"certificate\"} 0\n") {
		t.Error(text)
	}
}

func TestCardComplete_IsFalseWhileOneInstanceCannotBeRead(t *testing.T) {
	c := twins()
	c.Blind = map[devlink.Handle]string{{Bus: "pci", Device: "0000:04:00.0"}: "it hangs"}
	s := busy()
	s.Index = representor.NewIndex(c, representor.Settings{})
	if text := scrape(t, handler(t, func() Snapshot { return s }, NewTimings())); !strings.Contains(text, "representord_card_complete 0\n") {
		t.Error(text)
	}
}

func TestLastSync_OfADatabase(t *testing.T) {
	lost := noon().Add(-time.Hour)
	const at, was = "1.7723664e+09", "1.7723628e+09"
	for name, c := range map[string]struct {
		local      ovs.View
		southbound southbound.View
		want       []string
	}{
		"is now while it is connected": {
			ovs.View{Complete: true, Since: lost}, southbound.View{Complete: true, Connected: true, Since: lost},
			[]string{`{database="local"} ` + at, `{database="southbound"} ` + at},
		},
		"is when the connection was lost": {
			ovs.View{Since: lost}, southbound.View{Complete: true, Since: lost},
			[]string{`{database="local"} ` + was, `{database="southbound"} ` + was},
		},
		"isn't there before it was connected": {ovs.View{}, southbound.View{Since: lost}, nil},
		"isn't there before it was whole":     {ovs.View{}, southbound.View{Connected: true, Since: lost}, nil},
	} {
		s := busy()
		s.Local, s.Southbound = c.local, c.southbound
		text := scrape(t, handler(t, func() Snapshot { return s }, NewTimings()))
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^representord_database_last_sync_timestamp_seconds(.*)$`).FindAllStringSubmatch(text, -1) {
			got = append(got, m[1])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMetrics_AreOnlyRead(t *testing.T) {
	w := httptest.NewRecorder()
	handler(t, busy, NewTimings()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, api.PathMetrics, http.NoBody))
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
}

// A contradiction is a bug of ours; it is told, not hidden among the samples.
func TestScrape_FailsWithAMetricThatIsNotListed(t *testing.T) {
	h := handler(t, busy, NewTimings())
	odd, err := newHandler(&collector{snapshot: busy, now: noon, process: func(out *samples) { put(out, "representord_unlisted", 1) }},
		NewTimings(), h.log)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	odd.ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.PathMetrics, http.NoBody))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "representord_unlisted") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

func TestScrape_ThoseUnderWayAreFewAndOneTooManyIsToldSo(t *testing.T) {
	begun, end := make(chan struct{}, 2*maxScrapes), make(chan struct{})
	h := handler(t, func() Snapshot { begun <- struct{}{}; <-end; return fresh() }, NewTimings())
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.PathMetrics, http.NoBody))
		return w
	}
	var scrapes sync.WaitGroup
	for range maxScrapes {
		scrapes.Go(func() {
			if w := ask(); w.Code != http.StatusOK {
				t.Errorf("one of the first %d scrapes: %d, %s", maxScrapes, w.Code, w.Body)
			}
		})
	}
	for range maxScrapes {
		<-begun
	}
	if w := ask(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more: %d with %v, want 503 with Retry-After", w.Code, w.Header())
	}
	close(end)
	scrapes.Wait()
	if w := ask(); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d, %s", w.Code, w.Body)
	}
}
