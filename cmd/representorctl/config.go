package main

import (
	"github.com/spf13/pflag"

	"github.com/representord/representord/config"
)

// daemonConfig gives the daemon's configuration, from a file if one is named, else from
// where the daemon looks.
func daemonConfig(file string, named bool) (config.Config, error) {
	var args []string
	if named {
		args = []string{"--config=" + file}
	}
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	config.Flags(flags)
	if err := flags.Parse(args); err != nil {
		return config.Config{}, err
	}
	return config.Load(flags)
}
