package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/dbconn"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn/northbound"
	"github.com/representord/representord/internal/profile"
	"github.com/representord/representord/internal/reason"
)

// Where OVN's own tools look, which have these variables too (ovn-nbctl(8), ovn-sbctl(8)).
const (
	northboundVariable = "OVN_NB_DB"
	southboundVariable = "OVN_SB_DB"
	northboundDefault  = "unix:/var/run/ovn/ovnnb_db.sock"
	southboundDefault  = "unix:/var/run/ovn/ovnsb_db.sock"
)

const (
	// defaultWait is how long --wait waits.
	defaultWait = time.Minute
	// profileMost bounds how much of a profile is read, in bytes.
	profileMost = 64 << 10
	// waitPlugged is the one thing that --wait waits for.
	waitPlugged = "plugged"
)

// binding is what bind and unbind are told.
type binding struct {
	program *program

	nb, sb  string
	tls     dbconn.TLSFiles
	profile string
	mtu     int
	force   bool
	wait    string
	timeout time.Duration
}

// bound is the answer of bind and unbind.
type bound struct {
	LogicalPort string `json:"logical-port"`
	// Chassis and Hostname are the DPU's.
	Chassis  string `json:"chassis,omitempty"`
	Hostname string `json:"hostname,omitempty"`
	// Set and Deleted are the options that were changed, none if all was so already.
	Set     map[string]string `json:"set"`
	Deleted []string          `json:"deleted"`
	// Plugged is there when that was waited for and is known.
	Plugged *bool `json:"plugged,omitempty"`
	// Missing says what it lacks, or why it isn't known.
	Missing string `json:"missing,omitempty"`
}

func (p *program) bindCommand() *cobra.Command {
	b := &binding{program: p}
	cmd := &cobra.Command{
		Use:   "bind LOGICAL-PORT --profile FILE",
		Short: "Bind a logical switch port to a VF, as Neutron does",
		Long: `Bind a logical switch port to the VF that a binding profile names, as Neutron's
driver does for ports of type remote-managed: find the one chassis that published
the card's serial number, and set ` + option.Chassis + ` and the vif-plug options of the
port in the Northbound, in one transaction. Other options stay. vf-reporter profile
prints the profile, on the hypervisor. Neutron also asks for the MTU of the port's
network, which bind can't know: say it with --mtu. Without that an MTU that is asked for
already stays.

Ports of Neutron's are refused; bind those in Neutron.

Run it where the databases can be reached. Exit status:
  0  bound, and with --wait=plugged: plugged
  1  error
  2  wrong usage, or a profile that is none
  3  no such logical port
  4  a database can't be reached
  5  bound, and not known whether plugged: the port was up before, for something else,
     and stays so
  6  no chassis has the serial number, or several have
  7  the port is refused: Neutron's, or none that can be plugged
  8  bound, but not plugged in time`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: b.completeBinding(false),
	}
	b.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&b.sb, "sb", "",
		"the Southbound's `endpoints`, separated by commas (default $"+southboundVariable+", else "+southboundDefault+")")
	f.StringVar(&b.profile, "profile", "", "`file` with the binding profile as JSON, - for standard input")
	f.IntVar(&b.mtu, "mtu", 0, "`MTU` in bytes to be set on the representor, 0 to ask for none (default: what the port asks for already; "+
		"Neutron asks for its network's)")
	f.StringVar(&b.wait, "wait", "", "wait until the port is `plugged`, and say what it lacks until then")
	f.DurationVar(&b.timeout, "timeout", defaultWait, "with --wait, wait for this `time` at most")
	_ = cmd.MarkFlagRequired("profile")
	_ = cmd.MarkFlagFilename("profile", "json")
	_ = cmd.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions([]string{waitPlugged}, cobra.ShellCompDirectiveNoFileComp))
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if b.profile == "" {
			return errors.New("--profile is missing: the file with the binding profile, or - for standard input; on the hypervisor, vf-reporter " +
				"profile prints it")
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := b.check(cmd)
		if err != nil {
			return err
		}
		p.ran = true
		return b.bind(cmd.Context(), args[0], f)
	}
	return cmd
}

