package dbconn

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/representord/representord/test/servers"
)

func TestPrivate_SocketIsOursAndIsThereForAMoment(t *testing.T) {
	l, err := listenPrivately()
	if err != nil {
		t.Fatal(err)
	}
	path := l.Addr().String()
	accepted := make(chan error, 1)
	go func() {
		c, err := acceptOurs(l)
		if err == nil {
			_ = c.Close()
		}
		accepted <- err
	}()
	// Another process is first, and is sent away.
	out, err := exec.Command("python3", "-c", `import socket,sys
s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(len(s.recv(1)))`, path).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "0" {
		t.Errorf("another process: %v, %s, want that it reads an end", err, out)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := <-accepted; err != nil {
		t.Errorf("our own connection: %v", err)
	}
	servers.Until(t, "the socket is gone", func() bool { _, err := os.Lstat(path); return os.IsNotExist(err) })
}
