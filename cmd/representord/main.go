// Command representord keeps the representor ports of OVN's integration bridge
// equal to what OVN's Southbound asks of this chassis.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/representord/representord/internal/agent"
)

// version is set by the linker.
var version = "devel"

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
	p := program{stdout: os.Stdout, stderr: os.Stderr, version: version, open: open}
	return p.run(ctx, os.Args[1:])
}
