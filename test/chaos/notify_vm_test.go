//go:build vm

package chaos

import (
	"net"
	"strings"
	"sync"
	"time"
)

// notify is the service manager's end of sd_notify(3), for whichever representord runs.
type notify struct {
	mu    sync.Mutex
	ready time.Time
}

func newNotify(r *run) *notify {
	r.t.Helper()
	path := r.socket("notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Setenv("NOTIFY_SOCKET", path)
	n := &notify{}
	var running sync.WaitGroup
	running.Go(func() {
		buffer := make([]byte, 4096)
		for {
			size, err := conn.Read(buffer)
			if err != nil {
				return
			}
			if strings.Contains(string(buffer[:size]), "READY=1") {
				n.mu.Lock()
				n.ready = time.Now()
				n.mu.Unlock()
			}
		}
	})
	r.t.Cleanup(func() {
		_ = conn.Close()
		running.Wait()
	})
	return n
}

// since reports whether READY was told after a time.
func (n *notify) since(at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ready.After(at)
}
