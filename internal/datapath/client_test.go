package datapath

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"

	"github.com/representord/representord/internal/netlinkio"
	"github.com/representord/representord/test/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }

// lockedKernel is one whose ovs_lock somebody holds: a request of the kind that
// hangs doesn't come back before the lock is free, whatever the deadline. It has a
// renamed netdev in datapath 7.
type lockedKernel struct {
	fakeKernel
	hangs   func(m genetlink.Message, family uint16) bool
	free    chan struct{}
	sockets atomic.Int32
	open    atomic.Int32
}

func (k *lockedKernel) Execute(m genetlink.Message, family uint16, flags netlink.HeaderFlags) ([]genetlink.Message, error) {
	if k.hangs(m, family) {
		<-k.free
	}
	return k.fakeKernel.Execute(m, family, flags)
}

func (k *lockedKernel) Close() error {
	k.open.Add(-1)
	return nil
}

func (k *lockedKernel) dial() (conn, error) {
	k.sockets.Add(1)
	k.open.Add(1)
	return k, nil
}

func TestDetach_ComesBackFromADatapathThatIsLocked(t *testing.T) {
	for name, hangs := range map[string]func(genetlink.Message, uint16) bool{
		"while datapaths are listed": func(_ genetlink.Message, family uint16) bool { return family == idDatapath },
		"while vports are listed": func(m genetlink.Message, family uint16) bool {
			return family == idVport && m.Header.Command == commandGet
		},
		"while the vport is removed": func(m genetlink.Message, _ uint16) bool { return m.Header.Command == commandDel },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &lockedKernel{
					fakeKernel: fakeKernel{vports: map[uint32][]genetlink.Message{7: {port(t, 7, 1, 10, "pf0vf0")}}},
					hangs:      hangs, free: make(chan struct{}),
				}
				c := newClient(k.dial)
				begin := time.Now()
				if gone, err := c.Detach(t.Context(), []Netdev{{IfIndex: 10, Name: "pf0vf0"}}); len(gone) != 0 ||
					!errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("removed %v, %v; want deadline exceeded", gone, err)
				}
				if took := time.Since(begin); took > callWait+time.Second {
					t.Errorf("it took %v; want %v", took, callWait)
				}
				begin = time.Now()
				for range 20 {
					if gone, err := c.Detach(t.Context(), []Netdev{{IfIndex: 10, Name: "pf0vf0"}}); len(gone) != 0 || !errors.Is(err, netlinkio.ErrStuck) {
						t.Errorf("removed %v, %v; want ErrStuck", gone, err)
					}
				}
				if took := time.Since(begin); took != 0 || k.sockets.Load() != 1 {
					t.Errorf("while the kernel hangs: %v and %d sockets; want none and one", took, k.sockets.Load())
				}

				deleted := 0
				if hangs(message(commandDel, versionVport, 7, nil), idVport) {
					deleted = 1 // the kernel has been told, and nothing takes that back
				}
				close(k.free)
				synctest.Wait()
				if len(k.deleted) != deleted {
					t.Errorf("once the kernel is back it removes %v; nobody waits for that any more", k.deleted)
				}
				k.hangs = func(genetlink.Message, uint16) bool { return false }
				if gone, err := c.Detach(t.Context(), []Netdev{{IfIndex: 10, Name: "pf0vf0"}}); !slices.Equal(gone, []bool{true}) || err != nil {
					t.Errorf("once the kernel is back: removed %v, %v", gone, err)
				}
				if n := k.open.Load(); n != 0 {
					t.Errorf("%d sockets stay open", n)
				}
			})
		})
	}
}

func TestDetach_SaysThatNoSocketCanBeHad(t *testing.T) {
	c := newClient(func() (conn, error) { return nil, os.ErrPermission })
	if gone, err := c.Detach(t.Context(), []Netdev{{IfIndex: 10, Name: "pf0vf0"}}); len(gone) != 0 || !errors.Is(err, os.ErrPermission) {
		t.Errorf("removed %v, %v; want os.ErrPermission", gone, err)
	}
}
