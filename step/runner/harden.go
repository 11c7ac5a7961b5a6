package runner

import (
	"errors"
	"fmt"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// keptCaps are what a build needs to install software: give files away, act as
// another user. SETFCAP is among them because file capabilities are part of an
// image's content; with no_new_privs they give the step nothing. A strict step makes
// no files that give privileges.
func keptCaps(profile string) capSet {
	kept := capsOf(unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID,
		unix.CAP_SETUID, unix.CAP_SETGID)
	if profile != step.HardenStrict {
		kept |= capsOf(unix.CAP_SETFCAP)
	}
	return kept
}

// harden takes capabilities, core dumps and the way to new privileges from the calling
// thread. It returns notes on what could not be applied for want of privilege.
func harden(kept capSet) (notes []string, err error) {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return nil, fmt.Errorf("harden: set core limit: %w", err)
	}
	err = cutBounding(kept)
	switch {
	case errors.Is(err, unix.EPERM):
		notes = append(notes, "capability bounding set not cut: operation not permitted")
	case err != nil:
		return nil, fmt.Errorf("harden: cut capability bounding set: %w", err)
	}
	if err := cutCaps(kept); err != nil {
		return nil, fmt.Errorf("harden: cut capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("harden: set no_new_privs: %w", err)
	}
	return notes, nil
}

// cutBounding drops every capability outside keep from the bounding set. The
// kernel answers EINVAL for the first capability that it does not know.
func cutBounding(keep capSet) error {
	for c := range 64 {
		have, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			return nil
		}
		if err != nil {
			return err
		}
		if have == 0 || keep&(1<<c) != 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// cutCaps reduces the thread's effective, permitted and inheritable sets; the
// kernel cuts the ambient set with them.
func cutCaps(keep capSet) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return err
	}
	for i := range data {
		k := uint32(keep >> (32 * i))
		data[i].Effective &= k
		data[i].Permitted &= k
		data[i].Inheritable &= k
	}
	return unix.Capset(&hdr, &data[0])
}

// hide makes the runner's memory, environment and open files unreachable through
// ptrace(2) and /proc for processes of the same user.
func hide() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("hide runner: %w", err)
	}
	return nil
}
