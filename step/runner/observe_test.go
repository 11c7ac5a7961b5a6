package runner

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

// inputsOf are the observed inputs but the shell's own.
func inputsOf(t *testing.T, got outcome) []step.Input {
	t.Helper()
	if got.record == nil {
		t.Fatalf("no record: %+v", got)
	}
	var out []step.Input
	for _, i := range got.record.Observation.Inputs {
		if i.Path != "/bin/busybox" && i.Path != "/etc/passwd" {
			out = append(out, i)
		}
	}
	return out
}

func TestObservationOfAStep(t *testing.T) {
	c := newContainer(t, "/bin/sh", "-c", `cat /d/read /cache/hit /run/secrets/token /var/run/secrets/token /single /etc/hosts >/dev/null
		stat /d/unread >/dev/null; ls -l /d >/dev/null
		cat /d/changed; echo new > /d/changed; echo x > /tmp/made; cat /tmp/made; mv /entered /moved; cat /moved/file
		mkdir /new; ln /d/plain /new/link; cat /new/link`)
	cache, secret := t.TempDir(), t.TempDir()
	put(t, cache+"/hit", "hit")
	put(t, cache+"/miss", "miss")
	put(t, secret+"/token", "s3cret")
	put(t, secret+"/hosts", "hosts")
	put(t, secret+"/single", "single")
	c.file("run/secrets/token", "")
	if err := os.Symlink(".", c.base+"/merged/var"); err != nil {
		t.Fatal(err)
	}
	c.bind(cache, "/cache", "rw")
	c.bind(secret+"/token", "/run/secrets/token", "ro")
	c.bind(secret+"/hosts", "/etc/hosts", "ro")
	c.bind(secret+"/single", "/single", "ro")
	c.cfg.Mounts = []step.ConfigMount{
		{Target: "/cache", Shared: true},
		{Target: "/single", Shared: true},
		{Target: "/var/run/secrets/token", Ignore: true},
	}
	got := c.run()
	want := []step.Input{
		{Path: "/cache/hit", Digest: digestOf("hit"), Size: 3, Mount: "/cache", Shared: true},
		{Path: "/d/changed", Changed: true},
		{Path: "/d/plain", Changed: true},
		{Path: "/d/read", Digest: digestOf("read"), Size: 4},
		{Path: "/entered/file", Changed: true},
		{Path: "/single", Digest: digestOf("single"), Size: 6, Mount: "/single", Shared: true},
		{Path: "/tmp/made", Changed: true},
	}
	if diff := cmp.Diff(want, inputsOf(t, got)); diff != "" {
		t.Errorf("inputs (-want +got):\n%s\n%s", diff, got.stderr)
	}
	o := got.record.Observation
	if !o.Complete || len(o.Reasons) != 0 || o.Mode != step.ObserveInotify {
		t.Errorf("complete %v, reasons %q", o.Complete, o.Reasons)
	}
}

func TestLinkedFilesOfImageAndCacheAreInputs(t *testing.T) {
	c := newContainer(t, "/bin/sh", "-c", `mkdir /new /cache/new
		ln /entered/file /new/a; ln /cache/in/hit /cache/new/b; cat /new/a /cache/new/b`)
	cache := t.TempDir()
	put(t, cache+"/in/hit", "hit")
	put(t, cache+"/in/miss", "miss")
	c.bind(cache, "/cache", "rw")
	c.cfg.Mounts = []step.ConfigMount{{Target: "/cache", Shared: true}}
	got := c.run()
	want := []step.Input{
		{Path: "/cache/in/hit", Changed: true, Mount: "/cache", Shared: true},
		{Path: "/entered/file", Changed: true},
	}
	if diff := cmp.Diff(want, inputsOf(t, got)); diff != "" || got.stdout != "xhit" {
		t.Errorf("inputs (-want +got):\n%s\n%+v", diff, got)
	}
}

