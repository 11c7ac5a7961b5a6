package runner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each command runs twice, without and with the runner.
func TestStartFailuresReadAsWithRunc(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a hundred containers")
	}
	for _, tt := range []struct {
		uid  int
		path string
		args []string
	}{
		{0, "", []string{"missing"}}, {0, "", []string{""}}, {0, "", []string{"."}},
		{0, "", []string{"./missing"}}, {0, "", []string{"/d/missing"}}, {0, "", []string{"plain/x"}},
		{0, "/d", []string{"plain"}}, {0, "", []string{"./plain"}}, {0, "", []string{"/d/plain"}},
		{0, "", []string{"/dir"}}, {0, "", []string{"/dir/"}}, {0, "/:/bin", []string{"dir"}},
		{0, "", []string{"./interp"}}, {0, "", []string{"./garbage", "x"}}, {0, "/d", []string{"garbage"}},
		{0, "", []string{"./empty"}}, {0, ".:/bin", []string{"interp"}}, {0, ":/bin", []string{"interp"}},
		{0, "", []string{"a \"b\n\x01é"}},
		{1000, "", []string{"/d/rootonly"}}, {1000, "/d:/bin", []string{"rootonly"}}, {1000, "", []string{"/closed/sh"}},
		{1000, "/closed", []string{"sh"}}, {1000, "", []string{"./interp"}},
		{0, "", []string{strings.Repeat("x", 300)}}, {0, "", []string{"/" + strings.Repeat("y", 300)}},
	} {
		t.Run(fmt.Sprintf("%d %.20q", tt.uid, tt.args), func(t *testing.T) {
			c := newContainer(t, tt.args...)
			c.uid = tt.uid
			p := path
			if tt.path != "" {
				p = tt.path
			}
			c.cfg.PathEnv, c.env[0] = &p, "PATH=/dev/.sworn/bin:"+p
			with := c.run()
			plain := newContainer(t, tt.args...)
			plain.uid, plain.direct = tt.uid, true
			plain.env = []string{"", "PATH=" + p}
			without := plain.run()
			if without.exit == 0 || without.stderr == "" {
				t.Fatalf("starts without the runner: %+v", without)
			}
			if with.exit != without.exit || with.stderr != without.stderr {
				t.Errorf("exit %d, with runc alone %d; stderr (-runc +runner):\n%s",
					with.exit, without.exit, cmp.Diff(without.stderr, with.stderr))
			}
			if with.record == nil || with.record.Exit != with.exit {
				t.Errorf("record %+v", with.record)
			}
		})
	}
}

// One thing differs and is not compared: without the runner the command is PID 1,
// so a signal that it sends itself and does not handle is lost.
func TestResultsAreAsWithRunc(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: a hundred containers")
	}
	for _, script := range []string{
		"exit 0", "exit 1", "exit 2", "exit 126", "exit 127", "exit 137", "missing-command",
		"sh -c 'kill -9 $$'; exit $?", "sh -c 'kill -TERM $$'; echo $?", "./plain", "/d",
		"kill -9 1; kill -TERM 1; echo alive", "trap 'echo caught; exit 9' TERM; kill -TERM $$; sleep 1",
		"env; echo to stderr >&2", "umask; ulimit -n; ulimit -u; ulimit -s; pwd; id", "cat", "sleep 60 & echo done",
		"(sleep 0.05; exit 3) & wait $!", "echo $0 $#", "ls /", "grep -E 'Sig[^Q]|Groups|Uid' /proc/self/status",
		"ls -l /proc/self/fd | grep -v -E 'pipe|proc' | cut -c1-10", "grep -v core /proc/self/limits",
	} {
		t.Run(script, func(t *testing.T) {
			run := func(direct bool) outcome {
				c := newContainer(t, "/bin/sh", "-c", script)
				c.direct, c.nofile = direct, 777
				c.env = append(c.env, "HOME=/root", "A=b c", "EMPTY=")
				got := c.run()
				got.record, got.left = nil, nil
				return got
			}
			without, with := run(true), run(false)
			if diff := cmp.Diff(without, with, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Errorf("(-runc +runner):\n%s", diff)
			}
		})
	}
}
