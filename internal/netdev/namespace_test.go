package netdev

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/leaks"
)

// inside marks the process that runs in a network namespace of its own.
const inside = "REPRESENTORD_TEST_NETNS"

// TestMain moves the whole test into a new network namespace, where it may do as
// it likes: it begins again there, because only then all threads are inside.
func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" {
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), inside+"=1"))
		}
		fmt.Fprintf(os.Stderr, "these tests need a network namespace of their own, which needs CAP_SYS_ADMIN: %v\n", err)
		os.Exit(1) //nolint:forbidigo // a TestMain is a main
	}
	leaks.Main(m)
}
