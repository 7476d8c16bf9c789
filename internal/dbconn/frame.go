package dbconn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
	from  io.Reader
	limit int

	buf        []byte
	start, end int // what of buf was read and not given away
	scanned    int // how far of it was looked at
	depth      int
	values     int  // that were counted by their commas
	quoted     bool // within a string
	escaped    bool // after its backslash
}

func newFramer(from io.Reader, limit int) *framer {
	return &framer{from: from, limit: limit, buf: make([]byte, firstBuffer)}
}

// next gives the next object, valid until the call after. An error of the reader is
// returned as it is.
func (f *framer) next() ([]byte, error) {
	if f.start == f.end && len(f.buf) > keptBuffer {
		f.buf, f.start, f.end, f.scanned = make([]byte, firstBuffer), 0, 0, 0
	}
	for {
		whole, err := f.scan()
		switch {
		case err != nil:
			return nil, err
		case whole:
			message := f.buf[f.start:f.scanned]
			f.start = f.scanned
			return message, nil
		case f.end-f.start > f.limit:
			return nil, tooLarge(f.limit, "bytes")
		}
		if err := f.read(); err != nil {
			if errors.Is(err, io.EOF) && f.end > f.start {
				return nil, errUnfinished
			}
			return nil, err
		}
	}
}

// begun is what there is of a message that is not whole.
func (f *framer) begun() []byte { return f.buf[f.start:f.end] }

// read reads more, and makes room for it: at most for the limit and one byte, which
// tells that it is passed.
func (f *framer) read() error {
	if f.end == len(f.buf) {
		if f.start == 0 {
			f.buf = append(f.buf, make([]byte, min(len(f.buf), f.limit+1-len(f.buf)))...)
		}
		copy(f.buf, f.buf[f.start:f.end])
		f.scanned, f.end, f.start = f.scanned-f.start, f.end-f.start, 0
	}
	n, err := f.from.Read(f.buf[f.end:])
	f.end += n
	if n > 0 {
		return nil // an error comes again
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// begin finds where the next object begins, and reports whether it has.
func (f *framer) begin() (bool, error) {
	blank := f.end - f.start - len(bytes.TrimLeft(f.buf[f.start:f.end], " \t\r\n"))
	f.start += blank
	f.scanned, f.values = f.start, 0
	if f.start == f.end {
		return false, nil
	}
	if f.buf[f.start] != '{' {
		return false, errNotObject
	}
	return true, nil
}

// scan looks at what was read, and tells whether it has a whole object.
func (f *framer) scan() (bool, error) {
	if f.depth == 0 {
		if begun, err := f.begin(); !begun {
			return false, err
		}
	}
	for i, c := range f.buf[f.scanned:f.end] {
		switch {
		case f.escaped:
			f.escaped = false
		case f.quoted:
			f.escaped, f.quoted = c == '\\', c != '"'
		case c == '"':
			f.quoted = true
		default:
			if err := f.count(c); err != nil {
				return false, err
			}
			if f.depth == 0 {
				f.scanned += i + 1
				return true, nil
			}
		}
	}
	f.scanned = f.end
	return false, nil
}

// count counts brackets and values, outside of strings.
func (f *framer) count(c byte) error {
	switch c {
	case ',':
		f.values++
	case '{', '[':
		f.depth++
	case '}', ']':
		f.depth--
	}
	switch {
	case f.values > maxValues:
		return tooLarge(maxValues, "values")
	case f.depth > maxDepth:
		return errTooDeep
	}
	return nil
}
