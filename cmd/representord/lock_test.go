package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock_OnlyOneHasThatOfABridge(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first, err := acquire(dir, "br-int")
	if err != nil {
		t.Fatal(err)
	}
	_, err = acquire(dir, "br-int")
	if !errors.Is(err, errLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("second: %v, want errLocked with our pid", err)
	}
	other, err := acquire(dir, "br-other")
	if err != nil {
		t.Errorf("another bridge: %v", err)
	} else {
		other.Release()
	}
	first.Release()
	again, err := acquire(dir, "br-int")
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again.Release()
}

func TestLock_TheFileStaysInItsDirectoryWhateverTheBridgeIsCalled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for _, bridge := range []string{"../../etc/passwd", "..", ".", "", "a/b", "a\x00b"} {
		l, err := acquire(dir, bridge)
		if err != nil {
			t.Errorf("%q: %v", bridge, err)
			continue
		}
		if filepath.Dir(l.Path()) != dir {
			t.Errorf("%q: lock file %s", bridge, l.Path())
		}
		l.Release()
	}
}

func TestLock_ABridgeNameThatIsTooLongIsAnError(t *testing.T) {
	if _, err := acquire(filepath.Join(t.TempDir(), "run"), strings.Repeat("x", 1000)); err == nil || errors.Is(err, errLocked) {
		t.Errorf("%v, want an error of the file system", err)
	}
}

func TestLock_InADirectoryThatOthersMayWriteNamesTheSetting(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(dir, "br-int"); err == nil || !strings.HasPrefix(err.Error(), "run-dir: directory "+dir) {
		t.Errorf("%v, want an error of run-dir", err)
	}
}
