//go:build e2e

package e2e

import (
	"runtime"
	"testing"
)

// exitCode is the error of a step that ended with a code.
func exitCode(process, code string) string {
	return `process "` + process + `" did not complete successfully: exit code: ` + code
}

func TestExitsAreUpstreams(t *testing.T) {
	var cases []comparison
	for _, code := range []string{"1", "2", "125", "126", "127", "137", "255"} {
		cases = append(cases, comparison{
			name: "exit " + code, context: dockerfile("FROM busybox\nRUN echo before; echo err >&2; exit " + code + "\n"),
			fails:  exitCode("/bin/sh -c echo before; echo err >&2; exit "+code, code),
			prints: []string{"before", "err"},
		})
	}
	cases = append(cases,
		comparison{
			name: "exit 0", context: dockerfile("FROM busybox\nRUN echo fine > /f; exit 0\n"),
		},
		comparison{
			name: "fault", context: files{
				"Dockerfile": "FROM scratch\nCOPY --chmod=755 fault /fault\nRUN [\"/fault\"]\n",
				"fault":      faulty(t, runtime.GOARCH),
			},
			fails: exitCode("/fault", "139"),
		},
		comparison{
			name: "fault of a child", context: files{
				"Dockerfile": "FROM busybox\nCOPY --chmod=755 fault /fault\nRUN /fault; echo code $?; exit 7\n",
				"fault":      faulty(t, runtime.GOARCH),
			},
			fails:  exitCode("/bin/sh -c /fault; echo code $?; exit 7", "7"),
			prints: []string{"code 139"},
		},
		comparison{
			name: "child ended by a signal", context: dockerfile("FROM busybox\nRUN sh -c 'kill -TERM $$'; echo code $?; sh -c 'kill -KILL $$'; exit $?\n"),
			fails:  exitCode("/bin/sh -c sh -c 'kill -TERM $$'; echo code $?; sh -c 'kill -KILL $$'; exit $?", "137"),
			prints: []string{"code 143"},
		},
		comparison{
			name: "set -e stops at the first failure", context: dockerfile("FROM busybox\nRUN set -e; false; echo not reached\n"),
			fails: exitCode("/bin/sh -c set -e; false; echo not reached", "1"),
		},
		comparison{
			// Process 1 of a container ignores the signals that it has no handler for.
			// Under the runner the shell is not process 1.
			name: "shell that ends itself", context: dockerfile("FROM busybox\nRUN kill -TERM $$; echo still here\n"),
			prints: []string{"still here"},
			ours: func(o *outcome) {
				o.Error = "Dockerfile:2\n--------------------\n   1 |     FROM busybox\n" +
					"   2 | >>> RUN kill -TERM $$; echo still here\n   3 |     \n--------------------\n" +
					"error: failed to solve: " + exitCode("/bin/sh -c kill -TERM $$; echo still here", "143") + "\n"
				o.Steps["[2/2] RUN kill -TERM $$; echo still here"] = streams{}
				o.Image = nil
			},
		},
	)
	compareAll(t, cases)
}

func TestCommandsThatCannotStartFailAsUpstreams(t *testing.T) {
	compareAll(t, []comparison{
		{
			name: "missing binary", context: dockerfile("FROM busybox\nRUN [\"/no/such\", \"arg\"]\n"),
			fails: "/no/such arg",
		},
		{
			name: "missing name", context: dockerfile("FROM busybox\nRUN [\"nosuch\"]\n"),
			fails: "nosuch",
		},
		{
			name: "missing shell", context: dockerfile("FROM scratch\nCOPY Dockerfile /\nRUN true\n"),
			fails: exitCode("/bin/sh -c true", "1"),
		},
		{
			name: "no path", context: dockerfile("FROM busybox\nENV PATH=\nRUN [\"true\"]\n"),
			fails: "true",
		},
		{
			name: "not executable", context: dockerfile("FROM busybox\nCOPY Dockerfile /f\nRUN [\"/f\"]\n"),
			fails: exitCode("/f", "1"),
		},
		{
			name: "not executable for anyone", context: dockerfile("FROM busybox\nCOPY Dockerfile /f\nUSER 1000\nRUN [\"/f\"]\n"),
			fails: exitCode("/f", "1"),
		},
		{
			// runc starts the first program with the privileges of root, after it has
			// become the user, so it may execute what the user may not. The runner, which
			// is that first program, has them no more.
			name: "not executable for the user", context: dockerfile("FROM busybox\nRUN mkdir /w && cp /bin/busybox /w/busybox && chmod 700 /w/busybox\nUSER 1000\nRUN [\"/w/busybox\", \"true\"]\n"),
			ours: func(o *outcome) {
				o.Error = "Dockerfile:4\n--------------------\n   2 |     RUN mkdir /w && cp /bin/busybox /w/busybox && chmod 700 /w/busybox\n   3 |     USER 1000\n" +
					"   4 | >>> RUN [\"/w/busybox\", \"true\"]\n   5 |     \n--------------------\n" +
					"error: failed to solve: " + exitCode("/w/busybox true", "1") + "\n"
				o.Steps[`[3/3] RUN ["/w/busybox", "true"]`] = streams{Stderr: "runc run failed: unable to start container process: exec /w/busybox: permission denied\n"}
				o.Image = nil
			},
		},
		{
			name: "not a program", context: dockerfile("FROM busybox\nCOPY --chmod=755 Dockerfile /f\nRUN [\"/f\"]\n"),
			fails: "/f",
		},
		{
			name: "missing interpreter", context: files{
				"Dockerfile": "FROM busybox\nCOPY --chmod=755 f /f\nRUN [\"/f\"]\n", "f": "#!/no/such\n",
			},
			fails: "/f",
		},
		{
			name: "folder", context: dockerfile("FROM busybox\nRUN [\"/etc\"]\n"),
			fails: "/etc",
		},
		{
			name: "relative to the current folder", context: dockerfile("FROM busybox\nWORKDIR /w\nENV PATH=.:/bin\nRUN cp /bin/busybox tool\nRUN [\"tool\", \"true\"]\n"),
			fails: "tool true",
		},
		{
			name: "shell finds nothing", context: dockerfile("FROM busybox\nRUN nosuch\n"),
			fails:  exitCode("/bin/sh -c nosuch", "127"),
			prints: []string{"/bin/sh: nosuch: not found"},
		},
		{
			name: "shell may not execute", context: dockerfile("FROM busybox\nRUN /etc/passwd\n"),
			fails:  exitCode("/bin/sh -c /etc/passwd", "126"),
			prints: []string{"/bin/sh: /etc/passwd: Permission denied"},
		},
		{
			name: "unknown user", context: dockerfile("FROM busybox\nUSER nosuch\nRUN true\n"),
			fails: "unable to find user nosuch",
		},
		{
			name: "unknown group", context: dockerfile("FROM busybox\nUSER root:nosuch\nRUN true\n"),
			fails: "nosuch",
		},
		{
			name: "workdir is a file", context: dockerfile("FROM busybox\nCOPY Dockerfile /f\nWORKDIR /f\nRUN true\n"),
			fails: "/f",
		},
		{
			name: "too many arguments", context: dockerfile("FROM busybox\nRUN [\"/bin/sh\", \"-c\", \"/bin/echo $(seq 1 1000000)\"]\n"),
			fails: "exit code: 126",
		},
	})
}
