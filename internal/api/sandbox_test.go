package api

import (
	"errors"
	"os"
	"os/user"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The unit's SystemCallFilter= answers chown with EPERM. What a process makes belongs
// to its group all the same, so with Group= in the unit there is nothing to change.
func TestGrant_TheSocketOfOurOwnGroupNeedsNoChown(t *testing.T) {
	path := socketPath(t)
	group, err := user.LookupGroupId(mine(t).Gid)
	if err != nil {
		t.Fatal(err)
	}
	inSandbox(t, func() {
		l, err := Listen(t.Context(), path)
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		if err := Grant(path, group.Name); err != nil {
			t.Errorf("our own group: %v", err)
		}
		if info, err := os.Lstat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
			t.Errorf("the socket is %v, %v, want srw-rw----", info.Mode(), err)
		}
	})
}

func TestGrant_AGroupThatCantBeGivenNamesTheRemedy(t *testing.T) {
	path := socketPath(t)
	other, err := user.LookupGroup("daemon")
	if err != nil {
		t.Fatal(err)
	}
	inSandbox(t, func() {
		l, err := Listen(t.Context(), path)
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		err = Grant(path, other.Name)
		if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "add Group=daemon to it") {
			t.Errorf("%v, want EPERM and the remedy", err)
		}
	})
}

func mine(t *testing.T) *user.User {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return me
}

// inSandbox runs f on a thread of its own on which chown and its like fail with
// EPERM, by seccomp(2); the thread ends with it.
func inSandbox(t *testing.T, f func()) {
	t.Helper()
	numbers := []uint32{unix.SYS_FCHOWN, unix.SYS_FCHOWNAT}
	if runtime.GOARCH == "amd64" {
		numbers = append(numbers, 92, 94) // chown, lchown; newer architectures have none
	}
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // seccomp_data.nr
	for _, number := range numbers {
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: number},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)})
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}

	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked, so that the thread isn't used again
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			t.Errorf("no_new_privs: %v", err)
			return
		}
		if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0); err != nil {
			t.Errorf("seccomp: %v", err)
			return
		}
		f()
	}()
	<-done
}
