package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/representord/representord/internal/retry"
)

// Backup is all that a database has, as `ovsdb-client backup` gives it. A member of a cluster
// that has just lost its leader refuses that, and is asked again.
func (d *OVSDB) Backup(tb testing.TB, database string) string {
	tb.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		// Not Tool, which trims: a backup ends with the end of its last line.
		cmd := exec.Command(program(tb, "ovsdb-client"), "--timeout=60", "backup", d.Endpoint, database)
		cmd.Dir, cmd.Env = d.Dir, environment(d.Dir)
		out, err := cmd.Output()
		switch {
		case err == nil:
			return string(out)
		case time.Now().After(deadline):
			tb.Fatalf("backup of %s: %v", filepath.Base(d.Dir), err)
		}
		retry.Pause(100 * time.Millisecond)
	}
}

// RestoreInPlace puts a backup into a database whose server runs, as ovsdb(7) has it for
// clusters: all rows are replaced in one transaction, and get other uuids.
func (d *OVSDB) RestoreInPlace(tb testing.TB, database, backup string) {
	tb.Helper()
	file := filepath.Join(Dir(tb), "backup") // it seeks
	if err := os.WriteFile(file, []byte(backup), 0o600); err != nil {
		tb.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer in.Close()
	cmd := exec.Command(program(tb, "ovsdb-client"), "--timeout=60", "restore", d.Endpoint, database)
	cmd.Dir, cmd.Env, cmd.Stdin = d.Dir, environment(d.Dir), in
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("restoring %s: %v\n%s", database, err, out)
	}
}
