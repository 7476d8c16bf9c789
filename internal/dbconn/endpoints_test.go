package dbconn

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEndpointsAreSplitAsOVSDoes(t *testing.T) {
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
