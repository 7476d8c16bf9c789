package vpd

import "fmt"

// Problem is something wrong with VPD, as an error.
type Problem struct {
	// Offset is where in the data, in bytes from its beginning.
	Offset int
	// Fatal: libvirt refuses the whole VPD for it, so that there is no strict reading.
	Fatal bool
	// LibvirtAlone: by the specification nothing is wrong.
	LibvirtAlone bool

	text  string
	cause error
}

// Error says what is wrong, and where.
func (p *Problem) Error() string { return fmt.Sprintf("VPD byte %d: %s", p.Offset, p.text) }

// Unwrap gives why reading failed, or took too long; nil where all was read.
func (p *Problem) Unwrap() error { return p.cause }

// problemsMost bounds how many problems a Result keeps.
const problemsMost = 32

func (r *Result) full() bool { return len(r.Problems) >= problemsMost }

// add notes a problem.
func (r *Result) add(p *Problem) {
	if p.Fatal && r.fatal == nil {
		r.fatal = p
	}
	if !r.full() {
		r.Problems = append(r.Problems, p)
	}
}
