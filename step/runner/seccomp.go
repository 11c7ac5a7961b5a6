package runner

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// apply puts the filter before every system call of the calling thread, which must have
// no_new_privs, and of what it starts. Filters that are there stay: a call that one of
// them refuses is refused.
func (p program) apply() error {
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// digest is sha256:HEX of the instructions as struct sock_filter, little-endian.
func (p program) digest() string {
	b := make([]byte, 0, 8*len(p))
	for _, i := range p {
		b = binary.LittleEndian.AppendUint16(b, i.Code)
		b = append(b, i.Jt, i.Jf)
		b = binary.LittleEndian.AppendUint32(b, i.K)
	}
	return sha256Digest(b)
}
