package servers

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Script writes a program that can be run at once. No process that another test starts
// meanwhile inherits the open file: the kernel refuses to run what somebody may still write
// (ETXTBSY, execve(2)).
func Script(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(text), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		tb.Fatal(err)
	}
}
