package runner

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"unsafe"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// Versions of Landlock's interface that brought what is used here, with the first
// kernel that has them.
const (
	abiTCP    = 4 // Linux 6.7
	abiScopes = 6 // Linux 6.12
)

const (
	// ruleNetPort is LANDLOCK_RULE_NET_PORT.
	ruleNetPort = 2

	accessMake = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_REFER
	// accessFile are the rights on a file itself.
	accessFile = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// domain is a Landlock domain to be.
type domain struct {
	// sockets keeps the command from abstract Unix sockets, signals from processes,
	// that are not of the domain.
	sockets, signals bool
	// port, when not 0, is the only TCP port that the command may connect to; it may
	// then not bind any.
	port uint16
	// writable, when not nil, are the only files and folders that may be written to.
	writable []step.Path
}

// landlockABI returns the version of the kernel's interface.
func landlockABI() (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// restricts are the names of what the domain restricts, sorted.
func (d domain) restricts() []string {
	var out []string
	for _, r := range []struct {
		name string
		on   bool
	}{
		{step.RestrictSockets, d.sockets},
		{step.RestrictSignals, d.signals},
		{step.RestrictTCP, d.port != 0},
		{step.RestrictWrites, d.writable != nil},
	} {
		if r.on {
			out = append(out, r.name)
		}
	}
	return out
}

// enter puts the calling thread, which must have no_new_privs, and what it starts into
// the domain. The kernel must know everything in it.
func (d domain) enter() error {
	var attr unix.LandlockRulesetAttr
	if d.sockets {
		attr.Scoped |= unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	if d.signals {
		attr.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
	}
	if d.port != 0 {
		attr.Access_net = unix.LANDLOCK_ACCESS_NET_CONNECT_TCP | unix.LANDLOCK_ACCESS_NET_BIND_TCP
	}
	if d.writable != nil {
		attr.Access_fs = accessMake | accessFile
	}
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return fmt.Errorf("make Landlock ruleset: %w", errno)
	}
	rules := int(n)
	defer unix.Close(rules)
	if d.port != 0 {
		if err := allowPort(rules, d.port); err != nil {
			return fmt.Errorf("allow TCP port %d in Landlock: %w", d.port, err)
		}
	}
	for _, p := range d.writable {
		if err := allowWrites(rules, string(p)); err != nil {
			return fmt.Errorf("allow writes to %s in Landlock: %w", p, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); errno != 0 {
		return fmt.Errorf("enter Landlock domain: %w", errno)
	}
	return nil
}

// allowPort adds a struct landlock_net_port_attr.
func allowPort(rules int, port uint16) error {
	attr := struct{ access, port uint64 }{unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, uint64(port)}
	return addRule(rules, ruleNetPort, unsafe.Pointer(&attr))
}

// allowWrites allows everything below a folder, or on a file.
func allowWrites(rules int, path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: accessFile, Parent_fd: int32(fd)}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		attr.Allowed_access |= accessMake
	}
	return addRule(rules, unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&attr))
}

func addRule(rules int, kind uintptr, attr unsafe.Pointer) error {
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), kind, uintptr(attr), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// writable lists what a strict step may write to: all that lies in the root folder but
// the kernel's file systems, and of the devices those that programs expect. Landlock
// only ever allows, with all that lies below, so the root folder itself, and /dev with
// what is ours in it, cannot be among them.
func writable() ([]step.Path, error) {
	entries, err := os.ReadDir("/")
	if err != nil {
		return nil, fmt.Errorf("list root folder: %w", err)
	}
	out := []step.Path{}
	for _, e := range entries {
		// A link gives no access of its own.
		if p := "/" + e.Name(); e.Type() != os.ModeSymlink && !slices.Contains(skipped(), p) {
			out = append(out, step.Path(p))
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm"} {
		p := "/dev/" + name
		if fi, err := os.Lstat(p); err == nil && fi.Mode().Type() != os.ModeSymlink {
			out = append(out, step.Path(p))
		}
	}
	slices.SortFunc(out, func(a, b step.Path) int { return cmp.Compare(a, b) })
	return out, nil
}
