package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/representord/representord/internal/cli"
)

// completionPatience bounds what a shell waits for completions.
const completionPatience = time.Second

// completeVFs completes the VFs of the host, by address and by netdev.
func (p *program) completeVFs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	inventory, err := p.take(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer inventory.Wait()
	var words []string
	for _, v := range inventory.Host.VFs() {
		about := "a VF without a PF"
		switch {
		case v.PF != nil && v.Number >= 0:
			about = fmt.Sprintf("VF %d of %s", v.Number, v.PF.Address)
		case v.PF != nil:
			about = fmt.Sprintf("a VF of %s without a number", v.PF.Address)
		}
		words = append(words, v.Address.String()+"\t"+about)
		for _, n := range v.Netdevs {
			if cli.Completable(n.Name) {
				words = append(words, n.Name+"\t"+about)
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
