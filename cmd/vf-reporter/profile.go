package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/hypervisor"
	"github.com/representord/representord/internal/pci"
	"github.com/representord/representord/internal/profile"
)

// Formats of a profile.
const (
	formatNeutron = "neutron"
	formatNova    = "nova"
	formatNBCtl   = "ovn-nbctl"
	formatOptions = "options"
)

func formats() []string { return []string{formatNeutron, formatNova, formatNBCtl, formatOptions} }

// profileFlags are the flags of profile.
type profileFlags struct {
	format, chassis, port string
	network               *string // nil: as device_spec says
}

func (p *program) profileCommand() *cobra.Command {
	var flags profileFlags
	var network string
	cmd := &cobra.Command{
		Use:   "profile VF",
		Short: "Print what Neutron, Nova or OVN must be told about a VF",
		Long: `Print what Neutron, Nova or OVN must be told about a VF, which is given by its PCI
address or by its netdev. The formats are

  neutron    the binding:profile of a remote-managed port, as JSON
  nova       an object for Nova's [pci]device_spec, as JSON
  ovn-nbctl  the command that sets the options of a logical switch port
  options    those options, one a line

Warnings go to standard error. Nothing is printed when a value is missing.`,
		Example: `  openstack port set PORT --binding-profile "$(vf-reporter profile 0000:03:00.5)"
  vf-reporter profile enp3s0f0v3 --format ovn-nbctl --port vm1 --chassis dpu1
  vf-reporter profile 0000:03:00.5 --format options`,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("physical-network") {
				flags.network = &network
			}
			if len(args) != 1 {
				return errors.New("name one VF, by its PCI address or its netdev; vf-reporter list shows all")
			}
			return flags.check()
		},
		ValidArgsFunction: p.completeVFs,
		RunE: p.begin(func(ctx context.Context, i *hypervisor.Inventory, args []string) error {
			return p.profile(ctx, i, args[0], flags)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&flags.format, "format", formatNeutron, strings.Join(formats(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
	f.StringVar(&network, "physical-network", "",
		"neutron, nova: the physical network; without, that of --device-spec, or null for tunnelled networks")
	f.StringVar(&flags.chassis, "chassis", "", "ovn-nbctl (required), options: the DPU's chassis name or hostname")
	f.StringVar(&flags.port, "port", "", "ovn-nbctl (required): the logical switch port")
	p.addDeviceSpec(cmd)
	return cmd
}

func (f *profileFlags) check() error {
	if !slices.Contains(formats(), f.format) {
		return fmt.Errorf("format %q is none of %s", f.format, strings.Join(formats(), ", "))
	}
	if f.format == formatNBCtl && (f.port == "" || f.chassis == "") {
		return fmt.Errorf("format %s needs --port and --chassis", formatNBCtl)
	}
	if strings.HasPrefix(f.port, "-") {
		return fmt.Errorf("port %q begins with a hyphen, so that ovn-nbctl would take it for an option; name it by its UUID", f.port)
	}
	return nil
}

func (p *program) profile(ctx context.Context, i *hypervisor.Inventory, vf string, flags profileFlags) error {
	v, ok := i.Host.VF(vf)
	if !ok {
		return cli.Exit{Status: exitNoVF, Text: noVF(i.Host, vf)}
	}
	p.doubts(i)
	if c := i.Of(v.PF); c != nil {
		i.Identify(ctx, c)
	}
	made, missing, warnings := i.Profile(v, flags.network)
	var lacking []string
	for _, m := range missing {
		if m.Field == profile.FieldSerial && (flags.format == formatNBCtl || flags.format == formatOptions) {
			p.warn("without %s, by which a wrong DPU would refuse: %s", m.Field, m.Reason)
			continue
		}
		lacking = append(lacking, fmt.Sprintf("%s is missing: %s", m.Field, m.Reason))
	}
	for _, w := range warnings {
		p.warn("%s", w)
	}
	if len(lacking) > 0 {
		text := fmt.Sprintf("VF %s has no complete profile: %s", v.Address, strings.Join(lacking, "; and "))
		return cli.Exit{Status: exitIncomplete, Text: text}
	}
	text, asJSON := form(&made, flags)
	return p.end(asJSON, exitOK, func(out *strings.Builder) { out.WriteString(text) })
}

// noVF tells what a name is that is no VF's.
func noVF(h *pci.Host, name string) string {
	for _, pf := range h.PFs() {
		if pf.Address.String() == name || slices.ContainsFunc(pf.Netdevs, func(n pci.Netdev) bool { return n.Name == name }) {
			return fmt.Sprintf("%s is a PF, or one of its netdevs; give one of its %d VFs, which vf-reporter list shows",
				shown(name), len(pf.VFs))
		}
	}
	return fmt.Sprintf("there is no VF with the address or netdev %q here; vf-reporter list shows all", name)
}

// form is the profile in the format that was asked for, and the same for those who ask for JSON
// whatever the format.
func form(made *profile.Profile, flags profileFlags) (text string, asJSON any) {
	switch flags.format {
	case formatNova:
		return made.Nova() + "\n", json.RawMessage(made.Nova())
	case formatNBCtl:
		command := made.NBCtl(flags.port, flags.chassis)
		return command + "\n", map[string]string{"command": command}
	case formatOptions:
		options := map[string]string{}
		for _, o := range made.Options(flags.chassis) {
			text += fmt.Sprintf("%s=%s\n", o.Key, o.Value)
			options[o.Key] = o.Value
		}
		return text, options
	}
	return made.Neutron() + "\n", made
}
