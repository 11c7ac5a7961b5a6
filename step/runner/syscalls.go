package runner

import "golang.org/x/sys/unix"

// arch is a system call interface that programs of a machine may use.
type arch struct {
	// audit is its AUDIT_ARCH number in struct seccomp_data.
	audit uint32
	// column of a [call] has its numbers.
	column int
}

// archsOf returns the interfaces of a machine by its GOARCH, its own and the 32-bit one;
// nil for machines that there is no filter for.
//
// The x32 interface, which has the audit number of amd64, is known by its bit in the
// number (x32Bit).
func archsOf(goarch string) []arch {
	switch goarch {
	case "amd64":
		return []arch{{unix.AUDIT_ARCH_X86_64, onAMD64}, {unix.AUDIT_ARCH_I386, on386}}
	case "arm64":
		return []arch{{unix.AUDIT_ARCH_AARCH64, onARM64}, {unix.AUDIT_ARCH_ARM, onARM}}
	}
	return nil
}

const (
	onAMD64 = iota
	on386
	onARM64
	onARM
	archCount
)

// x32Bit is __X32_SYSCALL_BIT. No interface has numbers as high as it, -1, which a
// tracer may set, excepted.
const x32Bit = 0x40000000

// none stands for a call that an interface does not have.
const none = -1

// call is a system call and its number on each interface.
type call struct {
	name    string
	numbers [archCount]int
}

// everywhere is a call with the same number on all interfaces, as all are that came
// with Linux 5.1 or later.
func everywhere(name string, n int) call { return call{name, [archCount]int{n, n, n, n}} }

// escapeCalls are ways out of the container or into other processes, and what they
// need: the builder's kernel, its mounts, namespaces, keys and clocks. No build needs
// them.
func escapeCalls() []call {
	return []call{
		{"process_vm_readv", [archCount]int{310, 347, 270, 376}},
		{"process_vm_writev", [archCount]int{311, 348, 271, 377}},
		{"kcmp", [archCount]int{312, 349, 272, 378}},
		everywhere("pidfd_getfd", 438),
		everywhere("process_madvise", 440),

		{"mount", [archCount]int{165, 21, 40, 21}},
		{"umount", [archCount]int{none, 22, none, none}},
		{"umount2", [archCount]int{166, 52, 39, 52}},
		{"pivot_root", [archCount]int{155, 217, 41, 218}},
		everywhere("open_tree", 428),
		everywhere("move_mount", 429),
		everywhere("fsopen", 430),
		everywhere("fsconfig", 431),
		everywhere("fsmount", 432),
		everywhere("fspick", 433),
		everywhere("mount_setattr", 442),
		everywhere("open_tree_attr", 467),
		{"open_by_handle_at", [archCount]int{304, 342, 265, 371}},
		{"fanotify_init", [archCount]int{300, 338, 262, 367}},

		{"unshare", [archCount]int{272, 310, 97, 337}},
		{"setns", [archCount]int{308, 346, 268, 375}},

		{"add_key", [archCount]int{248, 286, 217, 309}},
		{"request_key", [archCount]int{249, 287, 218, 310}},
		{"keyctl", [archCount]int{250, 288, 219, 311}},

		{"bpf", [archCount]int{321, 357, 280, 386}},
		{"perf_event_open", [archCount]int{298, 336, 241, 364}},
		{"userfaultfd", [archCount]int{323, 374, 282, 388}},
		everywhere("io_uring_setup", 425),
		everywhere("io_uring_enter", 426),
		everywhere("io_uring_register", 427),

		{"init_module", [archCount]int{175, 128, 105, 128}},
		{"delete_module", [archCount]int{176, 129, 106, 129}},
		{"finit_module", [archCount]int{313, 350, 273, 379}},
		{"kexec_load", [archCount]int{246, 283, 104, 347}},
		{"kexec_file_load", [archCount]int{320, none, 294, 401}},
		{"iopl", [archCount]int{172, 110, none, none}},
		{"ioperm", [archCount]int{173, 101, none, none}},
		{"syslog", [archCount]int{103, 103, 116, 103}},
		{"reboot", [archCount]int{169, 88, 142, 88}},
		{"swapon", [archCount]int{167, 87, 224, 87}},
		{"swapoff", [archCount]int{168, 115, 225, 115}},
		{"acct", [archCount]int{163, 51, 89, 51}},
		{"quotactl", [archCount]int{179, 131, 60, 131}},
		everywhere("quotactl_fd", 443),
		{"vhangup", [archCount]int{153, 111, 58, 111}},

		{"settimeofday", [archCount]int{164, 79, 170, 79}},
		{"stime", [archCount]int{none, 25, none, none}},
		{"clock_settime", [archCount]int{227, 264, 112, 262}},
		{"clock_settime64", [archCount]int{none, 404, none, 404}},
		{"adjtimex", [archCount]int{159, 124, 171, 124}},
		{"clock_adjtime", [archCount]int{305, 343, 266, 372}},
		{"clock_adjtime64", [archCount]int{none, 405, none, 405}},
	}
}
