package servers

import (
	"regexp"
	"testing"
)

// Port is the TCP port that a server started with --remote=ptcp:0:<address> or
// pssl:0:<address> among its options listens on: the kernel chose it, anew at each
// start.
func (d *OVSDB) Port(tb testing.TB) string {
	tb.Helper()
	// inet_open_passive() of lib/socket-util.c logs it.
	listening := regexp.MustCompile(`listening on port (\d+)`)
	var port string
	Until(tb, d.Name+" tells its port", func() bool {
		if all := listening.FindAllStringSubmatch(d.process.Log()[d.earlier:], -1); len(all) > 0 {
			port = all[len(all)-1][1]
		}
		return port != ""
	})
	return port
}
