//go:build packages

package packages

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Nothing that differs between two builders may show: the folder, the time, the time zone, the umask,
// what the compiler has kept of earlier builds.
func TestPackages_AreBuiltWithTheSameBytesAgain(t *testing.T) {
	top, dist := t.TempDir(), t.TempDir()
	copyCheckout(t, top)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "umask 077; exec packaging/build")
	cmd.Dir = top
	for _, v := range os.Environ() {
		// What make has set for the first build is not for this one.
		if !strings.HasPrefix(v, "MAKE") && !strings.HasPrefix(v, "MFLAGS") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "TZ=Asia/Kathmandu", "LC_ALL=C.UTF-8", "GOCACHE="+t.TempDir(), "DIST="+dist,
		"WORK="+filepath.Join(top, "work"), "GO=go", "MAKE=make")
	execute(t, cmd)

	first, again := read(t, filepath.Join(given(t, "DIST"), "SHA256SUMS")), read(t, filepath.Join(dist, "SHA256SUMS"))
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("SHA256SUMS (-first +again):\n%s", diff)
	}
	t.Logf("both times:\n%s", again)
	for _, dir := range []string{given(t, "DIST"), dist} {
		run(t, "sh", "-c", `cd "$1" && sha256sum --check --strict --quiet SHA256SUMS`, "sh", dir)
	}
}

// copyCheckout copies what git has of the checkout, as it is now, without its history.
func copyCheckout(t *testing.T, to string) {
	t.Helper()
	run(t, "bash", "-c", `set -euo pipefail; cd ../..
		git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | cpio --quiet -pdm "$1"`, "bash", to)
}
