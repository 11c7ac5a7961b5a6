package runner

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

// mustHold checks that the record is the runner's own and alone in its folder.
func mustHold(t *testing.T, got outcome, args []string) {
	t.Helper()
	if diff := cmp.Diff([]string{step.MarkFile, step.RecordFile}, got.left); diff != "" {
		t.Errorf("record folder (-want +got):\n%s", diff)
	}
	if got.record == nil {
		t.Fatalf("no record: %+v", got)
	}
	if diff := cmp.Diff(args, got.record.Command); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
	if got.record.Exit != got.exit {
		t.Errorf("record says exit %d, was %d", got.record.Exit, got.exit)
	}
	in := slices.IndexFunc(got.record.Observation.Inputs, func(i step.Input) bool { return i.Path == "/d/read" })
	if in < 0 || got.record.Observation.Inputs[in].Digest != digestOf("read") {
		t.Errorf("what was read is not in the record: %+v", got.record.Observation)
	}
}

const forgedRecord = `{"version":1,"command":["forged"]}`

func TestStepCannotForgeItsRecord(t *testing.T) {
	const rec = "/dev/.sworn/record"
	for name, script := range map[string]string{
		"writes a record":     `echo '` + forgedRecord + `' > ` + rec + `/record.json`,
		"links the record":    `ln -s /d/unread ` + rec + `/record.json; ln -s /d/unread ` + rec + `/.part`,
		"a folder in the way": `mkdir -p ` + rec + `/record.json/x ` + rec + `/.part/y; chmod 0 ` + rec + `/record.json`,
		"replaces the folder": `rm -rf ` + rec + `; rmdir ` + rec + `; ln -s /d ` + rec,
		"moves everything away": `mv /dev/.sworn /dev/.gone && mkdir -p ` + rec + ` && echo '` + forgedRecord + `' > ` + rec + `/record.json;
			echo '` + forgedRecord + `' > /dev/.gone/record/record.json`,
		"replaces the runner":    `echo x > /dev/.sworn/bin/RUN; rm -f /dev/.sworn/bin/RUN; mv /dev/.sworn/bin/RUN /dev/.sworn/bin/run`,
		"unmounts":               `umount ` + rec + `; mount -t tmpfs none ` + rec,
		"closes the folder":      `chmod 0 ` + rec + `; chown 5:5 ` + rec,
		"kills PID 1":            `kill -9 1; kill 1; kill -STOP 1; kill -INT 1; kill -HUP 1; kill -QUIT 1; kill -SEGV 1; kill -9 -1; true`,
		"sends every signal":     `/forger signals`,
		"traces PID 1":           `/forger ptrace`,
		"reads PID 1":            `/forger memory; cat /proc/1/environ; ls /proc/1/fd/; cat /proc/1/mem`,
		"takes file descriptors": `/forger fds`,
		"leaves daemons":         `/forger daemon`,
		"races with writers":     `/forger daemon-child & sleep 0.1`,
		"forks without end":      `/forger bomb & sleep 0.3`,
		"runs the runner":        `SWORN_STEP='{"version":1}' /dev/.sworn/bin/RUN echo nested; /dev/.sworn/bin/RUN echo x`,
		"preloads a library":     `mkdir -p /etc; echo /forger > /etc/ld.so.preload; LD_PRELOAD=/forger sh -c true`,
	} {
		for _, uid := range []int{0, 1000} {
			if uid == 1000 && slices.Contains([]string{"preloads a library"}, name) {
				continue // writes to /etc
			}
			t.Run(name+map[int]string{0: " as root", 1000: " as a user"}[uid], func(t *testing.T) {
				args := []string{"/bin/sh", "-c", "cat /d/read >/dev/null; " + script}
				c := newContainer(t, args...)
				c.uid = uid
				c.forger(0o755)
				got := c.run()
				mustHold(t, got, args)
				for _, bad := range []string{"attach: <nil>", "seize: <nil>", "writev: <nil>", "mem: <nil>", "environ: <nil>", "maps: <nil>", "stole"} {
					if strings.Contains(got.stdout, bad) {
						t.Errorf("the step reached the runner: %s", got.stdout)
					}
				}
			})
		}
	}
}

// A signal that looks like the processor's own, and limits set from outside, end
// or cripple a runner. Then there must be no record, and no success.
func TestStepThatBreaksTheRunnerFails(t *testing.T) {
	for name, script := range map[string]string{
		"queued SIGSEGV": "/forger queue 11",
		"queued SIGILL":  "/forger queue 4",
		"file size":      "/forger filesize",
		"no descriptors": "/forger limits",
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"/bin/sh", "-c", "cat /d/read >/dev/null; echo '" + forgedRecord + "' > /dev/.sworn/record/record.json; " + script}
			c := newContainer(t, args...)
			c.forger(0o755)
			if got := c.run(); got.exit == 0 {
				mustHold(t, got, args)
				t.Logf("survived: %s", got.stdout)
			} else {
				t.Logf("exit %d: %.120s", got.exit, got.stderr)
			}
		})
	}
}

// Without no_new_privs a step may start a process of another user, which the
// runner, with the step's user, cannot stop.
func TestUnstoppableProcessFailsTheStep(t *testing.T) {
	args := []string{"/bin/sh", "-c", "cat /d/read >/dev/null; /forger setuid"}
	for _, harden := range []string{step.HardenOff, step.HardenBaseline} {
		c := newContainer(t, args...)
		c.uid, c.cfg.Harden = 1000, harden
		c.forger(0o755 | os.ModeSetuid)
		got := c.run()
		if harden != step.HardenOff {
			mustHold(t, got, args)
			continue
		}
		want := "sworn: stop step: a process of another user is still running and may not be killed\n"
		if got.exit != ExitFailure || got.stderr != want {
			t.Errorf("exit %d, %q, %q", got.exit, got.stdout, got.stderr)
		}
	}
}