func (p *program) unbindCommand() *cobra.Command {
	b := &binding{program: p}
	cmd := &cobra.Command{
		Use:   "unbind LOGICAL-PORT",
		Short: "Take back what bind did, and leave the port",
		Long: `Remove ` + option.Chassis + ` and the vif-plug options from a logical switch port in the
Northbound, as Neutron's driver does when a port is unbound. The port and its other
options stay. Nothing is changed where it wasn't bound. Ports of Neutron's and of other
VIF plug providers are refused.

Exit status: as of bind.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: b.completeBinding(true),
	}
	b.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := b.checkEndpoints("nb", b.nb, northboundVariable, northboundDefault); err != nil {
			return err
		}
		p.ran = true
		return b.unbind(cmd.Context(), args[0])
	}
	return cmd
}

// flags are those that both commands have.
func (b *binding) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.nb, "nb", "",
		"the Northbound's `endpoints`, separated by commas (default $"+northboundVariable+", else "+northboundDefault+")")
	f.StringVar(&b.tls.PrivateKey, "private-key", "", "PEM `file` with our private key, for ssl: endpoints")
	f.StringVar(&b.tls.Certificate, "certificate", "", "PEM `file` with our certificate")
	f.StringVar(&b.tls.CACert, "ca-cert", "", "PEM `file` with the CA's certificate")
	f.BoolVar(&b.tls.VerifyHost, "verify-host-name", false, "accept only a server certificate that is for the name we connect to")
	f.BoolVar(&b.force, "force", false, "change a port although it is Neutron's")
}

// check looks at the flags of bind, and reads the profile.
func (b *binding) check(cmd *cobra.Command) (*profile.Profile, error) {
	switch f := cmd.Flags(); {
	case b.wait != "" && b.wait != waitPlugged:
		return nil, fmt.Errorf("--wait=%s: the only thing to wait for is %s", reason.Word(b.wait), waitPlugged)
	case f.Changed("timeout") && (b.wait == "" || b.timeout <= 0):
		return nil, errors.New("--timeout must be more than 0, and goes with --wait=" + waitPlugged)
	case f.Changed("mtu") && b.mtu == 0:
		b.mtu = northbound.NoMTU
	case f.Changed("mtu") && (b.mtu < option.MinMTU || b.mtu > option.MaxMTU):
		return nil, fmt.Errorf("--mtu=%d must be from %d to %d, or 0 to ask for none", b.mtu, option.MinMTU, option.MaxMTU)
	}
	err := errors.Join(
		b.checkEndpoints("nb", b.nb, northboundVariable, northboundDefault),
		b.checkEndpoints("sb", b.sb, southboundVariable, southboundDefault))
	if err != nil {
		return nil, err
	}
	in, err := b.program.open(b.profile)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, profileMost+1))
	if err == nil && len(text) > profileMost {
		err = fmt.Errorf("%s is larger than %d bytes", reason.Word(b.profile), profileMost)
	}
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("profile: %s is empty; on the hypervisor, vf-reporter profile prints what belongs there", b.profileName())
	}
	f, err := profile.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("profile: %s: %w", b.profileName(), err)
	}
	return &f, nil
}

// profileName says where the profile is from.
func (b *binding) profileName() string {
	if b.profile == "-" {
		return "standard input"
	}
	return reason.Word(b.profile)
}

// endpoints are those of a flag, else of a variable, else the default.
func endpoints(flag, variable, otherwise string) []string {
	if flag == "" {
		flag = os.Getenv(variable)
	}
	if flag == "" {
		flag = otherwise
	}
	return dbconn.SplitEndpoints(flag)
}

func (b *binding) checkEndpoints(name, flag, variable, otherwise string) error {
	all := endpoints(flag, variable, otherwise)
	if len(all) == 0 {
		return fmt.Errorf("--%s names no endpoint", name)
	}
	for _, e := range all {
		if err := dbconn.CheckEndpoint(e); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	return nil
}

func (b *binding) northbound() northbound.Servers {
	return northbound.Servers{Endpoints: endpoints(b.nb, northboundVariable, northboundDefault), TLS: b.tls}
}

func (b *binding) southbound() northbound.Servers {
	return northbound.Servers{Endpoints: endpoints(b.sb, southboundVariable, southboundDefault), TLS: b.tls}
}

// bind binds a port, and waits until it is plugged if that is wanted.
func (b *binding) bind(ctx context.Context, port string, f *profile.Profile) error {
	quick, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// It is watched from before the change, to tell what comes of it from what was.
	south, err := northbound.OpenSouthbound(quick, b.southbound(), port)
	if err != nil {
		return err
	}
	defer south.Close()
	chassis, err := northbound.Choose(south.Chassis(), f.Serial)
	if err != nil {
		return err
	}
	was := south.Binding()
	change, err := b.change(quick, port, func(p *northbound.Port) (northbound.Change, error) {
		return northbound.PlanBind(p, f, chassis, b.mtu), nil
	})
	if err != nil {
		return err
	}
	answer := newBound(port, change)
	answer.Chassis, answer.Hostname = chassis.Name, chassis.Hostname
	err = nil
	if b.wait != "" {
		if !change.Anew {
			was = nil
		}
		err = b.await(ctx, south, &northbound.Target{Port: port, Profile: f, Chassis: chassis, Was: was})
		answer.waited(err)
	}
	return errors.Join(b.program.end(answer, exitOK, func(out *strings.Builder) { writeBound(out, &answer) }), err)
}

// waited takes in how the wait for the port ended.
func (b *bound) waited(err error) {
	e, failed := errors.AsType[*northbound.Error](err)
	if failed {
		b.Missing = e.Why
	}
	if !failed || e.Kind != northbound.Unsure {
		b.Plugged = new(err == nil)
	}
}

func (b *binding) change(ctx context.Context, port string,
	plan func(*northbound.Port) (northbound.Change, error)) (northbound.Change, error) {
	n, err := northbound.Open(ctx, b.northbound(), port)
	if err != nil {
		return northbound.Change{}, err
	}
	defer n.Close()
	return n.Change(ctx, b.force, plan)
}

// await follows the port on standard error until it is plugged.
func (b *binding) await(ctx context.Context, south *northbound.Southbound, t *northbound.Target) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return northbound.Await(ctx, b.southbound(), south, t, func(missing string) {
		fmt.Fprintf(b.program.stderr, "%s: waiting: %s\n", name, missing)
	})
}

func (b *binding) unbind(ctx context.Context, port string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	change, err := b.change(ctx, port, northbound.PlanUnbind)
	if err != nil {
		return err
	}
	answer := newBound(port, change)
	return b.program.end(answer, exitOK, func(out *strings.Builder) {
		writeBound(out, &answer)
		if change.Nothing() {
			entry(out, "bound", "no: it asks for no representor")
		}
	})
}

func newBound(port string, c northbound.Change) bound {
	b := bound{LogicalPort: port, Set: map[string]string{}, Deleted: []string{}}
	maps.Copy(b.Set, c.Set)
	b.Deleted = append(b.Deleted, c.Delete...)
	return b
}

func writeBound(out *strings.Builder, b *bound) {
	entry(out, "port", "%s", reason.Word(b.LogicalPort))
	if b.Chassis != "" {
		entry(out, "chassis", "%s, hostname %s", reason.Word(b.Chassis), reason.Word(b.Hostname))
	}
	if len(b.Set)+len(b.Deleted) == 0 {
		entry(out, "options", "nothing to change")
	}
	for _, key := range slices.Sorted(maps.Keys(b.Set)) {
		entry(out, "set", "%s=%s", key, reason.Word(b.Set[key]))
	}
	for _, key := range b.Deleted {
		entry(out, "deleted", "%s", key)
	}
	switch {
	case b.Plugged != nil && *b.Plugged:
		entry(out, "plugged", "yes: ovn-controller has installed its flows")
	case b.Plugged == nil && b.Missing != "":
		entry(out, "plugged", "not known: %s", b.Missing)
	}
}
