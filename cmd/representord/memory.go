package main

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// saveMemory sets the collector up for a small machine, unless the environment
// says how it should be (a GOMEMLIMIT, as the unit has, is a bound beside that), and has
// the kernel give us small pages: where huge ones are the default
// (transparent_hugepage=always), a heap of few megabytes takes some more.
func saveMemory() {
	_ = unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0) // no harm without
	if os.Getenv("GOGC") == "" {
		// The heap grows by a quarter, not to twice what lives in it, before it is collected.
		// A DPU has little memory and we little garbage.
		debug.SetGCPercent(25)
	}
}
