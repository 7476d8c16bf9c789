package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/api"
	"github.com/representord/representord/internal/cli"
	"github.com/representord/representord/internal/ovn/northbound"
)

// completionPatience bounds what a shell waits for completions.
const completionPatience = time.Second

// completionsMost bounds what a shell is offered of a Northbound, which may have a
// hundred thousand ports.
const completionsMost = 1000

// completePorts completes logical ports that the daemon knows.
func (p *program) completePorts(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return p.complete(cmd, func(port api.Port) (word, about string) {
		return port.LogicalPort, string(port.State) + " " + port.Netdev
	})
}

// completeNetdevs completes the netdevs of those.
func (p *program) completeNetdevs(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return p.complete(cmd, func(port api.Port) (word, about string) { return port.Netdev, string(port.State) })
}

// completeBinding completes logical switch ports of the Northbound: those that could be
// bound, or those that are.
func (b *binding) completeBinding(bound bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		all, err := northbound.Names(ctx, b.servers(&b.nb), bound)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp // a file's name is no answer either
		}
		names := slices.DeleteFunc(all, func(n string) bool { return !cli.Completable(n) || !strings.HasPrefix(n, typed) })
		return names[:min(len(names), completionsMost)], cobra.ShellCompDirectiveNoFileComp
	}
}

func (p *program) complete(cmd *cobra.Command, of func(api.Port) (word, about string)) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	ports, err := p.client().Ports(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // a file's name is no answer either
	}
	names := make([]string, 0, len(ports.Ports))
	done := map[string]bool{}
	for _, port := range ports.Ports {
		if word, about := of(port); cli.Completable(word) && !done[word] {
			done[word] = true
			names = append(names, word+"\t"+about)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
