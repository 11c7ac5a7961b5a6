package runner

import (
	"cmp"
	"slices"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// filterVersion changes with what a filter of some name refuses.
const filterVersion = "1"

// filter is a seccomp filter to be.
type filter struct {
	// strict adds what the strict profile refuses.
	strict bool
	// proxy leaves the command no sockets but local ones and TCP.
	proxy bool
}

// name of what the filter refuses, with the version.
func (f filter) name() string {
	name := step.HardenBaseline
	if f.strict {
		name = step.HardenStrict
	}
	if f.proxy {
		name += "+proxy"
	}
	return name + "/" + filterVersion
}

// rule says what happens on a system call.
type rule struct {
	call
	then program
}

// rules of the filter; a call that has none is allowed. Where BuildKit's own filter
// refuses a call too, the error is the same: of two errors the later filter's counts.
func (f filter) rules() []rule {
	rules := []rule{
		{call{"ptrace", [archCount]int{101, 26, 117, 26}}, checkPtrace()},
		{call{"clone", [archCount]int{56, 120, 220, 120}}, arg(0, anyOf(namespaces, refuse(unix.EPERM), allow()))},
		// Its flags lie in memory. The C libraries go back to clone.
		{everywhere("clone3", 435), refuse(unix.ENOSYS)},
		{call{"mknod", [archCount]int{133, 14, none, 14}}, arg(1, f.checkMknod())},
		{call{"mknodat", [archCount]int{259, 297, 33, 324}}, arg(2, f.checkMknod())},
		{call{"socket", [archCount]int{41, 359, 198, 281}}, f.checkSocket()},
		{call{"socketpair", [archCount]int{53, 360, 199, 288}}, f.checkSocket()},
		{call{"socketcall", [archCount]int{none, 102, none, none}}, f.checkSocketcall()},
	}
	for _, c := range escapeCalls() {
		rules = append(rules, rule{c, refuse(unix.EPERM)})
	}
	if f.strict {
		rules = append(rules, strictRules()...)
	}
	if f.proxy {
		rules = append(rules,
			rule{call{"sendto", [archCount]int{44, 369, 206, 290}}, arg(3, checkFastOpen())},
			rule{call{"sendmsg", [archCount]int{46, 370, 211, 296}}, arg(2, checkFastOpen())},
			rule{call{"sendmmsg", [archCount]int{307, 345, 269, 374}}, arg(3, checkFastOpen())})
	}
	return rules
}

// namespaces are the flags of clone(2) that make one.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// checkPtrace leaves a debugger the processes that it starts itself, which ask to be
// traced, and what it does to them.
func checkPtrace() program {
	return arg(0, equals(unix.PTRACE_ATTACH, refuse(unix.EPERM),
		equals(unix.PTRACE_SEIZE, refuse(unix.EPERM), allow())))
}

// setIDs are the mode bits that make a program run as its owner or group.
const setIDs = unix.S_ISUID | unix.S_ISGID

// checkSetIDs looks at a mode.
func checkSetIDs() program { return anyOf(setIDs, refuse(unix.EPERM), allow()) }

// checkMknod looks at a mode. The kernel refuses devices for want of CAP_MKNOD, all
// but the one that marks a removed file in an overlay.
func (f filter) checkMknod() program {
	node := masked(unix.S_IFMT, equals(unix.S_IFCHR, refuse(unix.EPERM), equals(unix.S_IFBLK, refuse(unix.EPERM), allow())))
	if f.strict {
		return anyOf(setIDs, refuse(unix.EPERM), node)
	}
	return node
}

// sockTypeMask is the kernel's SOCK_TYPE_MASK: the type without its flags.
const sockTypeMask = 0xf

// checkSocket leaves Unix sockets, netlink, and of the internet's what needs no
// privilege. Any other family looks as if the kernel did not have it.
func (f filter) checkSocket() program {
	netlink, inet := allow(), arg(1, masked(sockTypeMask, equals(unix.SOCK_STREAM, allow(),
		equals(unix.SOCK_DGRAM, allow(), equals(unix.SOCK_SEQPACKET, allow(), refuse(unix.EPERM))))))
	if f.proxy {
		// Landlock knows TCP alone: no MPTCP, SMC or SCTP. Netlink sockets of other
		// protocols reach processes outside; they look as if the kernel did not have
		// them, which groupadd and its like take for a kernel without audit.
		netlink = arg(2, equals(unix.NETLINK_ROUTE, allow(), refuse(unix.EPROTONOSUPPORT)))
		tcp := arg(2, equals(0, allow(), equals(unix.IPPROTO_TCP, allow(), refuse(unix.EPERM))))
		inet = arg(1, masked(sockTypeMask, equals(unix.SOCK_STREAM, tcp, refuse(unix.EPERM))))
	}
	return arg(0, equals(unix.AF_UNIX, allow(), equals(unix.AF_NETLINK, netlink,
		equals(unix.AF_INET, inet, equals(unix.AF_INET6, inet, refuse(unix.EAFNOSUPPORT))))))
}

// Calls within socketcall(2).
const (
	sysSocket     = 1
	sysSocketpair = 8
)

// checkSocketcall is for the old way of 32-bit x86 to sockets, whose arguments lie in
// memory. Programs that can do otherwise go back to socket(2).
func (f filter) checkSocketcall() program {
	if f.proxy {
		return refuse(unix.ENOSYS)
	}
	return arg(0, equals(sysSocket, refuse(unix.ENOSYS), equals(sysSocketpair, refuse(unix.ENOSYS), allow())))
}

// checkFastOpen looks at the flags of a message: TCP fast open connects without
// connect(2), and Landlock does not see it.
func checkFastOpen() program { return anyOf(unix.MSG_FASTOPEN, refuse(unix.EPERM), allow()) }

// strictRules are those that no set-user-ID or set-group-ID bit gets past.
func strictRules() []rule {
	// O_TMPFILE's own bit, which unix.O_TMPFILE joins with O_DIRECTORY.
	const makes = unix.O_CREAT | unix.O_TMPFILE&^unix.O_DIRECTORY
	open := func(flags, mode int) program {
		return arg(flags, anyOf(makes, arg(mode, checkSetIDs()), allow()))
	}
	return []rule{
		{call{"chmod", [archCount]int{90, 15, none, 15}}, arg(1, checkSetIDs())},
		{call{"fchmod", [archCount]int{91, 94, 52, 94}}, arg(1, checkSetIDs())},
		{call{"fchmodat", [archCount]int{268, 306, 53, 333}}, arg(2, checkSetIDs())},
		{everywhere("fchmodat2", 452), arg(2, checkSetIDs())},
		{call{"creat", [archCount]int{85, 8, none, 8}}, arg(1, checkSetIDs())},
		{call{"open", [archCount]int{2, 5, none, 5}}, open(1, 2)},
		{call{"openat", [archCount]int{257, 295, 56, 322}}, open(2, 3)},
		// Its mode lies in memory. Programs go back to openat.
		{everywhere("openat2", 437), refuse(unix.ENOSYS)},
	}
}

// compile returns the filter for machines of a GOARCH; nil when there is none.
func (f filter) compile(goarch string) program {
	archs := archsOf(goarch)
	if archs == nil {
		return nil
	}
	// No other interface exists on these machines.
	p := answer(unix.SECCOMP_RET_KILL_PROCESS)
	for _, a := range slices.Backward(archs) {
		p = equals(a.audit, load(dataNumber, search(spansOf(f.rules(), a.column))), p)
	}
	return load(dataArch, p)
}

// spansOf sorts the rules by number and fills the gaps.
func spansOf(rules []rule, column int) []span {
	rules = slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return r.numbers[column] == none })
	slices.SortFunc(rules, func(a, b rule) int { return cmp.Compare(a.numbers[column], b.numbers[column]) })
	spans := []span{}
	next := uint32(0)
	add := func(first uint32, then program) {
		if n := len(spans); n == 0 || !slices.Equal(spans[n-1].then, then) {
			spans = append(spans, span{first, then})
		}
	}
	for _, r := range rules {
		n := uint32(r.numbers[column])
		if n > next {
			add(next, allow())
		}
		add(n, r.then)
		next = n + 1
	}
	add(next, allow())
	add(x32Bit, refuse(unix.ENOSYS))
	return spans
}
