// Package confined starts programs that can open no netlink socket, or none of generic
// netlink, as a unit of systemd does: by a filter of system calls. An ovn-controller that
// is started so doesn't register its plug provider for representors.
package confined

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Filter is a filter of system calls, see seccomp(2).
type Filter []bpf.RawInstruction

// Where a filter finds things, as struct seccomp_data of include/uapi/linux/seccomp.h has
// them. Of an argument that is the lower half, on machines of little endian.
const (
	offNumber   = 0
	offArch     = 4
	offDomain   = 16 // argument 0 of socket(2)
	offProtocol = 32 // argument 2
)

// accept and refuse are what a filter returns: the call is made, or fails with EAFNOSUPPORT,
// as that of a family which the kernel doesn't have.
const (
	accept = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)
)

// socketOf are the architectures that the project is built for, each with the number of
// socket(2) there.
func socketOf() [2]struct{ arch, number uint32 } {
	return [2]struct{ arch, number uint32 }{{unix.AUDIT_ARCH_X86_64, 41}, {unix.AUDIT_ARCH_AARCH64, 198}}
}

// Netlink refuses all sockets of netlink, and no other, as a unit with
// RestrictAddressFamilies=~AF_NETLINK does.
func Netlink() (Filter, error) {
	return onSocket(
		bpf.LoadAbsolute{Off: offDomain, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_NETLINK, SkipTrue: 1},
		bpf.RetConstant{Val: refuse},
		bpf.RetConstant{Val: accept},
	)
}

// GenericNetlink refuses the sockets of generic netlink, in which devlink is, and no other:
// not those of routes, links and neighbours.
func GenericNetlink() (Filter, error) {
	return onSocket(
		bpf.LoadAbsolute{Off: offDomain, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_NETLINK, SkipTrue: 3},
		bpf.LoadAbsolute{Off: offProtocol, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.NETLINK_GENERIC, SkipTrue: 1},
		bpf.RetConstant{Val: refuse},
		bpf.RetConstant{Val: accept},
	)
}

// onSocket has instructions judge socket(2), and accepts every other call, and all of an
// architecture that isn't known.
func onSocket(judge ...bpf.Instruction) (Filter, error) {
	of := socketOf()
	return bpf.Assemble(append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: of[0].arch, SkipTrue: 3},
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: of[0].number, SkipTrue: 5},
		bpf.RetConstant{Val: accept},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: of[1].arch, SkipTrue: 2},
		bpf.LoadAbsolute{Off: offNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: of[1].number, SkipTrue: 1},
		bpf.RetConstant{Val: accept},
	}, judge...))
}

// Bytes is the filter as setpriv(1) reads it from a file: one struct sock_filter of
// include/uapi/linux/filter.h after the other, on machines of little endian.
func (f Filter) Bytes() []byte {
	var out []byte
	for _, i := range f {
		out = binary.LittleEndian.AppendUint16(out, i.Op)
		out = append(out, i.Jt, i.Jf)
		out = binary.LittleEndian.AppendUint32(out, i.K)
	}
	return out
}

// ReadFile reads what Bytes gives.
func ReadFile(path string) (Filter, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := make(Filter, len(b)/8)
	if len(b) == 0 || len(b)%8 != 0 {
		return nil, fmt.Errorf("%s has %d bytes, which is no filter: an instruction has 8", path, len(b))
	}
	return f, binary.Read(bytes.NewReader(b), binary.LittleEndian, f)
}

// Confine puts the calling thread under the filter for the rest of its life, and with it
// whatever it starts. The goroutine must be locked to the thread, for good.
func (f Filter) Confine() error {
	program := make([]unix.SockFilter, len(f))
	for i, in := range f {
		program[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	// Without CAP_SYS_ADMIN a filter needs this first.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}
