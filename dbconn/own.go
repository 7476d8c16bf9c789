package dbconn

import "sync"

// own are the questions that we ask ourselves, on the library's connection.
type own struct {
	send func([]byte) error
	mu   sync.Mutex
}

func newOwn(send func([]byte) error) *own { return &own{send: send} }

func (o *own) answered(message) bool { return false }

func (o *own) told(message) {}