func TestExecutedFilesAreInputs(t *testing.T) {
	c := newContainer(t, "/d/script")
	c.file("d/script", "#!/bin/sh\nexit 0\n")
	if err := os.Chmod(c.base+"/merged/d/script", 0o755); err != nil {
		t.Fatal(err)
	}
	got := c.run()
	want := []step.Input{{Path: "/d/script", Digest: digestOf("#!/bin/sh\nexit 0\n"), Size: 17}}
	if diff := cmp.Diff(want, inputsOf(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(got.record.Observation.Inputs); n < 2 {
		t.Error("the interpreter is missing")
	}
}

func TestObserveOffSeesNothing(t *testing.T) {
	c := newContainer(t, "cat", "/d/read")
	c.cfg.Observe = false
	got := c.run()
	want := step.Observation{Mode: step.ObserveOff, Inputs: []step.Input{}}
	if got.record == nil {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(want, got.record.Observation); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTwoRunsGiveTheSameRecord(t *testing.T) {
	var records [2]string
	for i := range records {
		c := newContainer(t, "/bin/sh", "-c", "cat /d/read; echo x > /d/changed; (sleep 9 &)")
		c.run()
		b, err := os.ReadFile(c.base + "/record/" + step.RecordFile)
		if err != nil {
			t.Fatal(err)
		}
		records[i] = string(b)
	}
	if diff := cmp.Diff(records[0], records[1]); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func TestOverflowedQueueMakesItIncomplete(t *testing.T) {
	const limit = "/proc/sys/fs/inotify/max_queued_events"
	// The shell opens the files itself, thousands in a row: with a process for
	// each, the runner would often be as fast as the step.
	c := newContainer(t, "/bin/sh", "-c", "n=0; while [ $n -lt 50 ]; do n=$((n+1)); for f in /many/*; do : <$f; done; done")
	for i := 1; i < 10; i++ {
		for j := 1; j < 10; j++ {
			c.file("many/"+string(rune('0'+i))+string(rune('0'+j)), "")
		}
	}
	old, err := os.ReadFile(limit)
	if err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(limit, []byte("1"), 0o644); err != nil {
		t.Skipf("needs to set fs.inotify.max_queued_events: %v", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(limit, old, 0o644); err != nil {
			t.Errorf("restore: %v", err)
		}
	})
	got := c.run()
	want := []string{"file events lost: queue longer than fs.inotify.max_queued_events"}
	if got.record == nil || got.record.Observation.Complete {
		t.Fatalf("record: %v, observation complete: nothing was lost", got.record != nil)
	}
	if diff := cmp.Diff(want, got.record.Observation.Reasons); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUserStep(t *testing.T) {
	for _, tt := range []struct {
		name   string
		mode   os.FileMode // of /closed, root's
		mine   os.FileMode // of /dir, the user's
		harden string
		want   []string
	}{
		{name: "closed to the user", mode: 0o700, mine: 0o755, harden: step.HardenBaseline},
		{name: "closed but set-user-ID programs work", mode: 0o700, mine: 0o755, harden: step.HardenOff,
			want: []string{"1 folder of other users not watched, the first is /closed: a set-user-ID program may read there"}},
		{name: "may be entered and not listed", mode: 0o711, mine: 0o755, harden: step.HardenBaseline,
			want: []string{"1 folder not watched, the first is /closed: permission denied"}},
		{name: "the user's own", mode: 0o700, mine: 0, harden: step.HardenBaseline,
			want: []string{"1 folder not watched, the first is /dir: permission denied"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newContainer(t, "/bin/sh", "-c", "cat /d/read; id -u")
			c.uid, c.cfg.Harden = 1000, tt.harden
			for _, err := range []error{
				os.Chmod(c.base+"/merged/closed", tt.mode),
				os.Chmod(c.base+"/merged/dir", tt.mine),
				os.Chown(c.base+"/merged/dir", 1000, 1000),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			got := c.run()
			want := []step.Input{{Path: "/d/read", Digest: digestOf("read"), Size: 4}}
			if diff := cmp.Diff(want, inputsOf(t, got)); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			o, p := got.record.Observation, got.record.Process
			if diff := cmp.Diff(tt.want, o.Reasons); diff != "" || o.Complete != (tt.want == nil) {
				t.Errorf("complete %v, reasons (-want +got):\n%s", o.Complete, diff)
			}
			if diff := cmp.Diff(step.Process{UID: 1000, GID: 1000, Groups: []uint32{5, 7}, Cwd: "/d"}, p); diff != "" {
				t.Errorf("process (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFileThatTheUserMayOnlyExecuteSaysWhy(t *testing.T) {
	c := newContainer(t, "/d/tool", "true")
	c.uid = 1000
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, busybox, c.base+"/merged/d/tool", 0o711)
	got := inputsOf(t, c.run())
	if diff := cmp.Diff([]step.Input{{Path: "/d/tool", Reason: "permission denied"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEnvironmentOfTheCommandDoesNotReachTheRunner(t *testing.T) {
	c := newContainer(t, "env")
	c.env = append(c.env, "HOME=/root", "OTEL_TRACES_EXPORTER=otlp", "TRACEPARENT=00-1")
	c.cfg.Env = []string{"GODEBUG=inittrace=1", "GOMAXPROCS=bad"}
	got := c.run()
	// runc hands the variables over in an order of its own.
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	want := map[string]bool{"PATH=" + path: true, "HOME=/root": true, "GODEBUG=inittrace=1": true, "GOMAXPROCS=bad": true}
	have := map[string]bool{}
	for _, l := range lines {
		have[l] = true
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.stderr != "" {
		t.Errorf("the runner printed %q", got.stderr)
	}
}

func TestSignalsFromOutsideReachACommandThatHandlesThem(t *testing.T) {
	for _, tt := range []struct {
		script string
		want   int
	}{
		{`trap "exit 33" TERM; touch /ready; while :; do sleep 0.05; done`, 33},
		{`touch /ready; sleep 2; exit 5`, 5}, // not handled: lost, as for any PID 1
	} {
		c := newContainer(t, "/bin/sh", "-c", tt.script)
		cmd := c.command()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if _, err := os.Stat(c.base + "/merged/ready"); err == nil {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
		kill := exec.Command("runc", "--root", c.base+"/runc", "kill", c.name(), "TERM")
		if out, err := kill.CombinedOutput(); err != nil {
			t.Errorf("runc kill: %v: %s", err, out)
		}
		_ = cmd.Wait() // the exit code follows
		if got := cmd.ProcessState.ExitCode(); got != tt.want {
			t.Errorf("%s: exit %d, want %d", tt.script, got, tt.want)
		}
	}
}

func TestHardenedRootCanStillSetFileCapabilities(t *testing.T) {
	c := newContainer(t, "/bin/sh", "-c", "chown 5:6 /d/read && chmod u+s /d/unread && /forger filecap /d/read && cat /proc/self/status")
	c.forger(0o755)
	got := c.run()
	if got.exit != 0 || got.record == nil || !strings.HasPrefix(got.stdout, "setcap: <nil>\n") {
		t.Fatalf("%+v", got)
	}
	st, err := parseStatus(got.stdout)
	if err != nil {
		t.Fatal(err)
	}
	if st.effective != keptCaps(step.HardenBaseline) || st.bounding != keptCaps(step.HardenBaseline) {
		t.Errorf("effective %v, bounding %v", st.effective.names(), st.bounding.names())
	}
	if diff := cmp.Diff(st.effective.names(), got.record.Sandbox.Capabilities.Effective); diff != "" {
		t.Errorf("(-command +record):\n%s", diff)
	}
}

func TestCapabilitiesThatDefeatObservationMakeItIncomplete(t *testing.T) {
	c := newContainer(t, "true")
	c.cfg.Harden = step.HardenOff
	c.uid = 0
	c.extraCaps = []string{"CAP_SYS_PTRACE"}
	got := c.run()
	want := []string{"the command could use CAP_SYS_PTRACE to escape observation"}
	if got.record == nil {
		t.Fatalf("%+v", got)
	}
	if diff := cmp.Diff(want, got.record.Observation.Reasons); diff != "" || got.record.Observation.Complete {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
