package runner

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Outcomes of a filter, as errors; nil is allowed.
const killed = unix.Errno(0xffff)

// machine runs a filter in golang.org/x/net/bpf's interpreter.
type machine struct {
	t  *testing.T
	vm *bpf.VM
}

func newMachine(t *testing.T, f filter, goarch string) machine {
	t.Helper()
	raw := []bpf.RawInstruction{}
	for _, i := range f.compile(goarch) {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	all, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("instructions that are not BPF's")
	}
	vm, err := bpf.NewVM(all)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, vm}
}

// call returns 0 when the filter allows the call. The interpreter reads big-endian, so
// the data is laid out that way, word by word.
func (m machine) call(audit, nr uint32, args ...uint64) unix.Errno {
	m.t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], nr)
	binary.BigEndian.PutUint32(data[4:], audit)
	for i, a := range args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(a>>32))
	}
	n, err := m.vm.Run(data)
	if err != nil {
		m.t.Fatal(err)
	}
	switch got := uint32(n); {
	case got == unix.SECCOMP_RET_ALLOW:
		return 0
	case got == unix.SECCOMP_RET_KILL_PROCESS:
		return killed
	case got&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO:
		return unix.Errno(got & unix.SECCOMP_RET_DATA)
	}
	m.t.Fatalf("call %d: answer %#x", nr, n)
	return 0
}

// sysNumbers reads a table of golang.org/x/sys, by name in lower case.
func sysNumbers(t *testing.T, goarch string) map[string]uint32 {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "zsysnum_linux_"+goarch+".go"))
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]uint32{}
	for _, m := range regexp.MustCompile(`(?m)^\s+SYS_(\w+)\s+= (\d+)`).FindAllStringSubmatch(string(b), -1) {
		n, err := strconv.ParseUint(m[2], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		numbers[strings.ToLower(m[1])] = uint32(n)
	}
	if len(numbers) < 300 {
		t.Fatalf("%s: %d system calls", goarch, len(numbers))
	}
	return numbers
}

// interfaces are the system call interfaces that filters are for.
func interfaces() []struct {
	goarch, table string
	arch          arch
} {
	return []struct {
		goarch, table string
		arch          arch
	}{
		{"amd64", "amd64", archsOf("amd64")[0]}, {"amd64", "386", archsOf("amd64")[1]},
		{"arm64", "arm64", archsOf("arm64")[0]}, {"arm64", "arm", archsOf("arm64")[1]},
	}
}

func filters() []filter {
	return []filter{{}, {strict: true}, {proxy: true}, {strict: true, proxy: true}}
}

func TestCallNumbersAreTheKernels(t *testing.T) {
	for _, i := range interfaces() {
		numbers := sysNumbers(t, i.table)
		for _, r := range (filter{strict: true, proxy: true}).rules() {
			want, ok := numbers[r.name]
			got := r.numbers[i.arch.column]
			if ok != (got != none) || ok && int(want) != got {
				t.Errorf("%s %s: %d, the kernel's is %d (%v)", i.table, r.name, got, want, ok)
			}
		}
	}
}

// expectation of a call with certain arguments.
type expectation struct {
	args []uint64
	want unix.Errno
}

func with(want unix.Errno, args ...uint64) expectation { return expectation{args, want} }

// expectations are what the filter does on each call by name that it does not simply
// allow.
func expectations(f filter) map[string][]expectation {
	out := map[string][]expectation{
		"ptrace": {with(unix.EPERM, 16), with(unix.EPERM, 0x4206), with(0, 0), with(0, 1), with(0, 0x4200)},
		"clone": {
			with(0, 17), with(0, 0x3d0f00), with(unix.EPERM, 0x10000000), with(unix.EPERM, 0x20000|17),
			with(unix.EPERM, 0x40000000), with(unix.EPERM, 0x2000000), with(unix.EPERM, 0x4000000),
			with(unix.EPERM, 0x8000000), with(unix.EPERM, 0x20000000),
		},
		"clone3":     {with(unix.ENOSYS)},
		"socketcall": {with(unix.ENOSYS, 1), with(unix.ENOSYS, 8), with(0, 3), with(0, 16)},
		"mknod": {
			with(0, 0, 0o100644), with(0, 0, 0o644), with(0, 0, 0o10600), with(0, 0, 0o140600),
			with(unix.EPERM, 0, 0o20600), with(unix.EPERM, 0, 0o60600), with(unix.EPERM, 0, 0x10000|0o20600),
		},
	}
	sockets := []expectation{
		with(0, 1, 1), with(0, 1, 0x80801), with(0, 2, 1), with(0, 10, 0x80801), with(0, 2, 1, 6),
		with(unix.EPERM, 2, 3), with(unix.EPERM, 2, 0x80003, 255), with(unix.EPERM, 10, 10), with(unix.EPERM, 2, 10),
		with(unix.EPERM, 2, 6), with(unix.EAFNOSUPPORT, 17, 3), with(unix.EAFNOSUPPORT, 40, 1),
		with(unix.EAFNOSUPPORT, 38, 5), with(unix.EAFNOSUPPORT, 0), with(unix.EAFNOSUPPORT, 44), with(0, 1<<32|16, 3, 0),
	}
	// Netlink's audit and another protocol of it come last.
	limited := func(inet, netlink unix.Errno) []expectation {
		return []expectation{
			with(inet, 2, 2), with(inet, 10, 0x80802, 17), with(inet, 2, 5, 132), with(inet, 2, 1, 262),
			with(inet, 10, 1, 256), with(inet, 2, 1, 132), with(netlink, 16, 3, 9), with(netlink, 16, 2, 2),
		}
	}
	out["socket"] = append(sockets, limited(0, 0)...)
	if f.proxy {
		out["socket"] = append(sockets, limited(unix.EPERM, unix.EPROTONOSUPPORT)...)
		out["socketcall"] = []expectation{with(unix.ENOSYS, 1), with(unix.ENOSYS, 11)}
		out["sendto"] = []expectation{with(0, 3, 0, 0, 0x4000), with(unix.EPERM, 3, 0, 0, 0x20004000)}
		out["sendmmsg"] = out["sendto"]
		out["sendmsg"] = []expectation{with(0, 3, 0, 0), with(unix.EPERM, 3, 0, 0x20000000)}
	}
	if f.strict {
		out["mknod"] = append(out["mknod"], with(unix.EPERM, 0, 0o104755), with(unix.EPERM, 0, 0o2644))
		out["chmod"] = []expectation{with(0, 0, 0o755), with(0, 0, 0o1777), with(unix.EPERM, 0, 0o4755), with(unix.EPERM, 0, 0o2755)}
		out["open"] = []expectation{
			with(0, 0, 0x41, 0o666), with(0, 0, 0, 0o4755), with(0, 0, 0o200000, 0o6755),
			with(unix.EPERM, 0, 0x41, 0o4755), with(unix.EPERM, 0, 0x410001, 0o2755),
		}
		out["fchmod"], out["creat"] = out["chmod"], out["chmod"]
		out["fchmodat"], out["fchmodat2"] = shifted(out["chmod"]), shifted(out["chmod"])
		out["openat"], out["openat2"] = shifted(out["open"]), []expectation{with(unix.ENOSYS)}
	}
	out["mknodat"], out["socketpair"] = shifted(out["mknod"]), out["socket"]
	for _, c := range escapeCalls() {
		out[c.name] = []expectation{with(unix.EPERM), with(unix.EPERM, 1, 2, 3, 4, 5, 6)}
	}
	return out
}

