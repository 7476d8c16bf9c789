package card

import (
	"sync"

	"github.com/representord/representord/devlink"
)

// portClients has a client for each devlink instance: while the kernel keeps a request
// for one instance, the client that made it can't ask for another.
type portClients struct {
	dial func() portSource

	mu     sync.Mutex
	of     map[devlink.Handle]portSource
	closed bool
}

func newPortClients(dial func() portSource) *portClients {
	return &portClients{dial: dial, of: map[devlink.Handle]portSource{}}
}

// client is the client for an instance. There are as many as were asked for.
func (c *portClients) client(h devlink.Handle) portSource {
	c.mu.Lock()
	defer c.mu.Unlock()
	source, ok := c.of[h]
	if !ok {
		source = c.dial()
		if c.closed {
			source.Close() // it only says so
		}
		c.of[h] = source
	}
	return source
}

// Close closes all clients, and those that are asked for later.
func (c *portClients) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var closing sync.WaitGroup // one that hangs takes its time
	for _, source := range c.of {
		closing.Go(source.Close)
	}
	closing.Wait()
}
