//go:build vm

package virtualhost

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"
)

// StreamRate is how many datagrams a Stream sends in a second, and StreamLeast how many
// it sends at least.
const (
	StreamRate  = 100
	StreamLeast = 1000
)

// straggle is for how long datagrams are waited for that were sent last.
const straggle = 2 * time.Second

// Stream is datagrams with numbers from one guest to another, at an even rate. What
// isn't received was lost.
type Stream struct {
	client, server *net.UDPConn
	stop           chan struct{}
	sent           chan int
	received       chan int
}

// NewStream begins to send.
func NewStream(t *testing.T, from, to *Guest) *Stream {
	t.Helper()
	s := &Stream{stop: make(chan struct{}), sent: make(chan int, 1), received: make(chan int, 1)}
	var err error
	if s.client, s.server, err = connect(from, to); err != nil {
		t.Fatalf("a stream from %s to %s: %v", from.Name, to.Name, err)
	}
	t.Cleanup(func() { _, _ = s.client.Close(), s.server.Close() })
	go s.send()
	go s.receive()
	return s
}

// send sends until it is stopped, and StreamLeast. One that is late, as in an emulated machine,
// catches up, so that a pause in which a packet is lost is as long as so many packets say.
func (s *Stream) send() {
	began, sent := time.Now(), 0
	tick := time.NewTicker(time.Second / StreamRate)
	defer tick.Stop()
	stop := s.stop
	for stop != nil || sent < StreamLeast {
		select {
		case <-stop:
			stop = nil
		case <-tick.C:
			for due := int(time.Since(began) * StreamRate / time.Second); sent < due; sent++ {
				// One that the kernel refuses is lost.
				_, _ = s.client.Write(binary.BigEndian.AppendUint32(nil, uint32(sent)))
			}
		}
	}
	s.sent <- sent
}

// receive counts until the socket's deadline; each number once.
func (s *Stream) receive() {
	seen := map[uint32]bool{}
	buffer := make([]byte, 16)
	for {
		n, err := s.server.Read(buffer)
		if err != nil {
			s.received <- len(seen)
			return
		}
		if n == 4 {
			seen[binary.BigEndian.Uint32(buffer)] = true
		}
	}
}

// Stop ends the stream when StreamLeast datagrams were sent, and tells how many were sent, and
// how many of them lost.
func (s *Stream) Stop() (sent, lost int, err error) {
	close(s.stop)
	sent = <-s.sent
	err = s.server.SetReadDeadline(time.Now().Add(straggle))
	received := <-s.received
	return sent, sent - received, errors.Join(err, s.client.Close())
}
