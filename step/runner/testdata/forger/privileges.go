package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Copies of this program: one is set-user-ID root, the other has a capability in its
// file.
const (
	setUserID = "/setuid"
	capable   = "/capable"
)

// privileges tries to get back what the sandbox took. Root has the capabilities of a
// container to lose, others the user of a set-user-ID program to win.
func privileges() []attempt {
	out := []attempt{
		{"capabilities of the container", raise(unix.CAP_NET_RAW, unix.CAP_MKNOD, unix.CAP_SYS_CHROOT)},
		{"ambient capability", unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_NET_RAW, 0, 0)},
		{"chroot", chroot()},
		{"program with capabilities", runs(capable)},
	}
	if os.Geteuid() != 0 {
		out = append(out, attempt{"set-user-ID program", runs(setUserID)})
	}
	return out
}

// chroot is left to a child: this process goes on in its root.
func chroot() error {
	cmd := exec.Command("/proc/self/exe", "privileges")
	cmd.SysProcAttr = &unix.SysProcAttr{Chroot: "/tmp"}
	err := cmd.Run()
	if errors.Is(err, unix.ENOENT) {
		return nil // there is no such program in the new root
	}
	return err
}

// raise makes capabilities permitted, inheritable and effective.
func raise(caps ...int) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return err
	}
	for _, c := range caps {
		d := &data[c/32]
		for _, set := range []*uint32{&d.Permitted, &d.Inheritable, &d.Effective} {
			*set |= 1 << (c % 32)
		}
	}
	return unix.Capset(&hdr, &data[0])
}

// runs starts a program that is to have privileges; nil means that it has them.
func runs(program string) error {
	out, err := exec.Command(program, "privileges").Output()
	if err == nil && strings.TrimSpace(string(out)) != filepath.Base(program) {
		return unix.EPERM // as if it had none
	}
	return err
}

// hasPrivileges prints the name of this program when it got what its file gives.
func hasPrivileges() {
	_, _, errno := unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_CAPBSET_READ, unix.CAP_NET_RAW, 0, 0, 0, 0)
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	err := unix.Capget(&hdr, &data[0])
	name := filepath.Base(os.Args[0])
	if name == filepath.Base(setUserID) && os.Geteuid() == 0 ||
		name == filepath.Base(capable) && errno == 0 && err == nil && data[0].Effective&(1<<unix.CAP_NET_RAW) != 0 {
		fmt.Println(name)
	}
}

// giveCapability writes cap_net_raw+ep as setcap(8) does: struct vfs_cap_data, revision 2.
func giveCapability(file string) error {
	data := [20]byte{1, 0, 0, 2, 0, 0x20}
	_, _, errno := unix.Syscall6(unix.SYS_SETXATTR, text(file), text("security.capability"), uintptr(unsafe.Pointer(&data)), uintptr(len(data)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
