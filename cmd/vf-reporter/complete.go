package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
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
			if completable(n.Name) {
				words = append(words, n.Name+"\t"+about)
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completable keeps from a shell's command line what it might take for anything but
// a word: others choose these names.
func completable(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:/@+", r)
	})
}
