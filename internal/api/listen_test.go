package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/lockfile"
)

func TestListen_TheSocketIsForOwnerAndGroupOnly(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("mode %v, want srw-rw----", info.Mode())
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || dir.Mode().Perm() != 0o755 {
		t.Errorf("directory: %v, %v, want mode 0755", dir.Mode(), err)
	}
}

func TestGrant_TheSocketIsGivenToTheGroup(t *testing.T) {
	group, err := user.LookupGroupId(mine(t).Gid)
	if os.Geteuid() == 0 {
		group, err = user.LookupGroup("daemon") // root may choose any
	}
	if err != nil {
		t.Fatal(err)
	}
	path := socketPath(t)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Grant(path, group.Name); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || strconv.FormatUint(uint64(stat.Gid), 10) != group.Gid || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("the socket is %+v's, want gid %s", info.Sys(), group.Gid)
	}
}

func TestGrant_AnUnknownGroupIsAnErrorThatNamesIt(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Grant(path, "no-such-group")
	if err == nil || !strings.Contains(err.Error(), `there is no group "no-such-group"; groupadd`) {
		t.Errorf("%v", err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("the socket is %v, %v, want it to stay its owner's", info.Mode(), err)
	}
}

func TestListen_ASocketThatSomebodyAnswersOnIsNotTaken(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(t.Context(), path); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, want ErrInUse", err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first listener lost its socket: %v", err)
	}
	_ = c.Close()
}

func TestListen_ASocketThatAProcessLeftBehindIsReplaced(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	left, ok := l.(*net.UnixListener)
	if !ok {
		t.Fatalf("%T", l)
	}
	left.SetUnlinkOnClose(false) // as SIGKILL would leave it
	_ = left.Close()
	l, err = Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestListen_AFileThatIsNoSocketIsLeftAlone(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("%v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("the file is %q, %v", b, err)
	}
}

func TestListen_TwoProcessesCantReplaceADeadSocketAtOnce(t *testing.T) {
	path := socketPath(t)
	other, err := lockfile.Take(lockPath(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	if _, err := Listen(t.Context(), path); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("%v, want ErrInUse with the pid", err)
	}
}

// Whoever may read a directory may lock it: every user of the machine.
func TestListen_TheSocketIsOpenedWhateverOthersLock(t *testing.T) {
	path := socketPath(t)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	other, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, how := range []int{unix.LOCK_SH, unix.LOCK_EX} {
		if err := unix.Flock(int(other.Fd()), how); err != nil {
			t.Fatal(err)
		}
		l, err := Listen(t.Context(), path)
		if err != nil {
			t.Errorf("while another process has a lock on the directory: %v", err)
			continue
		}
		_ = l.Close()
	}
	if info, err := os.Lstat(lockPath(path)); err != nil || info.Mode() != 0o600 {
		t.Errorf("our own lock file is %v, %v, want one that nobody else may open", info.Mode(), err)
	}
}

func TestListen_TheSocketIsNotOpenedWhereOthersMayPutTheirs(t *testing.T) {
	path := socketPath(t)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(t.Context(), path); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("%v, want a refusal with the remedy", err)
	}
}
