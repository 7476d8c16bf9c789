package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/option"
	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/internal/reason"
)

func (p *program) lookupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lookup --pf-mac MAC [--vf NUMBER | --sf NUMBER]",
		Short: "Find the representor of a host function",
		Long: `Find the representor of a host function: the PF with a MAC address, or a VF or SF
below it. The values have the same grammar as the options
` + option.Prefix + `* of a logical switch port, and the answer is what the
daemon would plug. The exit status is 3 if there is no such function, or it can't
be plugged now.` + sourceHelp,
		Example: `  representorctl lookup --pf-mac 00:53:00:00:00:42 --vf 3
  representorctl lookup --pf-mac 00:53:00:00:00:42 --vf 3 -j | jq -r .representor.netdev
  devlink -j port show | representorctl lookup --pf-mac 00:53:00:00:00:42 --devlink-json -`,
		Args: cobra.NoArgs,
	}
	from := p.addSources(cmd)
	question := url.Values{}
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		return errors.Join(from.check(), readQuestion(cmd.Flags(), question))
	}
	cmd.RunE = p.begin(func(ctx context.Context, _ []string) error {
		daemon := func(ctx context.Context) (api.Lookup, error) { return p.client().Lookup(ctx, question) }
		own := func(f api.Facts) (api.Lookup, error) { return f.Lookup(question) }
		verdict := func(found api.Lookup) int { return unless(found.Ready, exitNotFound) }
		return show(p, writeLookup, verdict)(ask(ctx, from, daemon, own))
	})
	cmd.Flags().String("pf-mac", "", "MAC address of the PF (required)")
	cmd.Flags().String("vf", "", "number of a VF of that PF, 0 to 65534")
	cmd.Flags().String("sf", "", "number of a scalable function of that PF")
	cmd.Flags().String("controller", "", "only PFs of this controller")
	cmd.Flags().String("card-serial-number", "", "refuse unless this is the card's serial number")
	// Nothing but pf-mac is required; --vf and --sf together are refused by the
	// grammar of the options, with the same words.
	_ = cmd.MarkFlagRequired("pf-mac")
	return cmd
}

// readQuestion makes a question of flags, and holds it to the grammar of the options, in the words
// of the flags: a wrong one would be refused as an option of a logical switch port.
func readQuestion(from *pflag.FlagSet, question url.Values) error {
	options, flags := map[string]string{}, []string{}
	for flag, parameter := range map[string]string{
		"pf-mac": api.ParamPFMAC, "vf": api.ParamVF, "sf": api.ParamSF, "controller": api.ParamController,
		"card-serial-number": api.ParamCardSerial,
	} {
		f := from.Lookup(flag)
		if f.Changed && f.Value.String() == "" {
			return fmt.Errorf("--%s is empty; leave it out instead", flag)
		}
		if f.Changed {
			question.Set(parameter, f.Value.String())
		}
		options[api.ParamOption(parameter)] = f.Value.String()
		flags = append(flags, api.ParamOption(parameter), "--"+flag)
	}
	_, wrong := ovn.ParseQuery(options)
	if wrong == nil {
		return nil
	}
	message := strings.TrimPrefix(wrong.Error(), "option ")
	return errors.New(strings.NewReplacer(flags...).Replace(message))
}

func writeLookup(out *strings.Builder, found api.Lookup) {
	r := found.Representor
	netdev := "none"
	switch {
	case r.Netdev != "" && r.Link != nil:
		netdev = fmt.Sprintf("%s, ifindex %d, %s, mtu %d", reason.Word(r.Netdev), r.IfIndex, linkState(r), r.Link.MTU)
	case r.Netdev != "":
		netdev = reason.Word(r.Netdev) + ", of whose link nothing is known"
	}
	entry(out, "netdev", "%s", netdev)
	entry(out, "function", "%s", r.Function)
	entry(out, "devlink", "%s/%d, type %s", r.Handle, r.PortIndex, r.Type)
	known(out, "MAC", r.HWAddr)
	if s := functionState(r); s != "-" {
		entry(out, "state", "%s", s)
	}
	if r.LogicalPort != "" {
		entry(out, "plugged for", "%s", reason.Word(r.LogicalPort))
	}
	if found.Reason != nil {
		writeReason(out, "not ready", found.Reason)
	}
}
