package main

import (
	"bytes"
	"cmp"
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
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/ovn/northbound"
	"github.com/representord/representord/internal/profile"
	"github.com/representord/representord/internal/reason"
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

	nb, sb  database
	tls     dbconn.TLSFiles
	file    string
	profile profile.Profile
	mtu     int
	force   bool
	wait    string
	timeout time.Duration
}

// database is where one of OVN's is: what a flag says, else a variable, else the default.
type database struct{ flag, name, variable, otherwise, said string }

// newBinding looks where OVN's own tools do, which have these variables too (ovn-nbctl(8), ovn-sbctl(8)).
func (p *program) newBinding() *binding {
	return &binding{
		program: p,
		nb:      database{flag: "nb", name: "Northbound", variable: "OVN_NB_DB", otherwise: "unix:/var/run/ovn/ovnnb_db.sock"},
		sb:      database{flag: "sb", name: "Southbound", variable: "OVN_SB_DB", otherwise: "unix:/var/run/ovn/ovnsb_db.sock"},
	}
}

func (d *database) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.said, d.flag, "",
		"the "+d.name+"'s `endpoints`, separated by commas (default $"+d.variable+", else "+d.otherwise+")")
}

func (d *database) endpoints() []string {
	return dbconn.SplitEndpoints(cmp.Or(d.said, os.Getenv(d.variable), d.otherwise))
}

func (d *database) check() error {
	all := d.endpoints()
	if len(all) == 0 {
		return fmt.Errorf("--%s names no endpoint", d.flag)
	}
	for _, e := range all {
		if err := dbconn.CheckEndpoint(e); err != nil {
			return fmt.Errorf("--%s: %w", d.flag, err)
		}
	}
	return nil
}

func (b *binding) servers(d *database) ovn.Servers {
	return ovn.Servers{Remotes: d.endpoints(), TLS: b.tls}
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
	b := p.newBinding()
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
	b.sb.add(cmd)
	f := cmd.Flags()
	f.StringVar(&b.file, "profile", "", "`file` with the binding profile as JSON, - for standard input")
	f.IntVar(&b.mtu, "mtu", 0, "`MTU` in bytes to be set on the representor, 0 to ask for none (default: what the port asks for already; "+
		"Neutron asks for its network's)")
	f.StringVar(&b.wait, "wait", "", "wait until the port is `plugged`, and say what it lacks until then")
	f.DurationVar(&b.timeout, "timeout", defaultWait, "with --wait, wait for this `time` at most")
	_ = cmd.MarkFlagRequired("profile")
	_ = cmd.MarkFlagFilename("profile", "json")
	_ = cmd.RegisterFlagCompletionFunc("wait", cobra.FixedCompletions([]string{waitPlugged}, cobra.ShellCompDirectiveNoFileComp))
	cmd.PreRunE = b.check
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p.ran = true
		return b.bind(cmd.Context(), args[0])
	}
	return cmd
}

func (p *program) unbindCommand() *cobra.Command {
	b := p.newBinding()
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
		PreRunE:           func(*cobra.Command, []string) error { return b.nb.check() },
		RunE:              p.begin(func(ctx context.Context, args []string) error { return b.unbind(ctx, args[0]) }),
	}
	b.flags(cmd)
	return cmd
}

// flags are those that both commands have.
func (b *binding) flags(cmd *cobra.Command) {
	b.nb.add(cmd)
	f := cmd.Flags()
	f.StringVar(&b.tls.PrivateKey, "private-key", "", "PEM `file` with our private key, for ssl: endpoints")
	f.StringVar(&b.tls.Certificate, "certificate", "", "PEM `file` with our certificate")
	f.StringVar(&b.tls.CACert, "ca-cert", "", "PEM `file` with the CA's certificate")
	f.BoolVar(&b.tls.VerifyHost, "verify-host-name", false, "accept only a server certificate that is for the name we connect to")
	f.BoolVar(&b.force, "force", false, "change a port although it is Neutron's")
}

// check looks at the flags of bind, and reads the profile.
func (b *binding) check(cmd *cobra.Command, _ []string) error {
	switch f := cmd.Flags(); {
	case b.file == "":
		return errors.New("--profile is missing: the file with the binding profile, or - for standard input; on the hypervisor, vf-reporter " +
			"profile prints it")
	case b.wait != "" && b.wait != waitPlugged:
		return fmt.Errorf("--wait=%s: the only thing to wait for is %s", reason.Word(b.wait), waitPlugged)
	case f.Changed("timeout") && (b.wait == "" || b.timeout <= 0):
		return errors.New("--timeout must be more than 0, and goes with --wait=" + waitPlugged)
	case f.Changed("mtu") && b.mtu == 0:
		b.mtu = northbound.NoMTU
	case f.Changed("mtu") && (b.mtu < option.MinMTU || b.mtu > option.MaxMTU):
		return fmt.Errorf("--mtu=%d must be from %d to %d, or 0 to ask for none", b.mtu, option.MinMTU, option.MaxMTU)
	}
	if err := errors.Join(b.nb.check(), b.sb.check()); err != nil {
		return err
	}
	if err := b.readProfile(); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}

func (b *binding) readProfile() error {
	in, err := b.program.open(b.file)
	if err != nil {
		return err
	}
	defer in.Close()
	from := reason.Word(b.file)
	text, err := io.ReadAll(io.LimitReader(in, profileMost+1))
	switch {
	case err != nil:
		return err
	case len(text) > profileMost:
		return fmt.Errorf("%s is larger than %d bytes", from, profileMost)
	case b.file == "-":
		from = "standard input"
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return fmt.Errorf("%s is empty; on the hypervisor, vf-reporter profile prints what belongs there", from)
	}
	if b.profile, err = profile.Parse(text); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// bind binds a port, and follows it on standard error until it is plugged if that is wanted.
func (b *binding) bind(ctx context.Context, port string) error {
	quick, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// It is watched from before the change, to tell what comes of it from what was.
	south, err := northbound.OpenSouthbound(quick, b.servers(&b.sb), port)
	if err != nil {
		return err
	}
	defer south.Close()
	chassis, err := northbound.Choose(south.Chassis(), b.profile.Serial)
	if err != nil {
		return err
	}
	was := south.Binding()
	change, err := b.change(quick, port, func(p *northbound.Port) (northbound.Change, error) {
		return northbound.PlanBind(p, &b.profile, chassis, b.mtu), nil
	})
	if err != nil {
		return err
	}
	answer := newBound(port, change)
	answer.Chassis, answer.Hostname = chassis.Name, chassis.Hostname
	if b.wait != "" {
		if !change.Anew {
			was = nil
		}
		ctx, cancel := context.WithTimeout(ctx, b.timeout)
		defer cancel()
		target := &northbound.Target{Port: port, Profile: &b.profile, Chassis: chassis, Was: was}
		err = northbound.Await(ctx, b.servers(&b.sb), south, target, func(missing string) {
			fmt.Fprintf(b.program.stderr, "%s: waiting: %s\n", name, missing)
		})
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
	n, err := northbound.Open(ctx, b.servers(&b.nb), port)
	if err != nil {
		return northbound.Change{}, err
	}
	defer n.Close()
	return n.Change(ctx, b.force, plan)
}

func (b *binding) unbind(ctx context.Context, port string) error {
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
	return bound{LogicalPort: port, Set: maps.Collect(maps.All(c.Set)), Deleted: append([]string{}, c.Delete...)}
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
