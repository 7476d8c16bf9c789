package dbconn

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEndpointsAreUnderstoodAsOVSUnderstandsThem(t *testing.T) {
	for endpoint, want := range map[string]string{
		"unix:/run/ovn/ovnsb_db.sock": "unix:///run/ovn/ovnsb_db.sock",
		"unix:/run/a b?c#d%41":        "unix:///run/a%20b%3Fc%23d%2541",
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

func TestEndpointsThatNoServerCanBeReachedUnderAreRefused(t *testing.T) {
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

// The library silently takes what it can't read for its default server.
func TestTheLibraryReadsWhatWeMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]string{"unix:/", "unix:", "tcp:", "ssl:", "ssl:[", ""}).Draw(t, "method")
		endpoint := method + rapid.StringN(-1, 60, -1).Draw(t, "rest")
		got, err := canonical(endpoint)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q became %q, which doesn't parse: %v", endpoint, got, err)
		}
		switch u.Scheme {
		case "unix":
			if "unix:"+u.Path != endpoint {
				t.Fatalf("%q is read as the path %q", endpoint, u.Path)
			}
		case "tcp", "ssl":
			if u.Opaque == "" || !strings.HasPrefix(got, endpoint) && !strings.HasPrefix(endpoint, method) {
				t.Fatalf("%q is read as the host %q", endpoint, u.Opaque)
			}
		default:
			t.Fatalf("%q has the scheme %q", endpoint, u.Scheme)
		}
	})
}

// Endpoints come from the local database: whatever is there, what is accepted
// names one server, and what is refused is refused in few words.
func FuzzEndpoint(f *testing.F) {
	for _, seed := range []string{"unix:/run/a b?c#d%41", "tcp:127.0.0.1", "ssl:[2001:db8::1]:6642", "tcp:[fe80::1%eth0]:6642", "ssl:host:", "tcp:[::1]x:1", "unix:/a\x00b", "ssl:2001:db8::1", "\xff:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		got, err := canonical(endpoint)
		if err != nil {
			if len(err.Error()) > 1024 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme == "unix" && "unix:"+u.Path != endpoint || u.Scheme != "unix" && u.Opaque == "" {
			t.Errorf("%q became %q: %+v, %v", endpoint, got, u, err)
		}
		if again, err := canonical(got); u.Scheme != "unix" && (err != nil || again != got) {
			t.Errorf("%q became %q, and that %q, %v", endpoint, got, again, err)
		}
	})
}
