package southbound

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/representord/representord/test/servers"
)

// ovsdb(7), "Backing Up and Restoring a Database": a clustered database is put back in
// place with ovsdb-client, and keeps the cluster's id.
func TestIdentity_ADatabaseThatIsRestoredInPlaceIsAnotherOne(t *testing.T) {
	for kind, start := range map[string]func() *servers.OVSDB{
		"clustered":  func() *servers.OVSDB { return servers.NewCluster(t, "sb", servers.SchemaOVNSouthbound, 1).Members[0] },
		"standalone": func() *servers.OVSDB { return servers.NewOVSDB(t, "sb", servers.SchemaOVNSouthbound) },
	} {
		t.Run(kind, func(t *testing.T) {
			d := start()
			w := write(t, d.Endpoint)
			w.insert("SB_Global", ovsdb.Row{"ipsec": false})
			w.chassis("dpu1")
			w.add("one", w.us(), nil)
			f := follow(t, dpu1(d.Endpoint))
			f.untilDispositions(map[string]Disposition{"one": Asked})
			backup, err := exec.CommandContext(t.Context(), "ovsdb-client", "backup", d.Endpoint, "OVN_Southbound").Output()
			if err != nil {
				t.Fatal(err)
			}
			w.add("two", w.us(), nil) // came after the backup, and runs
			before := f.untilDispositions(map[string]Disposition{"one": Asked, "two": Asked})
			restore := exec.CommandContext(t.Context(), "ovsdb-client", "restore", d.Endpoint, "OVN_Southbound")
			restore.Stdin = fileWith(t, backup)
			if out, err := restore.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			after := f.untilDispositions(map[string]Disposition{"one": Asked})
			if before.Identity == after.Identity {
				t.Errorf("the contents are older ones, and the identity is %s as before", after.Identity)
			}
			if after.Names.IsIn(before.Names.String()) {
				t.Errorf("a restart takes %s for %s", after.Names, before.Names)
			}
		})
	}
}

// fileWith is a file with this in it: ovsdb-client wants to seek.
func fileWith(t *testing.T, text []byte) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
