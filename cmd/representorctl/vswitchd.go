package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/representord/representord/doctor"
)

const (
	// vswitchdPatience bounds the connection to ovs-vswitchd.
	vswitchdPatience = time.Second
	// pidMost bounds what is read of a pidfile, in bytes.
	pidMost = 32
)

// lookAtVSwitchd sees whether ovs-vswitchd listens on the socket that is ovs-appctl's,
// and says nothing to it. Its files are beside the local database's socket, under the
// names of lib/daemon-unix.c and lib/unixctl.c of Open vSwitch.
func lookAtVSwitchd(ctx context.Context, ovsdb string) (v doctor.VSwitchd) {
	path, ok := strings.CutPrefix(ovsdb, "unix:")
	if !ok {
		return v
	}
	dir := filepath.Dir(path)
	v.PIDFile = filepath.Join(dir, "ovs-vswitchd.pid")
	if v.PID, v.Err = readPID(v.PIDFile); v.Err != nil {
		_, err := os.Stat(filepath.Join(dir, "ovsdb-server.pid"))
		v.Beside = err == nil
		return v
	}
	v.Socket = filepath.Join(dir, fmt.Sprintf("ovs-vswitchd.%d.ctl", v.PID))
	conn, err := (&net.Dialer{Timeout: vswitchdPatience}).DialContext(ctx, "unix", v.Socket)
	if err != nil {
		v.Err = err
		return v
	}
	_ = conn.Close()
	return v
}

// readPID reads a file that holds a process id.
func readPID(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, pidMost))
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err == nil && pid <= 0 {
		err = errors.New("not above 0")
	}
	if err != nil {
		return 0, fmt.Errorf("%s holds no process id: %w", path, err)
	}
	return pid, nil
}
