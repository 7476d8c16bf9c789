package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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

// source is where representors are looked up.
type source interface {
	Representors(context.Context) (api.Representors, error)
	Lookup(context.Context, url.Values) (api.Lookup, error)
}

// sources chooses a source by the flags of one command.
type sources struct {
	program *program

	kernel         bool
	devlinkJSON    *pflag.Flag
	localFunctions bool
}

func (p *program) addSources(cmd *cobra.Command) *sources {
	s := &sources{program: p}
	f := cmd.Flags()
	f.BoolVar(&s.kernel, "kernel", false, "ask the kernel, not the daemon")
	f.String("devlink-json", "", "read the output of \"devlink -j port show\" from this file, - for standard input")
	s.devlinkJSON = f.Lookup("devlink-json")
	f.BoolVar(&s.localFunctions, "local-functions", false,
		"with --kernel or --devlink-json: admit functions of the machine itself, as the daemon does with that setting")
	_ = cmd.MarkFlagFilename("devlink-json", "json")
	return s
}

// daemonPatience is how long the daemon may take before the kernel is asked instead.
// It is much less than patience: the kernel takes its time as well.
const daemonPatience = 3 * time.Second

// ask puts a question to the source that the flags choose.
func ask[T any](ctx context.Context, s *sources, question func(context.Context, source) (T, error)) (T, error) {
	if !s.kernel && !s.devlinkJSON.Changed {
		bounded, cancel := context.WithTimeout(ctx, daemonPatience)
		defer cancel()
		answer, err := question(bounded, s.program.client())
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
		var none T
		return none, err
	}
	return question(ctx, card)
}

// check looks at the flags.
func (s *sources) check() error {
	if s.kernel && s.devlinkJSON.Changed {
		return errors.New("--kernel and --devlink-json are two sources: give one of them")
	}
	return nil
}

// cardSource answers from a card that we have read ourselves.
type cardSource struct {
	facts api.Facts
	// remark, when there is one, is made on what is shown of all representors.
	remark func()
}

func (s cardSource) Representors(context.Context) (api.Representors, error) {
	if s.remark != nil {
		s.remark()
	}
	return s.facts.Representors(), nil
}

func (s cardSource) Lookup(_ context.Context, question url.Values) (api.Lookup, error) {
	return s.facts.Lookup(question)
}

func (s *sources) fromKernel(ctx context.Context) (source, error) {
	card, err := s.program.readCard(ctx, s.settings())
	// What was read in part is worth showing; the index says that it isn't complete.
	if err != nil && len(card.Ports) == 0 {
		problem := cmp.Or(card.Problem, err.Error())
		return nil, &api.Error{Status: http.StatusServiceUnavailable, Problem: api.Problem{
			Error: "the card can't be read: " + problem, Reason: &reason.Reason{Code: reason.CodeNoDevlink, Message: problem},
		}}
	}
	return cardSource{facts: s.factsOf(card)}, nil
}

// factsOf are facts of nothing but a card.
func (s *sources) factsOf(card representor.Card) api.Facts {
	return api.Facts{Index: representor.NewIndex(card, s.settings())}
}

func (s *sources) settings() representor.Settings {
	return representor.Settings{LocalFunctions: s.localFunctions}
}
