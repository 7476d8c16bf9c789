package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

const sourceHelp = `

The daemon is asked. If none answers within 3 s, or with --kernel, the kernel is;
with --devlink-json, what "devlink -j port show" printed, on whatever machine.`

// sources chooses by the flags of one command where representors are looked up.
type sources struct {
	program *program

	kernel      bool
	devlinkJSON *pflag.Flag
	settings    representor.Settings
}

func (p *program) addSources(cmd *cobra.Command) *sources {
	s := &sources{program: p}
	f := cmd.Flags()
	f.BoolVar(&s.kernel, "kernel", false, "ask the kernel, not the daemon")
	f.String("devlink-json", "", "read the output of \"devlink -j port show\" from this file, - for standard input")
	s.devlinkJSON = f.Lookup("devlink-json")
	f.BoolVar(&s.settings.LocalFunctions, "local-functions", false,
		"with --kernel or --devlink-json: admit functions of the machine itself, as the daemon does with that setting")
	_ = cmd.MarkFlagFilename("devlink-json", "json")
	return s
}

// daemonPatience is how long the daemon may take before the kernel is asked instead.
// It is much less than patience: the kernel takes its time as well.
const daemonPatience = 3 * time.Second

// ask puts a question to the source that the flags choose: to the daemon, or to a card that
// we have read ourselves.
func ask[T any](
	ctx context.Context, s *sources, daemon func(context.Context) (T, error), own func(api.Facts) (T, error),
) (answer T, err error) {
	if !s.kernel && !s.devlinkJSON.Changed {
		bounded, cancel := context.WithTimeout(ctx, daemonPatience)
		defer cancel()
		answer, err = daemon(bounded)
		if !is[*api.UnreachableError](err) || ctx.Err() != nil {
			return answer, err
		}
		fmt.Fprintf(s.program.stderr, "%s: %v; the kernel is asked instead\n", name, err)
	}
	read := s.fromKernel
	if s.devlinkJSON.Changed {
		read = s.fromJSON
	}
	card, err := read(ctx)
	if err != nil {
		return answer, err
	}
	return own(api.Facts{Index: representor.NewIndex(card, s.settings)})
}

// check looks at the flags.
func (s *sources) check() error {
	if s.kernel && s.devlinkJSON.Changed {
		return errors.New("--kernel and --devlink-json are two sources: give one of them")
	}
	return nil
}

func (s *sources) fromKernel(ctx context.Context) (representor.Card, error) {
	card, err := s.program.readCard(ctx, s.settings)
	// What was read in part is worth showing; the index says that it isn't complete.
	if err != nil && len(card.Ports) == 0 {
		problem := cmp.Or(card.Problem, err.Error())
		return card, &api.Error{Status: http.StatusServiceUnavailable, Problem: api.Problem{
			Error: "the card can't be read: " + problem, Reason: &reason.Reason{Code: reason.CodeNoDevlink, Message: problem},
		}}
	}
	return card, nil
}
