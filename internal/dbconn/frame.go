package dbconn

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// maxMessage bounds one message of a server, in bytes. The first answer of a local
// database with 4000 ports that Neutron and OVN have marked has 3 MB, that of a
// Southbound for 1000 ports with 4 kB of options each has 5 MB.
const maxMessage = 16 << 20

// maxValues bounds how many values one message may have. Each takes the library some 200
// bytes, however short it is: a row with as many options as go into maxMessage would take
// 700 MB. A local database with 4000 ports has 250,000 at most in its first answer.
const maxValues = 512 << 10

// maxDepth bounds how deep a message may be nested; a real one has 10 levels.
const maxDepth = 64

const (
	firstBuffer = 8 << 10
	// keptBuffer is how much of a buffer is kept when a message is done with.
	keptBuffer = 1 << 20
)

var (
	errNotObject  = errors.New("not a JSON object")
	errTooDeep    = errors.New("nested too deep")
	errUnfinished = errors.New("ended within a message")
)

func tooLarge(limit int, unit string) error {
	return fmt.Errorf("a message of more than %d %s, which is %w", limit, unit, ErrTooLargeMessage)
}

// framer takes a stream of JSON objects apart, RFC 7047, 4. It counts brackets, and
// leaves it to others whether an object is proper JSON.
type framer struct {
	from  *bufio.Reader
	limit int
	buf   []byte // the present message, as far as it was read
}

func newFramer(from io.Reader, limit int) *framer {
	return &framer{from: bufio.NewReaderSize(from, firstBuffer), limit: limit}
}

// next gives the next object, valid until the call after. An error of the reader is
// returned as it is.
func (f *framer) next() ([]byte, error) {
	if cap(f.buf) > keptBuffer {
		f.buf = nil
	}
	f.buf = f.buf[:0]
	c, err := f.from.ReadByte()
	for err == nil && isBlank(c) {
		c, err = f.from.ReadByte()
	}
	if err != nil {
		return nil, err
	}
	_ = f.from.UnreadByte()
	if c != '{' {
		return nil, errNotObject
	}
	for s := (scan{}); ; {
		_, err := f.from.Peek(1)
		if errors.Is(err, io.EOF) {
			err = errUnfinished
		}
		if err != nil {
			return nil, err
		}
		more, _ := f.from.Peek(f.from.Buffered())
		n, err := s.read(more)
		if len(f.buf)+n > f.limit {
			return nil, tooLarge(f.limit, "bytes")
		}
		if len(f.buf)+n > cap(f.buf) { // twice the room at a time, as far as may be needed
			f.buf = slices.Grow(f.buf, min(len(f.buf)+n, f.limit-len(f.buf)))
		}
		f.buf = append(f.buf, more[:n]...)
		_, _ = f.from.Discard(n)
		if err != nil || s.depth == 0 {
			return f.buf, err
		}
	}
}

// begun is the beginning of a message that is not whole, of at most so many bytes.
func (f *framer) begun(most int) []byte {
	said := slices.Clip(f.buf[:min(len(f.buf), most)])
	rest, _ := f.from.Peek(min(f.from.Buffered(), most-len(said)))
	return append(said, rest...)
}

// scan is where in an object a reader is.
type scan struct {
	depth   int
	values  int  // that were counted by their commas
	quoted  bool // within a string
	escaped bool // after its backslash
}

// read goes on to the end of the object, or as far as there is something to read, and tells how
// far that is.
func (s *scan) read(b []byte) (int, error) {
	for i, c := range b {
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted:
			s.escaped, s.quoted = c == '\\', c != '"'
		case c == '"':
			s.quoted = true
		default:
			if err := s.count(c); err != nil || s.depth == 0 {
				return i + 1, err
			}
		}
	}
	return len(b), nil
}

// count counts brackets and values, outside of strings.
func (s *scan) count(c byte) error {
	switch c {
	case ',':
		s.values++
		if s.values > maxValues {
			return tooLarge(maxValues, "values")
		}
	case '{', '[':
		s.depth++
		if s.depth > maxDepth {
			return errTooDeep
		}
	case '}', ']':
		s.depth--
	}
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
