package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyOneHasTheLockOfABridge(t *testing.T) {
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
		other.release()
	}
	first.release()
	again, err := acquire(dir, "br-int")
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	again.release()
}

func TestALockFileStaysInItsDirectoryWhateverTheBridgeIsCalled(t *testing.T) {
	dir := t.TempDir()
	for _, bridge := range []string{"../../etc/passwd", "..", ".", "", "a/b", "a\x00b"} {
		l, err := acquire(dir, bridge)
		if err != nil {
			t.Errorf("%q: %v", bridge, err)
			continue
		}
		if filepath.Dir(l.path) != dir {
			t.Errorf("%q: lock file %s", bridge, l.path)
		}
		l.release()
	}
}

func TestABridgeNameThatIsTooLongIsAnError(t *testing.T) {
	if _, err := acquire(t.TempDir(), strings.Repeat("x", 1000)); err == nil || errors.Is(err, errLocked) {
		t.Errorf("%v, want an error of the file system", err)
	}
}

func TestALockWhoseFileWasRemovedIsNotIntact(t *testing.T) {
	dir := t.TempDir()
	l, err := acquire(dir, "br-int")
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if !l.intact() {
		t.Error("not intact at once")
	}
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	if l.intact() {
		t.Error("intact without its file")
	}
	second, err := acquire(dir, "br-int")
	if err != nil {
		t.Fatal(err)
	}
	defer second.release()
	if l.intact() || !second.intact() {
		t.Errorf("after another file was locked: first intact %v, second %v", l.intact(), second.intact())
	}
}
