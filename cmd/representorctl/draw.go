package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/draw"
)

func (p *program) drawCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "draw",
		Short: "Draw the card: uplinks, controllers, functions, and who asks for them",
		Long: `Draw the card as an SVG picture for a browser or for A4 paper: its uplinks and
its embedded switch; behind that the controllers with their PFs, VFs and SFs, each
with its netdev, the logical port that asks for it and the state of that; and below,
why ports are not plugged. Only the daemon knows of logical ports. The exit status is
5 if not all of the card can be read.` + sourceHelp,
		Example: `  representorctl draw -o card.svg
  devlink -j port show | representorctl draw --devlink-json - -o card.svg`,
		Args: cobra.NoArgs,
	}
	from := p.addSources(cmd)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if p.json {
			return errors.New("draw makes SVG, not JSON: see representors -j and ports -j")
		}
		return from.check()
	}
	help := cmd.HelpFunc()
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.Root().PersistentFlags().Lookup("json").Hidden = true // it is all commands' but this one's
		help(cmd, args)
	})
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to this file, - for standard output")
	_ = cmd.MarkFlagFilename("output", "svg")
	cmd.RunE = p.begin(func(ctx context.Context, _ []string) error {
		facts, err := ask(ctx, from, p.askDaemon, from.drawing)
		if err != nil {
			return err
		}
		if err := p.write(output, draw.SVG(facts)); err != nil {
			return err
		}
		if !facts.Representors.Complete {
			return cli.Exit{Status: exitUnknown}
		}
		return nil
	})
	return cmd
}

// drawing is what can be drawn of a card that we have read ourselves.
func (s *sources) drawing(f api.Facts) (draw.Facts, error) {
	rs, err := s.representors(f)
	subtitle := "as the kernel shows them"
	switch path := s.devlinkJSON.Value.String(); {
	case path == "-":
		subtitle = "as devlink port show printed them"
	case s.devlinkJSON.Changed:
		subtitle = "as " + path + " shows them, an output of devlink port show"
	}
	return draw.Facts{Title: "Representors", Subtitle: subtitle, Representors: rs}, err
}

// askDaemon asks for everything that can be drawn, of which only a daemon knows the ports.
func (p *program) askDaemon(ctx context.Context) (draw.Facts, error) {
	rs, err := p.client().Representors(ctx)
	if err != nil {
		return draw.Facts{}, err
	}
	ports, err := p.client().Ports(ctx)
	if err != nil {
		return draw.Facts{}, err
	}
	status, err := p.client().Status(ctx)
	if err != nil {
		return draw.Facts{}, err
	}
	facts := draw.Facts{Title: "Representors", Representors: rs, Ports: ports.Ports, PortsKnown: true}
	if status.Chassis != "" {
		facts.Title += " of " + status.Chassis
	}
	facts.Subtitle = "as representord sees them, " + string(status.Role)
	if status.Bridge != "" {
		facts.Subtitle += " on bridge " + status.Bridge
	}
	return facts, nil
}

// write writes a whole text to a file, or to standard output.
func (p *program) write(path, text string) error {
	if path == "-" {
		return cli.Write(p.stdout, "the drawing", text)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the drawing: %w", err)
	}
	return nil
}
