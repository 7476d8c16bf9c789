package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/agent"
	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/companion"
	"github.com/representord/representord/internal/datapath"
	"github.com/representord/representord/internal/diagnose"
	"github.com/representord/representord/internal/doctor"
	"github.com/representord/representord/internal/ovn/northbound"
	"github.com/representord/representord/internal/reason"
	"github.com/representord/representord/representor"
)

const name = "representorctl"

// Exit statuses.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitUnreachable = 4
	exitUnknown     = 5
	exitChassis     = 6
	exitRefused     = 7
	exitNotPlugged  = 8
	exitUnhealthy   = 9
)

// patience bounds a whole command, but for one that is to go on; the daemon answers
// in milliseconds.
const patience = 15 * time.Second

// program is one run of representorctl.
type program struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	// readCard reads the card from the kernel.
	readCard func(context.Context, representor.Settings) (representor.Card, error)
	// readEswitches asks the kernel for the modes of the devices' eswitches.
	readEswitches func(context.Context) (map[devlink.Handle]doctor.Eswitch, error)
	// readDatapath asks the kernel what it counted in the datapath of a name.
	readDatapath func(context.Context, string) (datapath.Statistics, error)
	// companions gives where the programs beside the daemon are looked for.
	companions func(endpoint string) []companion.Search
	// openCard watches the kernel's card.
	openCard agent.OpenCard
	version  string
	commit   string
	// colours: standard output is a terminal that shows them.
	colours bool

	socket string
	json   bool
	ran    bool // a command was understood and began
	// instead is what a command names to be run where no daemon answers.
	instead []string
	// cut: a reason that was shown is told in full elsewhere.
	cut bool
}

// run does what the arguments say and gives the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.command()
	root.SetArgs(args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return p.status(cmd.CommandPath(), err)
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   name,
		Short: "Ask representord, and the card, about representors",
		Long: `Ask representord, the daemon that plugs DPU representors into OVN's integration
bridge, what it does and why; find representors on the card; and bind logical
switch ports to the functions of a card.

Exit status:
  0  done
  1  error
  2  wrong usage; plan --offline: wrong configuration
  3  lookup: no such function, or it can't be plugged now
     ports LOGICAL-PORT, explain: not known, or not plugged
     serial: a card that serves a host isn't published
     bind, unbind: no such logical port
     release-hold: more came to be held meanwhile, and stays
  4  no daemon answers; bind, unbind, plan --offline: a database can't be reached
  5  not known now: the daemon starts or stands by, or not all of the card can be read;
     explain: too many ask at the same time;
     bind --wait: the port was up before, for something else, and stays so
  6  bind: no chassis has the card's serial number, or several have
  7  bind, unbind: the port is refused
  8  bind --wait: not plugged in time
  9  doctor: a check FAILs`,
		Version:       cli.Version(p.version, p.commit),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.PersistentFlags().StringVar(&p.socket, "control-socket", api.DefaultSocket, "unix socket of the daemon")
	root.PersistentFlags().BoolVarP(&p.json, "json", "j", false, "print JSON")
	root.AddCommand(p.statusCommand(), p.portsCommand(), p.explainCommand(), p.doctorCommand(), p.representorsCommand(),
		p.lookupCommand(), p.drawCommand(),
		p.planCommand(), p.eventsCommand(), p.serialCommand(), p.bindCommand(), p.unbindCommand(), p.releaseHoldCommand(),
		p.reconcileCommand(), p.logLevelCommand())
	return root
}

// begin marks that a command was understood, as all of its checks come before, and
// bounds it.
func (p *program) begin(run func(context.Context, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.ran = true
		ctx, cancel := context.WithTimeout(cmd.Context(), patience)
		defer cancel()
		return run(ctx, args)
	}
}

// open opens a file, or standard input for "-".
func (p *program) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(p.stdin), nil
	}
	return os.Open(path)
}

func (p *program) client() *api.Client { return api.NewClient(p.socket) }

