// Command representord keeps the representor ports of OVN's integration bridge
// equal to what OVN's Southbound asks of this chassis.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/representord/representord/agent"
)

// version is set by the linker.
var version = "devel"

func main() {
	os.Exit(run(agent.WatchCard))
}

func run(open agent.OpenCard) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends us the hard way.
	context.AfterFunc(ctx, stop)
	p := program{stdout: os.Stdout, stderr: os.Stderr, version: version, open: open}
	return p.run(ctx, os.Args[1:])
}
