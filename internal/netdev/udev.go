package netdev

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Udev is what udev knows of network devices: its runtime directory, normally /run/udev.
type Udev string

// Word is what udev says of a device.
type Word uint8

const (
	// Working says that udev runs and has not finished with the device, or has not begun.
	Working Word = iota
	// Finished says that udev has applied its rules, and the name they give.
	Finished
	// Absent says that no udev runs, so that nobody is going to say anything.
	Absent
)

// Word asks about the device with an ifindex.
//
// udev writes an entry "n<ifindex>" into its database once it has run the rules
// for a device, and those rename it (systemd's udev-event.c renames before
// device_update_db). The daemon's socket "control" is there while it runs, or is
// ready to be started. A directory that can't be read says nothing: Working.
func (u Udev) Word(ifindex uint32) Word {
	if _, err := os.Lstat(filepath.Join(string(u), "data", "n"+strconv.FormatUint(uint64(ifindex), 10))); err == nil {
		return Finished
	}
	if _, err := os.Lstat(filepath.Join(string(u), "control")); errors.Is(err, fs.ErrNotExist) {
		return Absent
	}
	return Working
}
