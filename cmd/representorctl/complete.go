package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/ovn/northbound"
)

// completionPatience bounds what a shell waits for completions.
const completionPatience = time.Second

// completionsMost bounds what a shell is offered of a Northbound, which may have a
// hundred thousand ports.
const completionsMost = 1000

// completing completes the one name that a command takes with those that names gives in time,
// none where it can't: a file's name is no answer either.
func completing(names func(ctx context.Context, typed string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		return names(ctx, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completePorts completes logical ports that the daemon knows, or the netdevs of those.
func (p *program) completePorts(netdevs bool) cobra.CompletionFunc {
	return completing(func(ctx context.Context, _ string) (names []string) {
		ports, err := p.client().Ports(ctx)
		if err != nil {
			return nil
		}
		done := map[string]bool{}
		for _, port := range ports.Ports {
			word, about := port.LogicalPort, string(port.State)+" "+port.Netdev
			if netdevs {
				word, about = port.Netdev, string(port.State)
			}
			if cli.Completable(word) && !done[word] {
				done[word] = true
				names = append(names, word+"\t"+about)
			}
		}
		return names
	})
}

// completeBinding completes logical switch ports of the Northbound: those that could be
// bound, or those that are.
func (b *binding) completeBinding(bound bool) cobra.CompletionFunc {
	return completing(func(ctx context.Context, typed string) []string {
		all, _ := northbound.Names(ctx, b.servers(&b.nb), bound)
		names := slices.DeleteFunc(all, func(n string) bool { return !cli.Completable(n) || !strings.HasPrefix(n, typed) })
		return names[:min(len(names), completionsMost)]
	})
}
