package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/devspec"
	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/reason"
)

const name = "vf-reporter"

// Exit statuses.
const (
	exitOK         = 0
	exitError      = 1
	exitUsage      = 2
	exitNoVF       = 3
	exitIncomplete = 4
	exitObstacle   = 5
)

// commandBound bounds a whole command.
const commandBound = 30 * time.Second

const defaultSysfs = "/sys"

// program is one run of vf-reporter.
type program struct {
	stdout, stderr io.Writer
	// links is the kernel's list of netdevs, for the kernel's own sysfs.
	links pci.Links
	// software finds what is installed of libvirt and OpenStack.
	software func() hypervisor.Software
	// vpdDeadline bounds the reading of one card.
	vpdDeadline time.Duration
	// patience is how long list waits for a card before it shows those after it.
	patience time.Duration
	version  string
	commit   string

	sysfs      string
	json       bool
	deviceSpec []string
	ran        bool // a command was understood and began
}

// run does what the arguments say and gives the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	ctx, cancel := context.WithTimeout(ctx, commandBound)
	defer cancel()
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
		Short: "Tell what identifies the VFs of this hypervisor to a DPU",
		Long: `Tell what identifies the VFs of this hypervisor to a DPU: the card's serial number,
the PF's permanent MAC address and the VF's number. Nothing is written, and nobody
is asked but the kernel. Serial numbers can be read by root only.

Exit status:
  0  done
  1  error
  2  wrong usage, or a device_spec that Nova would not start with
  3  profile: no such VF
  4  profile: a value that the format needs is missing
     serial: a card, or some of its functions, have no usable serial number
  5  check: something stops remote-managed bindings`,
		Version:       cli.Version(p.version, p.commit),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVar(&p.sysfs, "path.sysfs", defaultSysfs, "where sysfs is mounted, or a copy of another machine's")
	f.BoolVarP(&p.json, "json", "j", false, "print JSON")
	root.AddCommand(p.listCommand(), p.profileCommand(), p.serialCommand(), p.checkCommand())
	return root
}

// addDeviceSpec gives a command the option of Nova.
func (p *program) addDeviceSpec(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&p.deviceSpec, "device-spec", nil,
		"Nova's [pci]device_spec: JSON, or @FILE with JSON; may be repeated, as in nova.conf")
}

// begin marks that a command was understood, as all of its checks come before, and
// reads the host.
func (p *program) begin(run func(context.Context, *hypervisor.Inventory, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.ran = true
		inventory, err := p.take(cmd.Context())
		if err != nil {
			return err
		}
		defer inventory.Wait()
		return run(cmd.Context(), inventory, args)
	}
}

func (p *program) take(ctx context.Context) (*hypervisor.Inventory, error) {
	o := hypervisor.Options{Options: pci.Options{Sysfs: p.sysfs}, VPDDeadline: p.vpdDeadline, Patience: p.patience}
	if filepath.Clean(p.sysfs) == defaultSysfs {
		o.Links = p.links
	}
	for _, value := range p.deviceSpec {
		if file, is := strings.CutPrefix(value, "@"); is {
			b, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("device-spec: %w", err)
			}
			value = string(b)
		}
		o.DeviceSpec = append(o.DeviceSpec, value)
	}
	return hypervisor.Take(ctx, o)
}

// doubts tells what is odd about the host and device_spec. check has it among its
// findings.
func (p *program) doubts(i *hypervisor.Inventory) {
	if i.Specs != nil {
		for _, w := range i.Specs.Warnings {
			p.warn("%s", w)
		}
	}
	for _, w := range i.Host.Warnings {
		p.warn("%s", w)
	}
}

func (p *program) warn(format string, args ...any) {
	fmt.Fprintf(p.stderr, "%s: warning: %s\n", name, reason.Line(fmt.Sprintf(format, args...)))
}

// end prints an answer, and ends the command with an exit status.
func (p *program) end(answer any, status int, text func(*strings.Builder)) error {
	return cli.End(p.stdout, p.json, answer, status, text)
}

// status tells an error of a command and gives the exit status that stands for it.
func (p *program) status(command string, err error) int {
	var ended cli.Exit
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ended):
		return ended.Tell(p.stderr, name)
	case !p.ran:
		fmt.Fprintf(p.stderr, "%s: %v\nTry '%s --help'.\n", name, err, command)
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "%s: %s\n", name, reason.Line(err.Error()))
	if _, wrong := errors.AsType[*devspec.SyntaxError](err); wrong {
		return exitUsage
	}
	return exitError
}
