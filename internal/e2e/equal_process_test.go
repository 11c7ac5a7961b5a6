//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// noTracing takes away the variables by which BuildKit has steps report traces. They
// name a socket and a span of that very run; the runner keeps them from the command.
func noTracing(o *outcome) {
	for name, s := range o.Steps {
		out := ""
		for line := range strings.Lines(s.Stdout) {
			if !strings.HasPrefix(line, "OTEL_TRACES_EXPORTER=") && !strings.HasPrefix(line, "OTEL_EXPORTER_OTLP_TRACES_") && !strings.HasPrefix(line, "TRACEPARENT=") {
				out += line
			}
		}
		o.Steps[name] = streams{Stdout: out, Stderr: s.Stderr}
	}
}

// noDev takes the folder /dev out of the first RUN's layer. BuildKit leaves it in an
// image that has none, as a stub of its mount; where something is mounted below it,
// as the runner is, BuildKit removes it.
func noDev(o *outcome) {
	for _, l := range o.Image.Layers {
		delete(l, "/dev")
	}
}

func TestProcessesAreUpstreams(t *testing.T) {
	compareAll(t, []comparison{
		{
			name: "environment", context: dockerfile("FROM busybox\nENV B=2 A=1 EMPTY= SPACE=\"a b\" SWORN_X=1\nARG ARGUMENT=7\nRUN [\"/bin/env\"]\n"),
			ours:   noTracing,
			opts:   []string{"build-arg:ARGUMENT=8", "build-arg:HTTP_PROXY=http://127.0.0.1:9"},
			prints: []string{"A=1", "ARGUMENT=8", "SPACE=a b", "HTTP_PROXY=http://127.0.0.1:9"},
		},
		{
			// Variables that would change the runner reach the command last: sorted.
			name: "environment that the runner must not see", context: dockerfile("FROM busybox\nENV OTEL_X=kept GODEBUG=x GOMAXPROCS=7 GOGC=1 GOMEMLIMIT=1 GOTRACEBACK=crash LD_PRELOAD=/x.so SWORN_STEP_CONFIG=mine\nRUN env | sort\n"),
			ours:   noTracing,
			prints: []string{"OTEL_X=kept", "GODEBUG=x", "GOMAXPROCS=7", "GOGC=1", "GOMEMLIMIT=1", "LD_PRELOAD=/x.so", "SWORN_STEP_CONFIG=mine"},
		},
		{
			name: "environment without a path", context: dockerfile("FROM scratch\nCOPY --from=busybox /bin/busybox /bin/busybox\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"echo $PATH\"]\nRUN [\"busybox\", \"sh\", \"-c\", \"busybox tr '\\\\0' '.' < /proc/self/environ | busybox sed s/.OTEL_.*HOME/.HOME/\"]\n"),
			prints: []string{"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			ours:   noDev,
		},
		{
			name: "arguments", context: dockerfile("FROM busybox\nRUN [\"/bin/sh\", \"-c\", \"xargs -0 printf '<%s>' < /proc/$$/cmdline\", \"zero\", \"\", \"a b\", \"\\\"q\\\"\", \"--\"]\n"),
			prints: []string{`</bin/sh><-c><xargs -0 printf '<%s>' < /proc/$$/cmdline><zero><><a b><"q"><-->`},
		},
		{
			name: "long argument", context: dockerfile("FROM busybox\nRUN [\"/bin/sh\", \"-c\", \"echo ${#1}\", \"sh\", \"" + strings.Repeat("x", 60_000) + "\"]\n"),
			prints: []string{"60000"},
		},
		{
			name: "stdio", context: dockerfile("FROM busybox\nRUN cat | wc -c; readlink /proc/self/fd/0 | tr -d 0-9; for f in 0 1 2; do test -t $f && echo terminal $f; done; ls /proc/self/fd | tr '\\n' ' '\nRUN printf 'a\\000b\\377\\r\\n\\033[1m no newline'; printf 'err\\001' >&2\n"),
			prints: []string{"0", "pipe:[]"},
		},
		{
			name: "limits", context: dockerfile("FROM busybox\nRUN umask; ulimit -n; ulimit -u; ulimit -s; ulimit -H -n; ulimit -H -c; grep -v -i core /proc/self/limits\nRUN grep -E '^(Sig(Blk|Ign|Cgt|Q)|Shd|Uid|Gid|Groups|Umask|Seccomp:)' /proc/self/status | grep -v SigQ\nRUN cat /proc/self/oom_score_adj /proc/self/coredump_filter /proc/self/timerslack_ns\n"),
			prints: []string{"0022"},
			ours: func(o *outcome) {
				// No core files: harden=baseline.
				for name, s := range o.Steps {
					if before, after, ok := strings.Cut(s.Stdout, "\nunlimited\nLimit"); ok {
						o.Steps[name] = streams{Stdout: before + "\n0\nLimit" + after, Stderr: s.Stderr}
					}
				}
			},
		},
		{
			name: "limits without hardening", context: dockerfile("FROM busybox\nRUN cat /proc/self/limits; grep -E '^(Cap|NoNewPrivs|Seccomp|Sig|Shd)' /proc/self/status | grep -v SigQ\n"),
			opts: []string{"build-arg:SWORN_HARDEN=off"},
		},
		{
			name: "user", context: dockerfile("FROM busybox\nRUN id\nUSER nobody\nRUN id; touch /tmp/n 2>&1; echo $HOME\nUSER 1234:5678\nRUN id\nUSER www-data:users\nRUN id; head -n 4 /proc/self/mountinfo | wc -l\nUSER 33\nRUN id; pwd\n"),
			prints: []string{"uid=65534(nobody) gid=65534(nobody) groups=65534(nobody)", "uid=1234 gid=5678 groups=5678", "uid=33(www-data) gid=100(users) groups=100(users)"},
		},
		{
			name: "user with groups", context: files{
				"Dockerfile": "FROM busybox\nCOPY group /etc/group\nUSER nobody\nRUN id; mkdir /tmp/x && touch /tmp/x/y && stat -c '%A %u:%g %s %n' /tmp/x /tmp/x/y\n",
				"group":      "root:x:0:\nnobody:x:65534:\none:x:2001:nobody\ntwo:x:2000:root,nobody\n",
			},
		},
		{
			name: "workdir", context: dockerfile("FROM busybox\nWORKDIR /a\nWORKDIR b/c\nRUN pwd; cd /; rm -rf /a\nRUN pwd; ls -A; stat -c '%A %u:%g %n' . ..; echo x > f\nWORKDIR ../d\nRUN pwd; readlink /proc/self/cwd\n"),
			prints: []string{"/a/b/c", "/a/b/d"},
		},
		{
			name: "relative program", context: dockerfile("FROM busybox\nWORKDIR /w\nRUN cp /bin/busybox busybox && mkdir d && ln -s ../busybox d/busybox\nRUN [\"./busybox\", \"echo\", \"relative\"]\nRUN [\"d/busybox\", \"echo\", \"linked\"]\nRUN [\"../w/busybox\", \"echo\", \"up\"]\n"),
			prints: []string{"relative", "linked", "up"},
		},
		{
			name: "path", context: dockerfile("FROM busybox\nRUN mkdir /a /b /b/only && printf '#!/bin/sh\\necho from b $0\\n' > /b/tool && chmod 755 /b/tool && cp /b/tool /a/tool && chmod 644 /a/tool && mkdir /a/only\nENV PATH=/a:/b:/bin\nRUN [\"tool\"]\nRUN tool\n"),
			prints: []string{"from b /b/tool"},
		},
		{
			name: "heredoc", context: dockerfile("FROM busybox\nRUN <<EOF\necho one $0\nX=2\necho $X\nEOF\nRUN <<EOF\n#!/bin/awk -f\nBEGIN { print \"from awk\" }\nEOF\nRUN cat <<A > /a && cat /a\nfirst\nA\nRUN sh <<'EOF'\necho quoted $((1+1))\nEOF\n"),
			prints: []string{"2", "from awk", "first", "quoted 2"},
		},
		{
			name: "shell", context: dockerfile("FROM busybox\nSHELL [\"/bin/sh\", \"-eux\", \"-c\"]\nRUN echo traced; true\nSHELL [\"/bin/busybox\", \"ash\", \"-o\", \"pipefail\", \"-c\"]\nRUN false | true || echo pipefail\nSHELL [\"/bin/busybox\", \"echo\", \"said:\"]\nRUN not a command\n"),
			prints: []string{"traced", "pipefail", "said: not a command"},
		},
		{
			name: "background", context: dockerfile("FROM busybox\nRUN setsid sleep 1000 > /dev/null 2>&1 & sleep 0.2; echo done > /f\nRUN echo x > /daemon-log; chmod 600 /daemon-log; (while :; do chmod 600 /daemon-log; sleep 0.01; done) & (trap '' TERM HUP INT; sleep 1000) & sleep 0.5; echo done\nRUN ps | grep -c '[s]leep'; rm /daemon-log\n"),
			prints: []string{"done", "0"},
		},
		{
			name: "output of a background process", context: dockerfile("FROM busybox\nRUN (sleep 0.3; echo late) & echo early\n"),
			prints: []string{"early"},
		},
		{
			name: "network", context: dockerfile("FROM busybox\nRUN --network=none ls /sys/class/net; cat /etc/resolv.conf | wc -l > /dev/null; wget -q -O - http://127.0.0.1:1 || echo no\nRUN --network=host ls /sys/class/net | grep lo; hostname; cat /etc/hosts\nRUN ls /sys/class/net | grep lo\n"),
			args:   []string{"--allow", "network.host"},
			opts:   []string{"add-hosts=one.test=10.1.2.3"},
			prints: []string{"lo", "no", "10.1.2.3\tone.test"},
		},
		{
			name: "processes", context: dockerfile("FROM busybox\nRUN mount -t tmpfs none /mnt || echo no mount; hostname x || echo no hostname; echo 1 > /proc/sys/kernel/panic || echo no sysctl\nRUN cut -d ' ' -f 3- /proc/self/mountinfo | grep -v overlay | grep -v sworn | cut -d ' ' -f 3 | sort | uniq | tr '\\n' ' '; ls -a /dev | grep -v sworn\n"),
		},
	})
}

// Commands whose result depends on capabilities that harden=baseline takes away.
// docs/differences.md lists them.
func TestHardeningOffGivesUpstreamsCapabilities(t *testing.T) {
	const text = "FROM busybox\n" +
		"RUN mknod /null c 1 3 && echo node || echo no node\n" +
		"RUN mknod /block b 7 0; mkfifo /fifo; ls -l /fifo | cut -c 1\n" +
		"RUN chroot / echo root || echo no root\n" +
		"RUN sleep 10 & P=$!; setpriv --version > /dev/null 2>&1; su -s /bin/sh nobody -c 'id -u'; kill $P && echo killed\n" +
		"RUN grep -E '^(Cap|NoNewPrivs)' /proc/self/status\n" +
		"RUN ulimit -c\n"
	compareAll(t, []comparison{
		{name: "build arg", context: dockerfile(text), opts: []string{"build-arg:SWORN_HARDEN=off"}, prints: []string{"node", "p", "root", "65534", "killed", "NoNewPrivs:\t0"}},
		{
			name: "baseline", context: dockerfile("FROM busybox\nRUN mknod /zero c 1 5 && echo node || echo no node\n"),
			prints: []string{"node"},
			ours: func(o *outcome) {
				const step = "[2/2] RUN mknod /zero c 1 5 && echo node || echo no node"
				o.Steps[step] = streams{Stdout: "no node\n", Stderr: "mknod: /zero: Operation not permitted\n"}
				delete(o.Image.Layers[1], "/zero")
			},
		},
	})
}
