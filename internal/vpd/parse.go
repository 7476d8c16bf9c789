package vpd

import (
	"fmt"
	"io"
)

// Tags: the first byte of a large resource, the four bits of a small one.
const (
	tagName      = 0x82
	tagReadOnly  = 0x90
	tagReadWrite = 0x91
	tagEnd       = 0x0f
)

// resourcesUsual is more than any card is known to have: that is four or five. Where a
// chip gives the same byte again and again they are thousands. libvirt reads them all,
// and so does Parse, for there are at most Size.
const resourcesUsual = 64

// parser is the state of one reading.
type parser struct {
	*stream
	result Result
	strict Contents

	seen map[byte]bool // the resources with fields, by tag
}

// Parse reads VPD. It stops at the end tag, after Size bytes, or at the first error
// of r, and always gives what it has by then.
func Parse(r io.Reader) Result {
	empty := func() Contents { return Contents{ReadOnly: map[string]string{}, ReadWrite: map[string]string{}} }
	p := &parser{stream: newStream(r), strict: empty(), result: Result{Tolerant: empty()}, seen: map[byte]bool{}}
	p.resources()
	if !p.seen[tagReadOnly] {
		p.fatal("there is no VPD-R, which would have the serial number")
	}
	if p.result.fatal == nil {
		p.result.Strict = &p.strict
	}
	return p.result
}

// fatal notes a problem for which libvirt refuses the whole, odd one that it tolerates.
func (p *parser) fatal(format string, args ...any) { p.note(Problem{Fatal: true}, format, args...) }
func (p *parser) odd(format string, args ...any)   { p.note(Problem{}, format, args...) }

func (p *parser) note(kind Problem, format string, args ...any) {
	if p.result.full() && (!kind.Fatal || p.result.fatal != nil) {
		return // there may be ten thousand of them
	}
	problem := kind
	problem.Offset, problem.text = p.offset, fmt.Sprintf(format, args...)
	p.result.add(&problem)
}

// resources reads resources until there is no more.
func (p *parser) resources() {
	for n := 1; ; n++ {
		if n == resourcesUsual {
			p.odd("more than %d resources, where cards have four or five; this is hardly VPD", resourcesUsual)
		}
		if p.left() == 0 || p.atEnd() {
			p.fatal("there is no end tag")
			return
		}
		tag, length, problem := p.header()
		if problem != nil {
			p.result.add(problem)
			return
		}
		if tag == tagEnd {
			return
		}
		whole := length <= p.left()
		if !whole {
			p.fatal("a resource of %d bytes (tag %#02x), where at most %d may follow", length, tag, p.left())
			length = p.left()
		}
		if problem := p.resource(tag, length); problem != nil {
			p.result.add(problem)
			return
		}
		if !whole {
			return
		}
	}
}

// atEnd tells whether the data ends here. Other errors come again with what is read
// next.
func (p *parser) atEnd() bool {
	_, err := p.r.Peek(1)
	return err == io.EOF
}

// header reads the head of a resource.
func (p *parser) header() (tag byte, length int, problem *Problem) {
	b, problem := p.read(1)
	if problem != nil {
		return 0, 0, problem
	}
	if b[0]&0x80 == 0 {
		return b[0] >> 3, int(b[0] & 7), nil
	}
	tag = b[0]
	if b, problem = p.read(min(2, p.left())); problem != nil {
		return 0, 0, problem
	}
	if len(b) < 2 {
		return 0, 0, p.problem(io.ErrUnexpectedEOF)
	}
	return tag, int(b[0]) | int(b[1])<<8, nil
}

// resource reads the data of a resource, all of it unless there is a problem for
// which nothing can follow.
func (p *parser) resource(tag byte, length int) *Problem {
	switch tag {
	case tagName:
		return p.name(length)
	case tagReadOnly, tagReadWrite:
		f := fields{parser: p, writable: tag == tagReadWrite, left: length, strict: p.strict.ReadOnly, tolerant: p.result.Tolerant.ReadOnly}
		if f.writable {
			f.strict, f.tolerant = p.strict.ReadWrite, p.result.Tolerant.ReadWrite
		}
		if p.seen[tag] {
			f.tolerant = nil
		}
		p.seen[tag] = true
		return f.parse()
	}
	return p.skip(length, &p.whole) // libvirt doesn't even read it
}

// name reads an identifier string.
func (p *parser) name(length int) *Problem {
	b, problem := p.read(length)
	if problem != nil {
		return problem
	}
	name, ok := text(b)
	if !ok {
		p.fatal("the identifier string has unprintable characters")
		return nil
	}
	p.strict.Name, p.strict.HasName = name, true
	if t := &p.result.Tolerant; !t.HasName {
		t.Name, t.HasName = name, true
	}
	return nil
}
