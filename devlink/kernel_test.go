package devlink

import (
	"io"
	"os"
	"sync"
	"testing"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"github.com/mdlayher/netlink/nltest"
	"golang.org/x/sys/unix"

	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// familyID is the number that the fake kernel gives to devlink.
const familyID = 0x17

// kernel is a fake kernel behind netlink sockets. The zero value has no devlink.
type kernel struct {
	// answer answers every request except that for the family.
	answer func(command uint8, request netlink.Message) ([]netlink.Message, error)
	// hang, when not nil, is waited for before anything is received. What is
	// uninterruptible is not ended by Close either.
	hang            chan struct{}
	uninterruptible bool

	mu       sync.Mutex
	sockets  []*socket
	families int
}

// socket is one connection to the fake kernel.
type socket struct {
	*genetlink.Conn
	kernel  *kernel
	closed  chan struct{}
	closing sync.Once
}

func (k *kernel) client() *Client { return newClient(k.dial) }

func (k *kernel) dial() (conn, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := &socket{
		Conn:   genetlink.NewConn(nltest.Dial(k.serve)),
		kernel: k,
		closed: make(chan struct{}),
	}
	k.sockets = append(k.sockets, s)
	return s, nil
}

func (k *kernel) dialled() []*socket {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]*socket(nil), k.sockets...)
}

func (k *kernel) looked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.families
}

// serve answers one request. A family is looked up through the controller's.
func (k *kernel) serve(requests []netlink.Message) ([]netlink.Message, error) {
	if len(requests) != 1 {
		return nil, io.EOF
	}
	var g genetlink.Message
	if err := g.UnmarshalBinary(requests[0].Data); err != nil {
		return nil, err
	}
	switch {
	case k.answer == nil:
		return nltest.Error(int(unix.ENOENT), requests)
	case requests[0].Header.Type != unix.GENL_ID_CTRL:
		return k.answer(g.Header.Command, requests[0])
	}
	k.mu.Lock()
	k.families++
	k.mu.Unlock()
	ae := netlink.NewAttributeEncoder()
	ae.Uint16(unix.CTRL_ATTR_FAMILY_ID, familyID)
	ae.String(unix.CTRL_ATTR_FAMILY_NAME, unix.DEVLINK_GENL_NAME)
	ae.Uint32(unix.CTRL_ATTR_VERSION, unix.DEVLINK_GENL_VERSION)
	body, err := ae.Encode()
	return reply(requests[0], 0, body), err
}

// reply gives each body as a message that answers a request.
func reply(request netlink.Message, flags netlink.HeaderFlags, bodies ...[]byte) []netlink.Message {
	var messages []netlink.Message
	for _, b := range bodies {
		messages = append(messages, netlink.Message{
			Header: netlink.Header{Type: familyID, Flags: flags, Sequence: request.Header.Sequence, PID: request.Header.PID},
			Data:   append([]byte{unix.DEVLINK_CMD_NEW, 1, 0, 0}, b...),
		})
	}
	return messages
}

// played gives golden messages as the answer to a request.
func played(messages []netlink.Message, request netlink.Message) []netlink.Message {
	var out []netlink.Message
	for _, m := range messages {
		m.Header.Sequence, m.Header.PID = request.Header.Sequence, request.Header.PID
		out = append(out, m)
	}
	return out
}

func (s *socket) Receive() ([]genetlink.Message, []netlink.Message, error) {
	if s.kernel.hang != nil {
		closed := s.closed
		if s.kernel.uninterruptible {
			closed = nil
		}
		select {
		case <-s.kernel.hang:
		case <-closed:
			return nil, nil, &netlink.OpError{Op: "receive", Err: os.ErrClosed}
		}
	}
	return s.Conn.Receive()
}

func (s *socket) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return s.Conn.Close()
}

func (s *socket) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// errno answers every request with an error number.
func errno(n unix.Errno) func(uint8, netlink.Message) ([]netlink.Message, error) {
	return func(_ uint8, request netlink.Message) ([]netlink.Message, error) {
		// Flags of requests and of errors share numbers: a dump's would pass for ACK_TLVS.
		request.Header.Flags = 0
		return nltest.Error(int(n), []netlink.Message{request})
	}
}
