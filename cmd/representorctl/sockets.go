package main

import (
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"github.com/representord/representord/internal/doctor"
)

// lookAtSockets sees who may connect to the daemon and, where that is a unix socket, to
// the local database.
func lookAtSockets(control, ovsdb string) []doctor.Socket {
	all := []doctor.Socket{lookAtSocket(control)}
	if path, ok := strings.CutPrefix(ovsdb, "unix:"); ok {
		all = append(all, lookAtSocket(path))
	}
	return all
}

func lookAtSocket(path string) doctor.Socket {
	s := doctor.Socket{Path: path}
	info, err := os.Stat(path)
	if s.Err = err; err != nil {
		return s
	}
	s.Mode = info.Mode()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Owner, s.Group = strconv.FormatUint(uint64(stat.Uid), 10), strconv.FormatUint(uint64(stat.Gid), 10)
	}
	if u, err := user.LookupId(s.Owner); err == nil {
		s.Owner = u.Username
	}
	if g, err := user.LookupGroupId(s.Group); err == nil {
		s.Group = g.Name
	}
	return s
}