// shifted puts a directory's descriptor before the arguments.
func shifted(in []expectation) []expectation {
	out := []expectation{}
	for _, e := range in {
		out = append(out, with(e.want, append([]uint64{3}, e.args...)...))
	}
	return out
}

func TestFilterRefusesWhatItSaysAndNothingElse(t *testing.T) {
	for _, f := range filters() {
		want := expectations(f)
		for _, i := range interfaces() {
			t.Run(f.name()+" "+i.table, func(t *testing.T) {
				m := newMachine(t, f, i.goarch)
				numbers := sysNumbers(t, i.table)
				names := map[uint32]string{}
				for name, n := range numbers {
					names[n] = name
				}
				for n := range uint32(1 << 12) {
					cases := want[names[n]]
					if cases == nil {
						cases = []expectation{with(0), with(0, 1<<64-1, 1<<64-1, 1<<64-1, 1<<64-1, 1<<64-1, 1<<64-1)}
					}
					for _, e := range cases {
						if got := m.call(i.arch.audit, n, e.args...); got != e.want {
							t.Errorf("%s (%d) %#x: %v, want %v", names[n], n, e.args, got, e.want)
						}
					}
				}
			})
		}
	}
}

// No other interface is a way around: not x32, nor one that the machine is not known to
// have, nor that of the other machine.
func TestFilterClosesOtherInterfaces(t *testing.T) {
	for _, f := range filters() {
		for _, i := range interfaces() {
			m := newMachine(t, f, i.goarch)
			for _, n := range []uint32{0x40000000, 0x40000000 + 41, 0x40000000 + 520, 0x80000000, 1<<32 - 1} {
				if got := m.call(i.arch.audit, n); got != unix.ENOSYS {
					t.Errorf("%s: call %#x: %v", i.table, n, got)
				}
			}
			for _, audit := range []uint32{0, unix.AUDIT_ARCH_RISCV64, unix.AUDIT_ARCH_S390X, unix.AUDIT_ARCH_X86_64 ^ 1} {
				if got := m.call(audit, 0); got != killed {
					t.Errorf("%s: interface %#x: %v", i.table, audit, got)
				}
			}
		}
		if newMachine(t, f, "amd64").call(unix.AUDIT_ARCH_AARCH64, 0) != killed {
			t.Errorf("%s: arm64 on amd64", f.name())
		}
		if f.compile("riscv64") != nil {
			t.Errorf("%s: a filter for a machine without numbers", f.name())
		}
	}
}

// The kernel takes 4096 instructions, and evaluates ahead only some of them.
func TestFilterIsWhatTheKernelEvaluatesAhead(t *testing.T) {
	allowed := map[uint16]bool{
		unix.BPF_LD | unix.BPF_W | unix.BPF_ABS: true, unix.BPF_RET | unix.BPF_K: true,
		unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K: true, unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K: true,
		unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K: true, unix.BPF_JMP | unix.BPF_JA: true,
		unix.BPF_ALU | unix.BPF_AND | unix.BPF_K: true,
	}
	seen := map[string]string{}
	for _, f := range filters() {
		for _, goarch := range []string{"amd64", "arm64"} {
			p := f.compile(goarch)
			for _, i := range p {
				if !allowed[i.Code] {
					t.Errorf("%s: instruction %#x", f.name(), i.Code)
				}
			}
			if len(p) > 4096 {
				t.Errorf("%s %s: %d instructions", f.name(), goarch, len(p))
			}
			id := fmt.Sprint(f.name(), " ", goarch)
			if other := seen[p.digest()]; other != "" || p.digest() != f.compile(goarch).digest() {
				t.Errorf("%s: digest as %s, or another each time", id, other)
			}
			seen[p.digest()] = id
			t.Logf("%s: %d instructions", id, len(p))
		}
	}
}
