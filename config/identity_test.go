package config

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/representord/representord/internal/dbconn"
)

func TestIdentify_DoesAsOVNControllerDoes(t *testing.T) {
	t.Parallel()
	full := map[string]string{
		"system-id": "dpu1", "ovn-remote": "tcp:192.0.2.1:6642", "ovn-bridge": "br-a", "hostname": "dpu1.example.org",
		"ovn-remote-dpu2": "ssl:192.0.2.2:6642", "ovn-bridge-dpu2": "br-b", "hostname-dpu2": "dpu2.example.org",
	}
	for _, tc := range []struct {
		name     string
		ids      map[string]string
		flag     string
		override string
		want     Identity
		problems []string // beginnings or parts
	}{
		{
			name: "from the local database", ids: full,
			want: Identity{Chassis: "dpu1", Hostname: "dpu1.example.org", Bridge: "br-a", Remotes: []string{"tcp:192.0.2.1:6642"}},
		},
		{
			name: "the override file comes before it, and picks the chassis' own keys", ids: full, override: "dpu2\nother\n",
			want: Identity{Chassis: "dpu2", Hostname: "dpu2.example.org", Bridge: "br-b", Remotes: []string{"ssl:192.0.2.2:6642"}},
		},
		{
			name: "the flag comes before the file", ids: full, flag: "dpu2", override: "dpu1\n",
			want: Identity{Chassis: "dpu2", Hostname: "dpu2.example.org", Bridge: "br-b", Remotes: []string{"ssl:192.0.2.2:6642"}},
		},
		{
			name: "another chassis' keys are not ours", ids: full, flag: "dpu3",
			want: Identity{Chassis: "dpu3", Hostname: "dpu1.example.org", Bridge: "br-a", Remotes: []string{"tcp:192.0.2.1:6642"}},
		},
		{
			name: "the defaults", ids: map[string]string{"system-id": "dpu1", "ovn-remote": "unix:/run/ovn/ovnsb_db.sock"},
			want: Identity{Chassis: "dpu1", Hostname: "kernel", Bridge: "br-int", Remotes: []string{"unix:/run/ovn/ovnsb_db.sock"}},
		},
		{
			name: "a file without a last newline", ids: full, override: "dpu2",
			want: Identity{Chassis: "dpu2", Hostname: "dpu2.example.org", Bridge: "br-b", Remotes: []string{"ssl:192.0.2.2:6642"}},
		},
		{
			name: "a file with only a carriage return at its end", ids: full, override: "dpu2\r",
			want: Identity{Chassis: "dpu2", Hostname: "dpu2.example.org", Bridge: "br-b", Remotes: []string{"ssl:192.0.2.2:6642"}},
		},
		{
			name: "a file from Windows: ovn-controller keeps the carriage return", ids: full, override: "dpu2\r\n",
			want:     Identity{Chassis: "dpu2\r", Hostname: "dpu1.example.org", Bridge: "br-a", Remotes: []string{"tcp:192.0.2.1:6642"}},
			problems: []string{`chassis "dpu2\r"`},
		},
		{
			name: "a file whose first line is empty names the empty chassis", ids: full, override: "\ndpu2\n",
			want:     Identity{Hostname: "dpu1.example.org", Bridge: "br-a", Remotes: []string{"tcp:192.0.2.1:6642"}},
			problems: []string{"first line of system-id-override is empty"},
		},
		{
			name: "ovn-controller reads 63 bytes of the file", ids: full, override: strings.Repeat("x", 64) + "\n",
			want: Identity{Chassis: strings.Repeat("x", 63), Hostname: "dpu1.example.org", Bridge: "br-a",
				Remotes: []string{"tcp:192.0.2.1:6642"}},
			problems: []string{"longer than 63 bytes"},
		},
		{
			name: "63 bytes and a newline are not too many", ids: full, override: strings.Repeat("x", 63) + "\n",
			want: Identity{Chassis: strings.Repeat("x", 63), Hostname: "dpu1.example.org", Bridge: "br-a", Remotes: []string{"tcp:192.0.2.1:6642"}},
		},
		{
			name: "nothing is set", ids: nil,
			want:     Identity{Hostname: "kernel", Bridge: "br-int"},
			problems: []string{"external_ids:system-id=NAME", "external_ids:ovn-remote="},
		},
		{
			name: "a key for the chassis counts also when it is empty", ids: map[string]string{
				"system-id": "dpu1", "ovn-bridge": "br-a", "ovn-bridge-dpu1": "", "ovn-remote": "tcp:192.0.2.1:6642", "ovn-remote-dpu1": "",
			},
			want:     Identity{Chassis: "dpu1", Hostname: "kernel"},
			problems: []string{"ovn-bridge is empty", "no Southbound is named"},
		},
		{
			name: "system-id has no key for one chassis",
			ids:  map[string]string{"system-id": "dpu1", "system-id-dpu1": "dpu9", "ovn-remote": "tcp:192.0.2.1"},
			want: Identity{Chassis: "dpu1", Hostname: "kernel", Bridge: "br-int", Remotes: []string{"tcp:192.0.2.1"}},
		},
		{
			name: "without a chassis no key ends in a hyphen", ids: map[string]string{"ovn-bridge-": "br-x", "ovn-remote": "tcp:192.0.2.1:6642"},
			want:     Identity{Hostname: "kernel", Bridge: "br-int", Remotes: []string{"tcp:192.0.2.1:6642"}},
			problems: []string{"nothing names the chassis"},
		},
		{
			name: "good endpoints are used, bad ones are named", ids: map[string]string{
				"system-id": "dpu1", "ovn-remote": "tcp:192.0.2.1:99999,ssl:[2001:db8::1]:6642,ptcp:6642,unix:relative,tcp:192.0.2.2:6642",
			},
			want: Identity{Chassis: "dpu1", Hostname: "kernel", Bridge: "br-int", Remotes: []string{"ssl:[2001:db8::1]:6642", "tcp:192.0.2.2:6642"}},
			problems: []string{
				`"tcp:192.0.2.1:99999": the port must be`, `"ptcp:6642": it must begin with`, `"unix:relative": the socket's path must be absolute`,
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Identify(tc.ids, Config{Chassis: tc.flag}, tc.override, "kernel")
			if len(got.Problems) != len(tc.problems) {
				t.Errorf("problems %q, want %d", got.Problems, len(tc.problems))
			}
			for i, p := range tc.problems {
				if i < len(got.Problems) && !strings.Contains(got.Problems[i], p) {
					t.Errorf("problem %q doesn't tell %q", got.Problems[i], p)
				}
			}
			got.Problems = nil
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestIdentify_ManyRemotesAreCut(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("bad:" + strings.Repeat("x", 1000) + ",tcp:host" + strings.Repeat("y", i%100) + ":6642,")
	}
	id := Identify(map[string]string{"system-id": "dpu1", "ovn-remote": b.String()}, Config{}, "", "kernel")
	if len(id.Remotes) != remotesMost/2 || len(id.Problems) != 1+remotesMost/2 || !strings.Contains(id.Problems[0], "names 2000 endpoints") {
		t.Errorf("%d remotes, %d problems, first %q", len(id.Remotes), len(id.Problems), id.Problems[:1])
	}
	for _, p := range id.Problems {
		if len(p) > 1000 {
			t.Errorf("a problem of %d bytes", len(p))
		}
	}
}

// FuzzIdentify: whatever the local database and the file hold, the remotes are
// endpoints, each once and taken from the list, and the problems may be shown.
func FuzzIdentify(f *testing.F) {
	f.Add("dpu1", "tcp:192.0.2.1:6642,ssl:[2001:db8::1]:6642", "", "")
	f.Add("dpu1", "unix:/a,b,cid:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "dpu2\r\n", "ssl:b")
	f.Add("", ",,tcp:\x00,ssl:]:1", "\n", "tcp::6642")
	f.Fuzz(func(t *testing.T, systemID, remote, override, forChassis string) {
		ids := map[string]string{"system-id": systemID, "ovn-remote": remote, "ovn-remote-" + systemID: forChassis}
		id := Identify(ids, Config{}, override, "kernel")
		seen := map[string]bool{}
		for _, r := range id.Remotes {
			if dbconn.CheckEndpoint(r) != nil || seen[r] || (!strings.Contains(remote, r) && !strings.Contains(forChassis, r)) {
				t.Errorf("remote %q of %q and %q", r, remote, forChassis)
			}
			seen[r] = true
		}
		if (id.Chassis == "" || len(id.Remotes) == 0) && len(id.Problems) == 0 {
			t.Errorf("%+v without a problem", id)
		}
		for _, p := range id.Problems {
			if len(p) > 2000 || !utf8.ValidString(p) || strings.ContainsAny(p, "\x00\x1b\n\r\t\x7f") {
				t.Errorf("not fit to be shown: %q", p)
			}
		}
	})
}