// show prints what was answered: all of it as JSON, or what write makes of it. verdict
// gives the exit status that an answer stands for.
func show[T any](p *program, write func(*strings.Builder, T), verdict func(T) int) func(T, error) error {
	return func(answer T, err error) error {
		if err != nil {
			return err
		}
		return p.end(answer, verdict(answer), func(out *strings.Builder) { write(out, answer) })
	}
}

// done gives exitOK, whatever is answered.
func done[T any](T) int { return exitOK }

// current gives exitUnknown where what is told of ports is not how they are now.
func current[T interface{ Current() bool }](answer T) int {
	return unless(answer.Current(), exitUnknown)
}

// end prints an answer, and ends the command with an exit status.
func (p *program) end(answer any, status int, text func(*strings.Builder)) error {
	return cli.End(p.stdout, p.json, answer, status, text)
}

// unless is the exit status of a command: that it is done if all is well, else another.
func unless(well bool, status int) int {
	if well {
		return exitOK
	}
	return status
}

// status tells an error of a command and gives the exit status that stands for it.
func (p *program) status(command string, err error) int {
	var (
		ended       cli.Exit
		refused     *api.Error
		unreachable *api.UnreachableError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ended):
		return ended.Tell(p.stderr, name)
	case !p.ran:
		fmt.Fprintf(p.stderr, "%s: %s\nTry '%s --help'.\n", name, usageError(err), command)
		return exitUsage
	case errors.As(err, &unreachable):
		remedy := "is representord running? systemctl status representord"
		switch {
		case unreachable.Hangs:
			remedy = "restart it, ports stay plugged: systemctl restart representord"
		case unreachable.Closed:
			remedy = "try again in a moment, or as root"
		case errors.Is(err, os.ErrPermission):
			remedy = diagnose.MayAsk
		}
		fmt.Fprintf(p.stderr, "%s: %s; %s\n", name, reason.OneLine(err), remedy)
		for _, instead := range p.instead {
			fmt.Fprintf(p.stderr, "%s: %s\n", name, instead)
		}
		return exitUnreachable
	case errors.As(err, &refused):
		return p.refused(refused)
	}
	fmt.Fprintf(p.stderr, "%s: %s\n", name, reason.OneLine(err))
	return bindingStatus(err)
}

// usageError shows what is wrong with a command: several things in a line, and as it is
// what cobra lays out in lines, such as what else may have been meant.
func usageError(err error) string {
	if _, several := err.(interface{ Unwrap() []error }); several {
		return reason.OneLine(err)
	}
	return err.Error()
}

// bindingStatus gives the exit status for an error of bind and unbind.
func bindingStatus(err error) int {
	e, ok := errors.AsType[*northbound.Error](err)
	if !ok {
		return exitError
	}
	switch e.Kind {
	case northbound.NoPort:
		return exitNotFound
	case northbound.NotPlugged:
		return exitNotPlugged
	case northbound.Unsure:
		return exitUnknown
	case northbound.Unreachable:
		return exitUnreachable
	case northbound.NoChassis:
		return exitChassis
	case northbound.Refused:
		return exitRefused
	}
	return exitError
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// refused tells why a question has no answer. Scripts that asked for JSON get
// that as JSON.
func (p *program) refused(e *api.Error) int {
	fmt.Fprintf(p.stderr, "%s: %s\n", name, reason.Line(e.Error()))
	if p.json {
		if err := cli.Print(p.stdout, true, e.Problem, nil); err != nil {
			fmt.Fprintf(p.stderr, "%s: %v\n", name, err)
		}
	} else if e.Reason != nil {
		for _, c := range e.Reason.Candidates {
			fmt.Fprintf(p.stderr, "  candidate %s\n", reason.Line(c))
		}
	}
	return cmp.Or(map[int]int{
		http.StatusNotFound: exitNotFound, http.StatusBadRequest: exitUsage,
		http.StatusServiceUnavailable: exitUnknown, http.StatusTooManyRequests: exitUnknown,
	}[e.Status], exitError)
}
