package builder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testPatience is short: a test waits for its end.
const testPatience = 2 * time.Second

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == SupervisorCommand {
		if err := superviseFor(os.Args[2:], testPatience); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// daemon stands for buildkitd: it leaves two processes behind that want to live on,
// one of them in a session of its own, and says who they are.
const daemon = `
setsid sh -c 'trap "" TERM HUP; echo $$ >>pids; while :; do sleep 1; done' &
sh -c 'trap "" TERM HUP; echo $$ >>pids; while :; do sleep 1; done' &
echo $$ >>pids
echo ready >ready
trap 'exit 0' TERM
while :; do sleep 0.1; done
`

// supervised starts the daemon as startOwn does and returns the lock of its user.
func supervised(t *testing.T, script string) (paths, *os.File) {
	t.Helper()
	p := paths{dir: t.TempDir()}
	users, err := openLock(p.users())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = users.Close() })
	if ok, err := try(users, syscall.LOCK_SH); !ok || err != nil {
		t.Fatal(ok, err)
	}
	running, err := openLock(p.running())
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	if ok, err := try(running, syscall.LOCK_EX); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := supervise(p, []string{"sh", "-c", script}, running); err != nil {
		t.Fatal(err)
	}
	return p, users
}

// pids are the daemon's processes, once all three have said who they are.
func pids(t *testing.T, p paths) []int {
	t.Helper()
	var all []int
	within(t, "the daemon's processes start", func() bool {
		b, _ := os.ReadFile(p.file("pids"))
		all = nil
		for _, f := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(f)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, pid)
		}
		return len(all) == 3
	})
	return all
}

func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("not within 20 s: %s", what)
}

func alive(pid int) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func gone(t *testing.T, p paths, all []int) {
	t.Helper()
	within(t, "the supervisor ends", func() bool {
		ended, err := free(p.running())
		if err != nil {
			t.Fatal(err)
		}
		return ended
	})
	for _, pid := range all {
		if alive(pid) {
			t.Errorf("process %d is still there", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func TestTheLastUserEndsTheDaemonAndWhatItLeftBehind(t *testing.T) {
	p, first := supervised(t, daemon)
	all := pids(t, p)
	second, err := openLock(p.users())
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := try(second, syscall.LOCK_SH); !ok || err != nil {
		t.Fatal("a second user is kept out: ", err)
	}
	// The first one leaves and does not wait: it is not the last one.
	if err := leave(first, p); err != nil {
		t.Fatal(err)
	}
	if ended, err := free(p.running()); ended || err != nil || !alive(all[0]) {
		t.Fatalf("the daemon ended while it was used: %v", err)
	}
	// The second one waits until all is gone.
	if err := leave(second, p); err != nil {
		t.Fatal(err)
	}
	gone(t, p, all)
}

func TestAUserThatIsKilledEndsTheDaemon(t *testing.T) {
	p, users := supervised(t, daemon)
	all := pids(t, p)
	// What the kernel does with the lock of a process that ends.
	if err := users.Close(); err != nil {
		t.Fatal(err)
	}
	gone(t, p, all)
}

func TestADaemonThatIgnoresTheEndIsKilled(t *testing.T) {
	p, users := supervised(t, strings.Replace(daemon, "trap 'exit 0' TERM", "trap '' TERM", 1))
	all := pids(t, p)
	if err := users.Close(); err != nil {
		t.Fatal(err)
	}
	gone(t, p, all)
}

func TestADaemonThatEndsByItselfEndsItsSupervisor(t *testing.T) {
	p, _ := supervised(t, "echo the reason >&2; exit 3")
	gone(t, p, nil)
	if got := tail(p.log()); !strings.Contains(got, "the reason") || !strings.Contains(got, "the daemon ended: exit status 3") {
		t.Errorf("log: %s", got)
	}
}

func TestWhoComesWhileADaemonEndsWaits(t *testing.T) {
	p, users := supervised(t, strings.Replace(daemon, "exit 0", "sleep 1; exit 0", 1))
	all := pids(t, p)
	if err := users.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := openLock(p.users())
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	within(t, "the supervisor has the lock", func() bool {
		ok, err := try(next, syscall.LOCK_SH)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			_ = syscall.Flock(int(next.Fd()), syscall.LOCK_UN)
		}
		return !ok
	})
	if err := take(context.Background(), next, syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	gone(t, p, all)
}
