package runner

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// onThread runs a function on a thread of its own, which ends with it and takes along
// what restricts it.
func onThread(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		fn()
	}()
	<-done
}

// without takes a system call away from this thread and what it starts, as a kernel
// without it or the filter of a builder does.
func without(t *testing.T, nr uint32, errno unix.Errno) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := load(dataNumber, equals(nr, refuse(errno), allow())).apply(); err != nil {
		t.Fatal(err)
	}
}

// missing is something that a kernel or builder does not have.
type missing struct {
	call  uint32 // 0: nothing
	errno unix.Errno
}

// What a kernel lacks is an error in the strict profile, before anything starts, and
// otherwise in the record. The calls are really refused, by a filter.
func TestWhatTheKernelLacksIsSaid(t *testing.T) {
	const (
		noLandlock = "abstract Unix sockets are not restricted, which needs Landlock ABI 6 (Linux 6.12): this kernel has none: "
		noFilter   = "no seccomp filter: "
	)
	for _, tt := range []struct {
		name string
		missing
		note, strict string
	}{
		{"Landlock not built in", missing{unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS}, noLandlock + "function not implemented", "harden: strict needs Landlock ABI 6"},
		{"Landlock not enabled", missing{unix.SYS_LANDLOCK_CREATE_RULESET, unix.EOPNOTSUPP}, noLandlock + "operation not supported", "harden: strict needs Landlock ABI 6"},
		{"no filters", missing{unix.SYS_SECCOMP, unix.EINVAL}, noFilter + "invalid argument", "harden: strict: no seccomp filter: invalid argument"},
		{"no seccomp", missing{unix.SYS_SECCOMP, unix.ENOSYS}, noFilter + "function not implemented", "harden: strict: no seccomp filter: function not implemented"},
		{"filters forbidden", missing{unix.SYS_SECCOMP, unix.EPERM}, noFilter + "operation not permitted", "harden: strict: no seccomp filter: operation not permitted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := runLacking(t, step.Config{Harden: step.HardenBaseline}, tt.missing)
			if got.exit != 0 || got.stdout != "ran\n" || got.record == nil {
				t.Fatalf("baseline: %+v", got)
			}
			sb := got.record.Sandbox
			if !slices.Contains(sb.Notes, tt.note) {
				t.Errorf("notes %q, want %q among them", sb.Notes, tt.note)
			}
			if landlock := strings.HasPrefix(tt.name, "Landlock"); (sb.Landlock == nil) != landlock || (sb.Filter == nil) == landlock {
				t.Errorf("the record claims what is not there, or not what is: %+v", sb)
			}
			got = runLacking(t, step.Config{Harden: step.HardenStrict, Root: true}, tt.missing)
			if got.exit != ExitFailure || got.stdout != "" || got.record != nil || !strings.HasPrefix(got.stderr, tt.strict) {
				t.Errorf("strict: %+v", got)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		if got := runLacking(t, step.Config{Harden: step.HardenStrict, Root: true}, missing{}); got.exit != 0 || got.record == nil ||
			got.record.Sandbox.Landlock == nil || got.record.Sandbox.Filter == nil {
			t.Errorf("strict on this kernel: %+v", got)
		}
	})
}

// runLacking is runHereEnv on a machine that lacks something.
func runLacking(t *testing.T, cfg step.Config, m missing) outcome {
	t.Helper()
	text, err := step.EncodeConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out outcome
	onThread(func() {
		if m.call != 0 {
			without(t, m.call, m.errno)
		}
		out = runHereEnv(t, []string{"PATH=" + os.Getenv("PATH"), step.ConfigEnv + "=" + text}, "echo", "ran")
	})
	return out
}

// An older kernel has a part of Landlock. The probe tells the version; what comes of it
// is this kernel's own doing.
func TestAnOlderLandlockIsUsedAsFarAsItGoes(t *testing.T) {
	if abi, err := landlockABI(); err != nil || abi < abiScopes {
		t.Skipf("needs Landlock ABI %d: %d, %v", abiScopes, abi, err)
	}
	const sockets = "abstract Unix sockets are not restricted, which needs Landlock ABI 6 (Linux 6.12): this kernel has ABI "
	for _, tt := range []struct {
		name        string
		limits      limits
		abi         int
		restricts   []string
		notes, open []string
		err         string
	}{
		{name: "baseline, new", limits: limits{profile: step.HardenBaseline}, abi: 6, restricts: []string{step.RestrictSockets}},
		{name: "baseline, old", limits: limits{profile: step.HardenBaseline}, abi: 5, notes: []string{sockets + "5"}},
		{
			name: "recorded, new", limits: limits{profile: step.HardenBaseline, port: 9}, abi: 6,
			restricts: []string{step.RestrictSockets, step.RestrictTCP},
		},
		{
			name: "recorded, with TCP", limits: limits{profile: step.HardenBaseline, port: 9}, abi: 4,
			restricts: []string{step.RestrictTCP}, notes: []string{sockets + "4"},
		},
		{
			name: "recorded, without TCP", limits: limits{profile: step.HardenBaseline, port: 9}, abi: 3, notes: []string{sockets + "3"},
			open: []string{"TCP is not restricted, which needs Landlock ABI 4 (Linux 6.7): this kernel has ABI 3"},
		},
		{
			name: "recorded, unhardened", limits: limits{profile: step.HardenOff, port: 9}, abi: 6,
			open: []string{"with harden=off the command may gain privileges"},
		},
		{
			name: "strict, new", limits: limits{profile: step.HardenStrict, root: true}, abi: 6,
			restricts: []string{step.RestrictSockets, step.RestrictSignals, step.RestrictWrites},
		},
		{
			name: "strict, old", limits: limits{profile: step.HardenStrict, root: true}, abi: 5,
			err: "harden: strict needs Landlock ABI 6 (Linux 6.12): this kernel has ABI 5: build on a newer kernel",
		},
		{
			name: "strict and recorded, old", limits: limits{profile: step.HardenStrict, root: true, port: 9}, abi: 3,
			err: "harden: strict needs Landlock ABI 6 (Linux 6.12): this kernel has ABI 3: build on a newer kernel",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.limits.landlock = func() (int, error) { return tt.abi, nil }
			onThread(func() {
				a, err := tt.limits.apply()
				if tt.err != "" {
					if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
						t.Errorf("error %v, want %s", err, tt.err)
					}
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				var restricts []string
				if a.landlock != nil {
					restricts = a.landlock.Restricts
				}
				notes := slices.DeleteFunc(a.notes, func(n string) bool { return strings.HasPrefix(n, "capability bounding set") })
				for what, diff := range map[string]string{
					"restricts": cmp.Diff(tt.restricts, restricts), "notes": cmp.Diff(slices.Clip(tt.notes), slices.Clip(notes)), "open": cmp.Diff(tt.open, a.open),
				} {
					if diff != "" {
						t.Errorf("%s (-want +got):\n%s", what, diff)
					}
				}
				confines := slices.Contains(restricts, step.RestrictTCP)
				if err := connectTCP(); (err == unix.EACCES) != confines {
					t.Errorf("TCP restricted %v, connect says %v", confines, err)
				}
			})
		})
	}
}

