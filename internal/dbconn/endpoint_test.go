package dbconn

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEndpoint_IsUnderstoodAsOVSUnderstandsIt(t *testing.T) {
	for endpoint, want := range map[string]string{
		"unix:/run/ovn/ovnsb_db.sock": "unix:/run/ovn/ovnsb_db.sock",
		"unix:/run/a b?c#d%41":        "unix:/run/a b?c#d%41",
		"tcp:127.0.0.1:6642":          "tcp:127.0.0.1:6642",
		"tcp:127.0.0.1":               "tcp:127.0.0.1:6640",
		"ssl:sb.example.org:6642":     "ssl:sb.example.org:6642",
		"ssl:[2001:db8::1]:6642":      "ssl:[2001:db8::1]:6642",
		"ssl:[2001:db8::1]":           "ssl:[2001:db8::1]:6640",
		"tcp:[fe80::1%eth0]:6642":     "tcp:[fe80::1%eth0]:6642",
	} {
		got, err := canonical(endpoint)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", endpoint, got, err, want)
		}
	}
}

func TestEndpoint_ThatNoServerCanBeReachedUnderIsRefused(t *testing.T) {
	for _, endpoint := range []string{
		"", "unix", "unix:", "unix:relative.sock", "unix:/a\x00b", "tcp:", "tcp::6642", "ssl:host:0", "ssl:host:65536",
		"ssl:host:port", "ssl:2001:db8::1", "ssl:2001:db8::1:6642", "ptcp:6642", "punix:/run/x", "http://host", "tcp:ho st:1",
		"tcp:host/path:1", "tcp:host?q:1", "tcp:[::1]x:1", strings.Repeat("x", 1<<20),
	} {
		err := CheckEndpoint(endpoint)
		if err == nil {
			t.Errorf("%.40q was accepted", endpoint)
		} else if len(err.Error()) > 1024 {
			t.Errorf("%.40q: an error of %d bytes", endpoint, len(err.Error()))
		}
	}
}

func TestEndpoint_WhatIsDialedIsWhatItNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"unix:/", "unix:", "tcp:", "ssl:", "ssl:[", ""}).Draw(t, "method")
		checkCanonical(t, method+rapid.StringN(-1, 60, -1).Draw(t, "rest"))
	})
}

// checkCanonical checks what becomes of an endpoint that is accepted.
func checkCanonical(t interface{ Errorf(string, ...any) }, endpoint string) {
	got, err := canonical(endpoint)
	if err != nil {
		if len(err.Error()) > 1024 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		return
	}
	method, rest, _ := strings.Cut(got, ":")
	switch method {
	case "unix":
		if got != endpoint || !strings.HasPrefix(rest, "/") {
			t.Errorf("%q became %q", endpoint, got)
		}
	case "tcp", "ssl":
		host, port, err := net.SplitHostPort(rest)
		if err != nil || host == "" || port == "" || !strings.Contains(endpoint, host) {
			t.Errorf("%q became host %q, port %q: %v", endpoint, host, port, err)
		}
	default:
		t.Errorf("%q has the method %q", endpoint, method)
	}
	if again, err := canonical(got); err != nil || again != got {
		t.Errorf("%q became %q, and that %q, %v", endpoint, got, again, err)
	}
}

// Endpoints come from the local database: whatever is there, what is accepted
// names one server, and what is refused is refused in few words.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"unix:/run/a b?c#d%41", "tcp:127.0.0.1", "ssl:[2001:db8::1]:6642", "tcp:[fe80::1%eth0]:6642", "ssl:host:",
		"tcp:[::1]x:1", "unix:/a\x00b", "ssl:2001:db8::1", "\xff:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		checkCanonical(t, endpoint)
	})
}

func TestSplitEndpoints_DoesAsOVSDoes(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"":                              nil,
		"  ":                            nil,
		"tcp:a:1":                       {"tcp:a:1"},
		"tcp:a:1,ssl:b:2":               {"tcp:a:1", "ssl:b:2"},
		" tcp:a:1 , \tssl:b:2 ":         {"tcp:a:1", "ssl:b:2"},
		"unix:/a,b/c,tcp:a:1":           {"unix:/a,b/c", "tcp:a:1"},
		"unix:/a,b":                     {"unix:/a,b"},
		"tcp:a:1,":                      {"tcp:a:1,"},
		"tcp:a:1,,tcp:b:1":              {"tcp:a:1,", "tcp:b:1"},
		"tcp:a:1,TCP:b:1":               {"tcp:a:1,TCP:b:1"},
		"ssl:[::1]:1,ssl:[fe80::1%e]:2": {"ssl:[::1]:1", "ssl:[fe80::1%e]:2"},
		"cid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0,tcp:a:1": {"tcp:a:1"},
		"tcp:a:1,cid:0f1e2d3c":                             {"tcp:a:1", "cid:0f1e2d3c"},
		"tcp:a:1,cid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg": {"tcp:a:1", "cid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg"},
		"tcp:a:1,cid:0f1e2d3c-4b5a-6978-8796a-5b4c3d2e1f0": {"tcp:a:1", "cid:0f1e2d3c-4b5a-6978-8796a-5b4c3d2e1f0"},
	} {
		if d := cmp.Diff(want, SplitEndpoints(list)); d != "" {
			t.Errorf("%q (-want +got):\n%s", list, d)
		}
	}
}
