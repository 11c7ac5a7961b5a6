package runner

import (
	"math"

	"golang.org/x/sys/unix"
)

// program is a piece of a seccomp filter: classic BPF that returns on every way
// through it. It uses no other instructions than those that the kernel evaluates
// ahead (seccomp_is_const_allow): a system call that is allowed whatever its arguments
// are costs nothing.
type program []unix.SockFilter

// Offsets in struct seccomp_data (seccomp(2)), in bytes.
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

// allow is the program that lets the system call through.
func allow() program { return answer(unix.SECCOMP_RET_ALLOW) }

// refuse is the program that makes the system call fail.
func refuse(errno unix.Errno) program {
	return answer(unix.SECCOMP_RET_ERRNO | uint32(errno)&unix.SECCOMP_RET_DATA)
}

func answer(value uint32) program {
	return program{{Code: unix.BPF_RET | unix.BPF_K, K: value}}
}

// load puts 32 bits of the data before p, for p to look at.
func load(offset uint32, p program) program {
	return append(program{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}}, p...)
}

// arg puts the low half of an argument, 0 to 5, before p. The arguments looked at here
// are ints, modes and flags, of which the kernel takes that half alone. Both
// architectures are little-endian.
func arg(n int, p program) program { return load(uint32(dataArgs+8*n), p) }

// masked keeps some bits of what was loaded.
func masked(bits uint32, p program) program {
	return append(program{{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: bits}}, p...)
}

// equals, atLeast and anyOf branch on what was loaded; anyOf looks for common bits.
func equals(k uint32, yes, no program) program  { return branch(unix.BPF_JEQ, k, yes, no) }
func atLeast(k uint32, yes, no program) program { return branch(unix.BPF_JGE, k, yes, no) }
func anyOf(bits uint32, yes, no program) program {
	return branch(unix.BPF_JSET, bits, yes, no)
}

func branch(op uint16, k uint32, yes, no program) program {
	jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | op, K: k, Jf: uint8(len(yes))}
	out := program{jump}
	if len(yes) > math.MaxUint8 {
		out[0].Jt, out[0].Jf = 1, 0
		out = append(out, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(yes))})
	}
	return append(append(out, yes...), no...)
}

// span is what happens from a system call number on, up to the next span's.
type span struct {
	first uint32
	then  program
}

// search is the program that finds the span of the number that was loaded; spans are
// sorted and the first begins at 0. It halves them, so that it takes some seven
// comparisons.
func search(spans []span) program {
	if len(spans) == 1 {
		return spans[0].then
	}
	mid := len(spans) / 2
	return atLeast(spans[mid].first, search(spans[mid:]), search(spans[:mid]))
}
