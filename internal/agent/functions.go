package agent

import (
	"context"

	"github.com/representord/representord/config"
	"github.com/representord/representord/devlink"
	"github.com/representord/representord/plug"
	"github.com/representord/representord/representor"
)

// functions has functions get MAC addresses, if the settings want that; nil if not.
func functions(cfg config.Config) plug.Functions {
	if !cfg.ProgramHWAddr {
		return nil
	}
	// A client of its own: what it sets may take firmware a while, and holds up no list.
	return programmer{devlink.New()}
}

type programmer struct{ client *devlink.Client }

func (p programmer) SetHWAddr(ctx context.Context, r representor.Representor, mac representor.MAC) error {
	return p.client.SetFunctionAddress(ctx, r.Function.Handle, r.PortIndex, mac[:])
}
