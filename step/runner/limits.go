package runner

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// limits are what to apply to the command's thread.
type limits struct {
	// profile is one of the Harden constants of package step.
	profile string
	// root lets the command of a strict step run as root.
	root bool
	// port, when not 0, is the only TCP port that the command may connect to, and TCP
	// all of the network that it may use.
	port uint16
	// landlock tells the version of the kernel's Landlock; nil asks the kernel.
	landlock func() (int, error)
}

// applied is what came of limits.
type applied struct {
	kernel   string
	filter   *step.Filter
	landlock *step.Landlock
	// notes say what could not be applied and why.
	notes []string
	// open says why the command can reach more than the port; empty when it cannot.
	open []string
}

// apply restricts the calling thread, which must be locked, and whatever it forks.
// What a want of privilege does not allow is noted, and so is what the kernel does not
// have, which is an error in the strict profile. Any other failure is an error, and then
// nothing may be started.
func (l limits) apply() (applied, error) {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return applied{}, fmt.Errorf("harden: read kernel release: %w", err)
	}
	a := applied{kernel: unix.ByteSliceToString(name.Release[:])}
	if l.profile == step.HardenOff {
		if l.port != 0 {
			a.open = append(a.open, "with harden=off the command may gain privileges")
		}
		return a, nil
	}
	if l.profile == step.HardenStrict && !l.root && unix.Geteuid() == 0 {
		return applied{}, errors.New("harden: strict: the command would run as root: set a USER, or allow root for this step")
	}
	var err error
	if a.notes, err = harden(keptCaps(l.profile)); err != nil {
		return applied{}, err
	}
	if err := l.enterDomain(&a); err != nil {
		return applied{}, err
	}
	return a, l.filterCalls(&a)
}

// enterDomain applies Landlock as far as the kernel has it.
func (l limits) enterDomain(a *applied) error {
	probe := l.landlock
	if probe == nil {
		probe = landlockABI
	}
	abi, err := probe()
	has := fmt.Sprintf("this kernel has ABI %d", abi)
	if err != nil {
		has = fmt.Sprintf("this kernel has none: %v", err)
	}
	d := domain{sockets: abi >= abiScopes}
	if !d.sockets {
		missing := fmt.Sprintf("Landlock ABI %d (Linux 6.12): %s", abiScopes, has)
		if l.profile == step.HardenStrict {
			return fmt.Errorf("harden: strict needs %s: build on a newer kernel (this is %s) or with harden=baseline", missing, a.kernel)
		}
		a.notes = append(a.notes, "abstract Unix sockets are not restricted, which needs "+missing)
	}
	if l.port != 0 {
		if abi >= abiTCP {
			d.port = l.port
		} else {
			a.open = append(a.open, fmt.Sprintf("TCP is not restricted, which needs Landlock ABI %d (Linux 6.7): %s", abiTCP, has))
		}
	}
	if l.profile == step.HardenStrict {
		d.signals = true
		if d.writable, err = writable(); err != nil {
			return fmt.Errorf("harden: strict: %w", err)
		}
	}
	if len(d.restricts()) == 0 {
		return nil
	}
	if err := d.enter(); err != nil {
		return fmt.Errorf("harden: %w", err)
	}
	a.landlock = &step.Landlock{ABI: abi, Restricts: d.restricts(), Writable: d.writable}
	return nil
}

// filterCalls applies the seccomp filter, if the kernel and the builder's own filter let
// it be.
func (l limits) filterCalls(a *applied) error {
	f := filter{strict: l.profile == step.HardenStrict, proxy: l.port != 0}
	p := f.compile(runtime.GOARCH)
	missing := "no seccomp filter: there is none for " + runtime.GOARCH
	if p != nil {
		switch err := p.apply(); {
		case err == nil:
			a.filter = &step.Filter{Name: f.name(), Digest: p.digest()}
			return nil
		case errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM):
			missing = fmt.Sprintf("no seccomp filter: %v", err)
		default:
			return fmt.Errorf("harden: set seccomp filter: %w", err)
		}
	}
	if f.strict {
		return fmt.Errorf("harden: strict: %s: build on a kernel with CONFIG_SECCOMP_FILTER or with harden=baseline", missing)
	}
	a.notes = append(a.notes, missing)
	if f.proxy {
		a.open = append(a.open, "protocols other than TCP are not refused: "+missing)
	}
	return nil
}
