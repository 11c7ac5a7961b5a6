package runner

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

func TestExitCodeIsTheCommands(t *testing.T) {
	for script, want := range map[string]int{
		"exit 0": 0, "exit 1": 1, "exit 2": 2, "exit 126": 126, "exit 127": 127, "exit 137": 137, "exit 255": 255,
		"no-such-command-here": 127, "kill -9 $$": 137, "kill -TERM $$": 143, "kill -SEGV $$": 139,
	} {
		for _, harden := range []string{step.HardenOff, step.HardenBaseline} {
			got := runHere(t, harden, "sh", "-c", script)
			if got.exit != want || got.record == nil || got.record.Exit != want {
				t.Errorf("%s, harden %v: exit %d, record %+v; want %d", script, harden, got.exit, got.record, want)
			}
		}
	}
}

func TestRecordSaysWhoRanWhat(t *testing.T) {
	got := runHere(t, step.HardenOff, "sh", "-c", "exit 3", "a b", "")
	if got.record == nil {
		t.Fatal(got)
	}
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sh", "-c", "exit 3", "a b", ""}, got.record.Command); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	p := got.record.Process
	if p.UID != uint32(os.Getuid()) || p.GID != uint32(os.Getgid()) || p.Groups == nil || string(p.Cwd) != cwd {
		t.Errorf("process %+v", p)
	}
	want := step.Observation{Mode: step.ObserveOff, Inputs: []step.Input{}}
	if diff := cmp.Diff(want, got.record.Observation); diff != "" {
		t.Errorf("observation (-want +got):\n%s", diff)
	}
	if got.record.Sandbox.Harden != step.HardenOff {
		t.Errorf("sandbox %+v", got.record.Sandbox)
	}
}

func TestWhatTheCommandLeavesBehindIsStopped(t *testing.T) {
	flag := t.TempDir() + "/alive"
	got := runHere(t, step.HardenBaseline, "sh", "-c",
		`(trap "" TERM HUP INT; while :; do sleep 0.02; echo x >> `+flag+`; done) & (setsid sh -c "sleep 1; echo late >> `+flag+`" &) ; sleep 0.1; exit 4`)
	if got.exit != 4 || got.record == nil {
		t.Fatalf("%+v", got)
	}
	before, err := os.Stat(flag)
	if err != nil {
		t.Fatal(err)
	}
	pause(t)
	pause(t)
	after, err := os.Stat(flag)
	if err != nil || after.Size() != before.Size() {
		t.Errorf("still writing: %d, then %d bytes, %v", before.Size(), after.Size(), err)
	}
}

func TestHardenedCommandIsAsRecorded(t *testing.T) {
	for _, harden := range []string{step.HardenOff, step.HardenBaseline} {
		got := runHere(t, harden, "sh", "-c", "cat /proc/self/status; ulimit -c; ulimit -H -c")
		if got.record == nil {
			t.Fatalf("%+v", got)
		}
		st, err := parseStatus(got.stdout)
		if err != nil {
			t.Fatal(err)
		}
		want := step.CapabilitySets{
			Bounding: st.bounding.names(), Effective: st.effective.names(), Permitted: st.permitted.names(),
			Inheritable: st.inheritable.names(), Ambient: st.ambient.names(),
		}
		sb := got.record.Sandbox
		if diff := cmp.Diff(want, sb.Capabilities); diff != "" {
			t.Errorf("harden %v: capabilities (-command +record):\n%s", harden, diff)
		}
		if sb.NoNewPrivileges != st.noNewPrivs || sb.Seccomp != st.seccomp {
			t.Errorf("harden %v: %+v, command %+v", harden, sb, st)
		}
		if harden == step.HardenOff {
			continue
		}
		if extra := (st.permitted | st.effective | st.inheritable | st.ambient) &^ keptCaps(step.HardenBaseline); extra != 0 || !st.noNewPrivs {
			t.Errorf("command has %v, no_new_privs %v", extra.names(), st.noNewPrivs)
		}
		if sb.CoreLimit == nil || *sb.CoreLimit != 0 || !strings.HasSuffix(got.stdout, "\n0\n0\n") {
			t.Errorf("core limit %v, command has %q", sb.CoreLimit, got.stdout[max(0, len(got.stdout)-20):])
		}
		if os.Geteuid() == 0 && st.bounding&^keptCaps(step.HardenBaseline) != 0 {
			t.Errorf("bounding set %v", st.bounding.names())
		}
	}
}

// TestSignalsOfTheCommandAreThoseOfTheRunner: some programs start their children with
// signals ignored; the runner neither adds to that nor takes it away.
func TestSignalsOfTheCommandAreThoseOfTheRunner(t *testing.T) {
	const show = "grep -E '^Sig(Ign|Blk)' /proc/self/status"
	plain, err := exec.Command("sh", "-c", show).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := runHere(t, step.HardenBaseline, "sh", "-c", show)
	if want := string(plain); got.stdout != want {
		t.Errorf("got %q, want %q", got.stdout, want)
	}
}

func TestCommandKeepsLimitsMaskAndStreams(t *testing.T) {
	var nofile unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &nofile); err != nil {
		t.Fatal(err)
	}
	// TestLimitsAreAsWithRunc compares the soft limit, which this process raised.
	got := runHere(t, step.HardenBaseline, "sh", "-c", "umask; ulimit -H -n; echo err >&2; ls -l /proc/self/fd | grep -c -E 'inotify|event|record'")
	old := unix.Umask(0)
	unix.Umask(old)
	want := fmt.Sprintf("%04o\n%d\n0\n", old, nofile.Max)
	if got.stdout != want || got.stderr != "err\n" {
		t.Errorf("stdout %q, want %q; stderr %q", got.stdout, want, got.stderr)
	}
}

func TestBadStartsFailClosed(t *testing.T) {
	good, err := step.EncodeConfig(step.Config{Harden: step.HardenOff})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env  string
		args []string
		exit int
		want string
	}{
		{"X=1", []string{"true"}, ExitFailure, "read runner config: SWORN_STEP is not set\n"},
		{step.ConfigEnv + "={", []string{"true"}, ExitFailure, "decode runner config: unexpected EOF\n"},
		{step.ConfigEnv + `={"version":9}`, []string{"true"}, ExitFailure, "decode runner config: version 9, want 2\n"},
		{step.ConfigEnv + "=" + good, nil, ExitFailure, "run step: no command\n"},
		{step.ConfigEnv + "=" + good, []string{"./none"}, exitStart, runcPrefix + `exec: "./none": stat ./none: no such file or directory` + "\n"},
	} {
		got := runHereEnv(t, []string{tt.env}, tt.args...)
		if got.exit != tt.exit || got.stderr != tt.want || (got.record != nil) != (tt.exit != ExitFailure) {
			t.Errorf("%s %v: exit %d, %q, record %v", tt.env, tt.args, got.exit, got.stderr, got.record)
		}
	}
}

func TestNoRecordFolderFailsBeforeTheCommand(t *testing.T) {
	flag := t.TempDir() + "/ran"
	cfg, err := step.EncodeConfig(step.Config{Harden: step.HardenOff})
	if err != nil {
		t.Fatal(err)
	}
	code, err := Run(t.Context(), Options{
		Args: []string{"touch", flag}, Environ: []string{step.ConfigEnv + "=" + cfg}, RecordDir: "/nonexistent/record",
	})
	if code != ExitFailure || err == nil || err.Error() != "open record folder /nonexistent/record: no such file or directory" {
		t.Errorf("%d, %v", code, err)
	}
	if _, err := os.Stat(flag); err == nil {
		t.Error("the command ran")
	}
}
