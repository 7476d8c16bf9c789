package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
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
		facts, err := ask(ctx, from, from.facts)
		if err != nil {
			return err
		}
		if err := p.write(output, draw.SVG(facts)); err != nil {
			return err
		}
		if !facts.Representors.Complete {
			return silent(exitUnknown)
		}
		return nil
	})
	return cmd
}

// facts asks a source for everything that can be drawn.
func (s *sources) facts(ctx context.Context, from source) (draw.Facts, error) {
	rs, err := from.Representors(ctx)
	if err != nil {
		return draw.Facts{}, err
	}
	facts := draw.Facts{Title: "Representors", Representors: rs}
	daemon, ok := from.(*api.Client)
	switch {
	case ok:
		return askDaemon(ctx, daemon, facts)
	case s.devlinkJSON.Changed:
		facts.Subtitle = "as " + s.devlinkJSON.Value.String() + " shows them, an output of devlink port show"
		if s.devlinkJSON.Value.String() == "-" {
			facts.Subtitle = "as devlink port show printed them"
		}
	default:
		facts.Subtitle = "as the kernel shows them"
	}
	return facts, nil
}

// askDaemon adds what only a daemon knows.
func askDaemon(ctx context.Context, daemon *api.Client, facts draw.Facts) (draw.Facts, error) {
	ports, err := daemon.Ports(ctx)
	if err != nil {
		return facts, err
	}
	status, err := daemon.Status(ctx)
	if err != nil {
		return facts, err
	}
	facts.Ports, facts.PortsKnown = ports.Ports, true
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
		if _, err := io.WriteString(p.stdout, text); err != nil {
			return fmt.Errorf("writing the drawing: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing the drawing: %w", err)
	}
	return nil
}
