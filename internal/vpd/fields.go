package vpd

import (
	"bytes"
	"strings"
)

// fieldHead is the size of a field without its data: two letters and the length.
const fieldHead = 3

// fields reads what is in one VPD-R or VPD-W.
type fields struct {
	*parser
	// writable: it is a VPD-W.
	writable bool
	// left is how much of the resource is left, in bytes.
	left int
	// strict and tolerant take the values. tolerant is nil after the first resource of
	// its kind.
	strict, tolerant map[string]string

	summed bool   // an RV was seen
	last   string // the field that nothing may follow, once it was seen
}

// parse reads the whole resource. Fields that can't be followed further end it, and
// the next resource is found all the same.
func (f *fields) parse() *Problem {
	for f.left >= fieldHead {
		if f.last != "" {
			f.fatal("the field %s is not the last one, as it must be", f.last)
			f.last = ""
		}
		b, problem := f.read(fieldHead)
		if problem != nil {
			return problem
		}
		f.left -= fieldHead
		keyword, length := string(b[:2]), int(b[2])
		if length > f.left {
			f.fatal("the field %q has %d bytes, where %d are left", keyword, length, f.left)
			return f.rest()
		}
		f.left -= length
		if problem := f.field(keyword, length); problem != nil {
			return problem
		}
	}
	if f.left > 0 {
		f.fatal("%d bytes are left after the last field, too few for another", f.left)
	}
	return f.rest()
}

// rest passes over what is left of the resource, and tells of a checksum that didn't
// come.
func (f *fields) rest() *Problem {
	if !f.writable && !f.summed {
		f.fatal("the VPD-R has no checksum (field RV)")
	}
	return f.skip(f.left, &f.sum, &f.whole)
}

// field reads the data of one field.
func (f *fields) field(keyword string, length int) *Problem {
	switch {
	case keyword == "RV" && f.writable:
		f.fatal("a field RV, which belongs into VPD-R, is in VPD-W")
	case keyword == "RW" && !f.writable:
		f.fatal("a field RW, which belongs into VPD-W, is in VPD-R")
	case keyword == "RV":
		return f.checksum(length)
	case keyword == "RW":
		f.last = keyword
	case isText(keyword, f.writable):
		b, problem := f.read(length)
		if problem != nil {
			return problem
		}
		f.value(keyword, b)
		return nil
	}
	return f.skip(length, &f.sum, &f.whole)
}

func (f *fields) value(keyword string, b []byte) {
	value, ok := text(b)
	if !ok {
		f.odd("the field %s has unprintable characters and is left out", keyword)
		return
	}
	f.strict[keyword] = value
	if f.tolerant == nil {
		return
	}
	if first, twice := f.tolerant[keyword]; !twice {
		f.tolerant[keyword] = value
	} else if first != value {
		f.odd("the field %s is there twice, as %q and as %q", keyword, first, value)
	}
}

// checksum reads an RV.
func (f *fields) checksum(length int) *Problem {
	f.last = "RV"
	if length == 0 {
		return f.nextAsChecksum()
	}
	if _, problem := f.read(1); problem != nil {
		return problem
	}
	f.summed = true
	switch libvirt, standard := f.sum == 0, f.whole == 0; {
	case libvirt && standard:
	case libvirt:
		f.odd("the checksum is right for libvirt, which leaves out the data of resources that it doesn't know, "+
			"and wrong by the specification: all bytes up to it add up to %#02x, not to 0", f.whole)
	case standard:
		f.note(Problem{Fatal: true, LibvirtAlone: true}, "the checksum is right by the specification, and wrong for libvirt, which leaves "+
			"out the data of resources that it doesn't know: the others add up to %#02x, not to 0", f.sum)
	default:
		f.fatal("the checksum is wrong: the bytes up to it add up to %#02x, not to 0", f.whole)
	}
	return f.skip(length - 1)
}

// nextAsChecksum reads an RV without a byte as libvirt does: it takes the byte that
// follows for the checksum, and reads that again as what it is, such as the tag of the
// next resource (virPCIVPDParseVPDLargeResourceFields in src/util/virpcivpd.c).
func (f *fields) nextAsChecksum() *Problem {
	next, _ := f.r.Peek(1)
	if len(next) == 0 {
		return nil // it counts as missing, and why comes again with what is read next
	}
	f.summed = true
	if f.sum += next[0]; f.sum != 0 {
		f.fatal("the checksum (field RV) has no byte, and with the next one, which libvirt takes for it, the sum is "+
			"%#02x, not 0", f.sum)
		return nil
	}
	f.odd("the checksum (field RV) has no byte, so by the specification there is none; libvirt takes the next " +
		"one for it, which happens to make the sum 0")
	return nil
}

// isText tells whether a keyword is that of a text we know. Others are skipped: their
// data may be anything.
func isText(keyword string, writable bool) bool {
	class, index := keyword[0], keyword[1]
	numbered := '0' <= index && index <= '9' || 'A' <= index && index <= 'Z'
	switch {
	case class == 'V':
		return numbered
	case writable:
		return class == 'Y' && numbered
	}
	return keyword == "EC" || keyword == "MN" || keyword == KeyPart || keyword == KeySerial
}

// text gives the text of padded bytes, or says that it is none.
func text(b []byte) (string, bool) {
	b, _, _ = bytes.Cut(b, []byte{0})
	s := strings.Trim(string(b), " \t\n\r\f")
	return s, !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