// connectTCP connects to a port where nobody listens.
func connectTCP() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}})
}

// The domains of baseline and strict end at processes that are not the step's.
func TestADomainEndsAtOtherProcesses(t *testing.T) {
	if abi, err := landlockABI(); err != nil || abi < abiScopes {
		t.Skipf("needs Landlock ABI %d: %d, %v", abiScopes, abi, err)
	}
	name := &unix.SockaddrUnix{Name: "@sworn-test-" + t.Name()}
	listener := socket(t)
	if err := unix.Bind(listener, name); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listener, 8); err != nil {
		t.Fatal(err)
	}
	other := exec.Command("sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait() // killed
	})
	for _, tt := range []struct {
		limits          limits
		connect, signal error
	}{
		{limits{profile: step.HardenOff}, nil, nil},
		{limits{profile: step.HardenBaseline}, unix.EPERM, nil},
		{limits{profile: step.HardenStrict, root: true}, unix.EPERM, unix.EPERM},
	} {
		t.Run(tt.limits.profile, func(t *testing.T) {
			onThread(func() {
				if _, err := tt.limits.apply(); err != nil {
					t.Error(err)
					return
				}
				own := exec.Command("sleep", "60")
				if err := own.Start(); err != nil {
					t.Error(err)
					return
				}
				if err := unix.Connect(socket(t), name); err != tt.connect {
					t.Errorf("connect to another's abstract socket: %v, want %v", err, tt.connect)
				}
				if err := unix.Kill(other.Process.Pid, unix.SIGCONT); err != tt.signal {
					t.Errorf("signal to another's process: %v, want %v", err, tt.signal)
				}
				if err := unix.Kill(own.Process.Pid, unix.SIGKILL); err != nil {
					t.Errorf("signal to its own process: %v", err)
				}
				_ = own.Wait() // killed
			})
		})
	}
}

func socket(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}
