package companion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// answerMost bounds what is read of an answer, in bytes. A version has some hundred.
const answerMost = 64 << 10

// answer is what came of asking at one socket.
type answer struct {
	socket string
	// pid is whose socket it is (SO_PEERCRED of socket(7)), 0 if that isn't to be seen.
	pid     int
	version string
	// silent: somebody listens, and said nothing in time.
	silent bool
	// err is why nobody answered otherwise.
	err error
}

// ask asks for the version, in the JSON-RPC 1.0 of Open vSwitch's lib/unixctl.c. The main
// loop of the program answers, so that this tells more than that there is a process.
func ask(ctx context.Context, name, socket string, patience time.Duration) answer {
	a := answer{socket: socket}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		// EAGAIN: as many wait already as may, see connect(2).
		a.silent, a.err = errors.Is(err, syscall.EAGAIN) || errors.Is(err, os.ErrDeadlineExceeded), err
		return a
	}
	defer conn.Close()
	a.pid = peer(conn)
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	// Whoever cancels isn't kept waiting for the deadline.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	a.version, a.err = version(conn, name)
	a.silent = errors.Is(a.err, os.ErrDeadlineExceeded)
	return a
}

func version(conn net.Conn, name string) (string, error) {
	if _, err := conn.Write([]byte(`{"id":0,"method":"version","params":[]}`)); err != nil {
		return "", err
	}
	var reply struct {
		Result string `json:"result"`
		Error  any    `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(conn, answerMost)).Decode(&reply); err != nil {
		return "", err
	}
	if reply.Error != nil {
		return "", fmt.Errorf("it refuses to tell its version: %.80q", fmt.Sprint(reply.Error))
	}
	line, _, _ := strings.Cut(reply.Result, "\n")
	// ovs_set_program_name() of lib/util.c begins the text with the program's name.
	if !strings.HasPrefix(line, name+" ") {
		return "", fmt.Errorf("it says that it is %.80q", line)
	}
	return line, nil
}

// peer is the process that listens, as the kernel knows it.
func peer(conn net.Conn) int {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	pid := 0
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid
}
