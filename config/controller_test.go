package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/representord/representord/config"
	"github.com/representord/representord/test/servers"
)

// TestIdentify_AgreesWithARealOVNController lets a real ovn-controller register
// itself and compares what it calls itself with what we think it does.
func TestIdentify_AgreesWithARealOVNController(t *testing.T) {
	central := servers.OVN(t)
	for _, tc := range []struct {
		name     string
		file     bool // there is an override file
		override string
		ids      map[string]string
	}{
		{"from the local database", false, "", map[string]string{"system-id": "plain", "hostname": "a.example.org"}},
		{"the kernel's host name", false, "", map[string]string{"system-id": "kernel"}},
		{"an override file", true, "override\nsecond line\n", map[string]string{"system-id": "unused", "hostname": "b.example.org"}},
		{"an override file from Windows", true, "windows\r\n", map[string]string{"system-id": "unused"}},
		{"an override file without a newline", true, "bare\r", map[string]string{"system-id": "unused"}},
		{"an override file with a long line", true, strings.Repeat("long", 20) + "\n", map[string]string{"system-id": "unused"}},
		{"an empty override file", true, "", map[string]string{"system-id": "fallback"}},
		{"keys for the chassis", false, "", map[string]string{
			"system-id": "own", "hostname": "c.example.org", "hostname-own": "own.example.org", "hostname-other": "other.example.org",
			"ovn-bridge": "br-a", "ovn-bridge-own": "br-own", "ovn-remote-own": central.SB.Endpoint, "unreachable": "yes",
		}},
	} {
		// One after the other: two Chassis rows can't have the tunnel endpoint 127.0.0.1.
		t.Run(tc.name, func(t *testing.T) {
			local := servers.OpenVSwitch(t)
			c := config.Config{OVNSysconf: local.Dir}
			if tc.file {
				if err := os.WriteFile(c.SystemIDOverride(), []byte(tc.override), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			remote := central.SB.Endpoint
			if tc.ids["unreachable"] != "" {
				remote = "unix:" + filepath.Join(local.Dir, "nobody") // the chassis' own key comes first
			}
			for key, value := range tc.ids {
				local.Ctl(t, "set", "open", ".", `external_ids:`+key+`="`+value+`"`)
			}
			p := servers.Controller(t, local, remote)
			kernel, err := os.Hostname()
			if err != nil {
				t.Fatal(err)
			}
			ids := externalIDs(t, local)
			id := config.Identify(ids, c, tc.override, kernel)
			if !slices.Equal(id.Remotes, []string{central.SB.Endpoint}) {
				t.Errorf("remotes %q", id.Remotes)
			}
			servers.Until(t, "ovn-controller has its Chassis row, and its bridge", func() bool {
				out, err := central.TrySbctl("--bare", "--columns=name", "find", "Chassis", "name="+strconv.Quote(id.Chassis),
					"hostname="+strconv.Quote(id.Hostname))
				return err == nil && out != "" && slices.Contains(strings.Fields(local.Ctl(t, "list-br")), id.Bridge)
			})
			servers.StopController(t, local, p)
		})
	}
}

// externalIDs reads the whole map.
func externalIDs(tb testing.TB, local *servers.OVSDB) map[string]string {
	tb.Helper()
	var reply struct {
		Data [][]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(local.Ctl(tb, "--format=json", "--columns=external_ids", "list", "open")), &reply); err != nil {
		tb.Fatal(err)
	}
	var column []json.RawMessage
	if err := json.Unmarshal(reply.Data[0][0], &column); err != nil {
		tb.Fatal(err)
	}
	var pairs [][2]string
	if err := json.Unmarshal(column[1], &pairs); err != nil {
		tb.Fatal(err)
	}
	ids := map[string]string{}
	for _, p := range pairs {
		ids[p[0]] = p[1]
	}
	return ids
}
