package api

import (
	"context"
	"log/slog"

	"github.com/representord/representord/internal/ovn"
	"github.com/representord/representord/plug"
)

// Acts are what a server needs beside snapshots. What is nil isn't had, and is
// answered like something that can't be known now. All are called from many
// goroutines.
type Acts struct {
	// Inquire asks the Southbound for one logical port, whatever it says about us. It
	// ends with its context, and at once without a connection.
	Inquire func(ctx context.Context, logicalPort string) (ovn.Answer, error)
	// Poke asks for a pass. It does not wait for it.
	Poke func()
	// Events gives the changes of state after a number, oldest first.
	Events func(after uint64) []plug.Event
	// Level is from which level on the daemon logs.
	Level *slog.LevelVar
}

// Offer gives the server what it needs beside snapshots. It must be called before
// Serve.
func (s *Server) Offer(a Acts) { s.acts = a }
