package main

import (
	"github.com/spf13/pflag"

	"github.com/representord/representord/config"
)

// daemonConfig gives the daemon's configuration, from a file if one is named, else from
// where the daemon looks.
func daemonConfig(file string, named bool) (config.Config, error) {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	config.Flags(flags)
	if named {
		_ = flags.Set("config", file) // a text, which takes any value
	}
	return config.Load(flags)
}
