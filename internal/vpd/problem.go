package vpd

import "fmt"

// Code tells what kind of problem there is with VPD.
type Code string

// The problems. Those marked "fatal" leave no strict reading.
const (
	// CodeShort (fatal): the data ends within a resource.
	CodeShort Code = "short"
	// CodeRead (fatal): reading failed, or took too long. Unwrap gives the cause.
	CodeRead Code = "read"
	// CodeNoReadOnly (fatal): there is no VPD-R.
	CodeNoReadOnly Code = "no-read-only"
	// CodeNoEnd (fatal): there is no end tag.
	CodeNoEnd Code = "no-end"
	// CodeTooLong (fatal): a resource is longer than what may follow it.
	CodeTooLong Code = "too-long"
	// CodeTooMany: there are more resources than any card has, so these are hardly any.
	// libvirt reads them all the same.
	CodeTooMany Code = "too-many"
	// CodeNoChecksum (fatal): a VPD-R has no RV, or that has no byte, and the next one
	// isn't right by chance.
	CodeNoChecksum Code = "no-checksum"
	// CodeChecksumEmpty: an RV has no byte, and libvirt takes the next one for it, which
	// is right by chance.
	CodeChecksumEmpty Code = "checksum-empty"
	// CodeChecksum (fatal): the sum is not 0.
	CodeChecksum Code = "checksum"
	// CodeChecksumLibvirt (fatal): the sum is 0 by the specification but not as libvirt
	// sums up, which leaves out the data of resources that it doesn't know.
	CodeChecksumLibvirt Code = "checksum-libvirt"
	// CodeChecksumStandard: the sum is 0 as libvirt sums up, but not by the specification.
	CodeChecksumStandard Code = "checksum-standard"
	// CodeNotLast (fatal): something follows RV in VPD-R, or RW in VPD-W.
	CodeNotLast Code = "not-last"
	// CodeMisplaced (fatal): an RW is in VPD-R, or an RV in VPD-W.
	CodeMisplaced Code = "misplaced"
	// CodeOverrun (fatal): a field is longer than its resource, or what is left of that
	// is too short for a field.
	CodeOverrun Code = "overrun"
	// CodeName (fatal): the identifier string has unprintable characters.
	CodeName Code = "name"
	// CodeText: a field has unprintable characters. It is left out.
	CodeText Code = "text"
	// CodeDuplicate: a field is there twice, with different values.
	CodeDuplicate Code = "duplicate"
)

// Problem is something wrong with VPD, as an error.
type Problem struct {
	Code Code
	// Offset is where in the data, in bytes from its beginning.
	Offset int
	// Keyword names the field, empty where it is none.
	Keyword string

	text  string
	cause error
}

// Error says what is wrong, and where.
func (p *Problem) Error() string { return fmt.Sprintf("VPD byte %d: %s", p.Offset, p.text) }

// Unwrap gives the cause of a CodeRead.
func (p *Problem) Unwrap() error { return p.cause }

// Fatal tells whether libvirt refuses the whole VPD for it.
func (p *Problem) Fatal() bool { return p.Code.fatal() }

func (c Code) fatal() bool {
	switch c {
	case CodeText, CodeDuplicate, CodeTooMany, CodeChecksumEmpty, CodeChecksumStandard:
		return false
	default:
		return true
	}
}

// problemsMost bounds how many problems a Result keeps.
const problemsMost = 32

func (r *Result) full() bool { return len(r.Problems) >= problemsMost }

// add notes a problem.
func (r *Result) add(p *Problem) {
	if p.Fatal() && r.fatal == nil {
		r.fatal = p
	}
	if !r.full() {
		r.Problems = append(r.Problems, p)
	}
}
