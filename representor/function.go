// Package representor finds the representor of a host function. It is pure: it
// is given what the kernel says of the card, and answers from that alone.
package representor

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/representord/representord/devlink"
	"github.com/representord/representord/internal/reason"
)

// Kind tells apart the functions a representor may stand for.
type Kind uint8

// The kinds of function (devlink flavours pcipf, pcivf and pcisf).
const (
	PF Kind = iota + 1
	VF
	SF
)

// String gives the kind in lower case: "pf", "vf" or "sf".
func (k Kind) String() string {
	if k < PF || k > SF {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return [...]string{PF: "pf", VF: "vf", SF: "sf"}[k]
}

// Function is the one identity of a host function. It is comparable, holds
// nothing that changes while the function lives (no netdev name, no ifindex, no
// port index), and is what markers on Interface rows record.
type Function struct {
	Handle devlink.Handle
	// Controller is absent on kernels that don't report controllers.
	Controller devlink.Optional[uint32]
	// External is true for a function of another host than the one we run on. A
	// kernel that doesn't report it (before 5.10) is taken to mean true: on a DPU all pcipf
	// and pcivf ports are the host's there, and a plain NIC isn't told apart. Of an SF, which
	// most kernels don't report it of, its PF's port tells, and without that the controller's
	// number.
	External bool
	// PF is the number of the function's PF, or its own.
	PF   uint16
	Kind Kind
	// Number is the VF or SF number, 0 for a PF.
	Number uint32
}

// String gives the canonical text of the identity, one to one with the value:
// the handle, a space, and the kernel's phys_port_name grammar
// ("[c<controller>]pf<N>[vf<N>|sf<N>]", net/devlink), followed by " local" for a
// function that is not external. Example: "pci/0000:03:00.0 c1pf0vf3".
func (f Function) String() string {
	b := append(make([]byte, 0, 128), f.Handle.Bus...)
	b = append(b, '/')
	b = append(b, f.Handle.Device...)
	b = append(b, ' ')
	if f.Controller.Present {
		b = strconv.AppendUint(append(b, 'c'), uint64(f.Controller.Value), 10)
	}
	b = strconv.AppendUint(append(b, "pf"...), uint64(f.PF), 10)
	if f.Kind != PF {
		b = strconv.AppendUint(append(b, f.Kind.String()...), uint64(f.Number), 10)
	}
	if !f.External {
		b = append(b, " local"...)
	}
	return string(b)
}

// ParseFunction reads the text that String gives, and nothing else.
func ParseFunction(text string) (Function, error) {
	f := Function{External: true, Kind: PF}
	rest, local := strings.CutSuffix(text, " local")
	f.External = !local
	var name string
	if i := strings.LastIndexByte(rest, ' '); i >= 0 { // a device may have blanks in its name
		rest, name = rest[:i], rest[i+1:]
	}
	f.Handle.Bus, f.Handle.Device, _ = strings.Cut(rest, "/")
	if after, ok := strings.CutPrefix(name, "c"); ok {
		var n uint32
		n, name = leadingDigits(after)
		f.Controller = devlink.Some(n)
	}
	name, _ = strings.CutPrefix(name, "pf")
	pf, name := leadingDigits(name)
	f.PF = uint16(min(pf, math.MaxUint16))
	for _, k := range []Kind{VF, SF} {
		if after, ok := strings.CutPrefix(name, k.String()); ok {
			f.Kind = k
			f.Number, _ = leadingDigits(after)
		}
	}
	if f.String() != text {
		return Function{}, fmt.Errorf("%s is no function as representord writes them", reason.Quote(text))
	}
	return f, nil
}

// leadingDigits takes a number from the beginning of a text, 0 if there is none of 32 bits.
func leadingDigits(text string) (n uint32, rest string) {
	rest = strings.TrimLeft(text, "0123456789")
	parsed, err := strconv.ParseUint(text[:len(text)-len(rest)], 10, 32)
	if err != nil {
		return 0, rest
	}
	return uint32(parsed), rest
}

// Compare orders functions: by devlink instance, then controller (none first),
// the host's before our own machine's, then PF, kind and number.
func (f Function) Compare(g Function) int {
	if c := f.Handle.Compare(g.Handle); c != 0 {
		return c
	}
	return cmp.Or(
		compareBools(f.Controller.Present, g.Controller.Present),
		cmp.Compare(f.Controller.Value, g.Controller.Value),
		compareBools(g.External, f.External),
		cmp.Compare(f.PF, g.PF),
		cmp.Compare(f.Kind, g.Kind),
		cmp.Compare(f.Number, g.Number),
	)
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
