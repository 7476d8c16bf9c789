package main

import (
	"os"
	"path/filepath"

	"github.com/representord/representord/internal/doctor"
)

// unitDirs are where a drop-in of a name may be, the one that counts first (systemd.unit(5)).
func unitDirs() []string {
	return []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
		"/lib/systemd/system"}
}

// findDropIn finds the drop-in of ours that counts for a unit.
func findDropIn(unit string, dirs []string) doctor.DropIn {
	if unit == "" {
		return doctor.DropIn{}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, unit+".d", doctor.DropInName)
		if info, err := os.Stat(path); err == nil {
			// /dev/null has no size.
			return doctor.DropIn{Path: path, Void: info.Size() == 0}
		}
	}
	return doctor.DropIn{}
}
