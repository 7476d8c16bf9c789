// Command representord keeps the representor ports of OVN's integration bridge
// equal to what OVN's Southbound asks of this chassis.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/representord/representord/internal/agent"
)

// version and commit are set by the linker.
var (
	version = "devel"
	commit  string //nolint:gochecknoglobals // the linker sets nothing else
)

func main() {
	os.Exit(run(agent.WatchCard))
}

func run(open agent.OpenCard) int {
	// A terminal that goes away, or a reader of the log, is no reason to end. Without this the
	// Go runtime ends us at the first write to a standard error that nobody reads, also where
	// SIGPIPE was ignored by whoever started us (os/signal, "SIGPIPE").
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends us the hard way.
	context.AfterFunc(ctx, stop)
	p := program{stdout: os.Stdout, stderr: os.Stderr, version: version, commit: commit, open: open}
	return p.run(ctx, os.Args[1:])
}

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
