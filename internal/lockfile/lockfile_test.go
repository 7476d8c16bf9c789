package lockfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// runDir is a path for a lock in a directory that isn't there yet.
func runDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "run", "br-int.lock")
}

// made is a path for a lock in a directory that is there, with a mode.
func made(t *testing.T, mode os.FileMode) string {
	t.Helper()
	path := runDir(t)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func take(t *testing.T, path string) *Lock {
	t.Helper()
	l, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Release)
	return l
}

func TestLock_IsOnesAtATimeAndTellsWhose(t *testing.T) {
	path := runDir(t)
	first := take(t, path)
	_, err := Take(path)
	held, ok := errors.AsType[*HeldError](err)
	if want := fmt.Sprintf("pid %d", os.Getpid()); !ok || held.Holder != want || held.Path != path {
		t.Errorf("second: %v, want that %s holds %s", err, want, path)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v, %v, want -rw-------", info.Mode(), err)
	}
	first.Release()
	take(t, path)
}

// So long as a process that is being started isn't another program yet, it has all of our files.
func TestLock_IsGivenBackThoughAForkedProcessHasItsFileStill(t *testing.T) {
	path := runDir(t)
	l := take(t, path)
	forked, err := unix.Dup(int(l.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(forked) }()
	l.Release()
	take(t, path)
}

func TestLock_WhoseFileWasRemovedIsNotIntact(t *testing.T) {
	path := runDir(t)
	l := take(t, path)
	if !l.Intact() {
		t.Error("not intact at once")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if l.Intact() {
		t.Error("intact without its file")
	}
	second := take(t, path)
	if l.Intact() || !second.Intact() {
		t.Errorf("after another file was locked: first intact %v, second %v", l.Intact(), second.Intact())
	}
}

func TestLock_AFileThatIsNotOursIsRefusedAndLeftAlone(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(path, victim string) error
		says string
	}{
		{"a symbolic link", func(path, victim string) error { return os.Symlink(victim, path) }, "is a symbolic link"},
		{"another name of a file", func(path, victim string) error { return os.Link(victim, path) }, "has 2 names"},
		{"a pipe", func(path, _ string) error { return unix.Mkfifo(path, 0o600) }, "is no regular file"},
		{"somebody else's", func(path, _ string) error {
			return errors.Join(os.WriteFile(path, []byte("theirs"), 0o600), os.Chown(path, 65534, 65534))
		}, "belongs to uid 65534"},
	} {
		path := made(t, 0o755)
		victim := filepath.Join(filepath.Dir(path), "precious")
		if err := os.WriteFile(victim, []byte("data"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.make(path, victim); err != nil {
			t.Fatal(err)
		}
		_, err := Take(path)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v, want %q, the path and the remedy", c.name, err, c.says)
		}
		if b, err := os.ReadFile(victim); err != nil || string(b) != "data" {
			t.Errorf("%s: the file behind it holds %q, %v", c.name, b, err)
		}
	}
}

func TestLock_IsOnlyTakenWhereNobodyElseMayWrite(t *testing.T) {
	for mode, fine := range map[os.FileMode]bool{
		0o700: true, 0o755: true, 0o750: true, 0o755 | os.ModeSticky: true,
		0o775: true, // of root's group
		0o777: false, 0o702: false, 0o777 | os.ModeSticky: false,
	} {
		path := made(t, mode)
		l, err := Take(path)
		l.Release()
		if (err == nil) != fine {
			t.Errorf("mode %v: %v, want a lock: %v", mode, err, fine)
		}
		if err != nil && (!strings.Contains(err.Error(), filepath.Dir(path)) || !strings.Contains(err.Error(), "chmod go-w")) {
			t.Errorf("mode %v: %v, want the directory and the remedy", mode, err)
		}
	}
	for _, owner := range []struct{ uid, gid int }{{65534, 0}, {0, 65534}} {
		path := made(t, 0o775)
		if err := os.Chown(filepath.Dir(path), owner.uid, owner.gid); err != nil {
			t.Fatal(err)
		}
		if _, err := Take(path); err == nil {
			t.Errorf("a lock in a directory of mode 0775 of %+v", owner)
		}
	}
}
