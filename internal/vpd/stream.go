package vpd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// chunk is how much is asked of the card at once, in bytes. Each four of them may
// take the hardware a while, so that little should be read beyond the end.
const chunk = 256

// stream reads bytes and sums them up. It gives at most Size of them.
type stream struct {
	r      *bufio.Reader
	offset int
	// sum is what libvirt sums up: it leaves out the data of resources that it doesn't
	// know. whole has that data too, as the specification demands.
	sum, whole byte
	buffer     [255]byte // for what a field has at most
}

func newStream(r io.Reader) *stream {
	return &stream{r: bufio.NewReaderSize(&ending{r: io.LimitReader(r, Size)}, chunk)}
}

// ending is a reader that isn't asked again once it has failed.
type ending struct {
	r   io.Reader
	err error
}

func (e *ending) Read(b []byte) (n int, err error) {
	if e.err == nil {
		n, e.err = e.r.Read(b)
	}
	return n, e.err
}

// left is how many bytes there may be still.
func (s *stream) left() int { return Size - s.offset }

// read gives n bytes, which may be many only where n was found to be allowed. They
// are good until it is called again.
func (s *stream) read(n int) ([]byte, *Problem) {
	b := s.buffer[:]
	if n > len(b) {
		b = make([]byte, n)
	}
	b = b[:n]
	got, err := io.ReadFull(s.r, b)
	s.offset += got
	for _, x := range b[:got] {
		s.sum += x
		s.whole += x
	}
	return b[:got], s.problem(err)
}

// skip passes over n bytes, and adds them to these sums.
func (s *stream) skip(n int, sums ...*byte) *Problem {
	for range n {
		x, err := s.r.ReadByte()
		if err != nil {
			return s.problem(err)
		}
		s.offset++
		for _, sum := range sums {
			*sum += x
		}
	}
	return nil
}

func (s *stream) problem(err error) *Problem {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Problem{Fatal: true, Offset: s.offset, text: "the data ends within a resource"}
	}
	return &Problem{Fatal: true, Offset: s.offset, text: fmt.Sprintf("reading on failed: %v", err), cause: err}
}
