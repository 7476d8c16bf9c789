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

// versionMost bounds the line that is kept of it.
const versionMost = 120

// answer is what came of asking at one socket.
type answer struct {
	socket string
	// pid is whose socket it is (SO_PEERCRED of socket(7)), 0 if that isn't to be seen.
	pid     int
	version string
	// silent: somebody listens, and said nothing in time. line is where the answer is still
	// awaited, if it was asked for.
	silent bool
	line   *line
	// err is why nobody answered otherwise.
	err error
}

// ask asks for the version, in the JSON-RPC 1.0 of Open vSwitch's lib/unixctl.c. The main
// loop of the program answers, so that this tells more than that there is a process.
//
// Where an answer is still awaited on a line kept since an earlier look, it isn't asked again.
func ask(ctx context.Context, name, socket string, patience time.Duration, kept *line) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if kept != nil {
		if a := hear(ctx, kept, name, socket); a.version != "" || a.silent {
			return a
		} // else it went with the process that had it
	}
	conn, err := dial(ctx, socket)
	if err != nil {
		// EAGAIN: as many wait already as may, see connect(2).
		return answer{socket: socket, silent: errors.Is(err, syscall.EAGAIN) || errors.Is(err, context.DeadlineExceeded), err: err}
	}
	if _, err := conn.Write([]byte(`{"id":0,"method":"version","params":[]}`)); err != nil {
		_ = conn.Close()
		return answer{socket: socket, err: err}
	}
	return hear(ctx, conn, name, socket)
}

// hear waits for the answer, and closes the connection unless that is still awaited then.
func hear(ctx context.Context, conn *line, name, socket string) answer {
	a := answer{socket: socket, pid: peer(conn.UnixConn)}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	// Whoever cancels isn't kept waiting for the deadline.
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(interrupted); _ = conn.SetDeadline(time.Unix(1, 0)) })
	a.version, a.err = version(conn, name)
	if !stop() {
		<-interrupted // it must not interrupt the next who waits
	}
	if a.silent = errors.Is(a.err, os.ErrDeadlineExceeded); a.silent {
		a.line = conn
	} else {
		_ = conn.Close()
	}
	return a
}

func version(conn net.Conn, name string) (string, error) {
	text, err := reply(json.NewDecoder(io.LimitReader(conn, answerMost)))
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return "", fmt.Errorf("it refuses to tell its version: %w", err)
	}
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(text, "\n")
	// ovs_set_program_name() of lib/util.c begins the text with the program's name.
	if !strings.HasPrefix(line, name+" ") {
		return "", fmt.Errorf("it says that it is %.80q", line)
	}
	return strings.ToValidUTF8(line[:min(len(line), versionMost)], ""), nil
}

// refusal is an answer that is an error.
type refusal struct{ text string }

func (r *refusal) Error() string { return fmt.Sprintf("%.80q", r.text) }

// reply reads the next answer.
func reply(from *json.Decoder) (string, error) {
	var answer struct {
		Result string `json:"result"`
		Error  any    `json:"error"`
	}
	if err := from.Decode(&answer); err != nil {
		return "", err
	}
	if answer.Error != nil {
		return "", &refusal{fmt.Sprint(answer.Error)}
	}
	return answer.Result, nil
}

// peer is the process that listens, as the kernel knows it.
func peer(conn *net.UnixConn) int {
	raw, err := conn.SyscallConn()
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
