// Command representorctl asks representord, and the card, about representors.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/card"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/representor"
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
	p := program{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		now:    time.Now,
		readCard: func(ctx context.Context, s representor.Settings) (representor.Card, error) {
			return card.Read(ctx, card.Options{Settings: s})
		},
		readEswitches: readEswitches,
		readDatapath:  datapath.New().Statistics,
		companions: func(endpoint string) []companion.Search {
			return companion.Searches(endpoint, os.Getenv)
		},
		openCard: agent.WatchCard,
		version:  version,
		commit:   commit,
		colours:  wantsColours(os.Stdout, os.Getenv),
	}
	return p.run(ctx, os.Args[1:])
}
