// Command vf-reporter tells, on a hypervisor, what identifies each VF to a DPU.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/netdev"
	"github.com/representord/representord/internal/vpd"
)

// version and commit are set by the linker.
var (
	version = "devel"
	commit  string //nolint:gochecknoglobals // the linker sets nothing else
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kernel := netdev.New()
	defer kernel.Close()
	p := program{
		stdout:      os.Stdout,
		stderr:      os.Stderr,
		links:       kernel,
		software:    func() hypervisor.Software { return hypervisor.FindSoftware("/") },
		vpdDeadline: vpd.Deadline,
		patience:    300 * time.Millisecond,
		version:     version,
		commit:      commit,
	}
	return p.run(ctx, os.Args[1:])
}
