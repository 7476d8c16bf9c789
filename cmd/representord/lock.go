package main

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/representord/representord/internal/lockfile"
)

// errLocked tells that another representord has the bridge.
var errLocked = errors.New("another representord has this bridge")

// lockPath is the file of a bridge. Names from the database may hold anything.
func lockPath(runDir, bridge string) string {
	return filepath.Join(runDir, url.PathEscape(bridge)+".lock")
}

// acquire takes the right to change a bridge: the lock on a file named after it.
// errLocked, with the holder's pid, if another process has it.
func acquire(runDir, bridge string) (*lockfile.Lock, error) {
	l, err := lockfile.Take(lockPath(runDir, bridge))
	if held, ok := errors.AsType[*lockfile.HeldError](err); ok {
		return nil, fmt.Errorf("%w: %w", errLocked, held)
	}
	if err != nil {
		return nil, fmt.Errorf("run-dir: %w", err)
	}
	return l, nil
}
