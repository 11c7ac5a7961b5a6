//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestMountsAreUpstreams(t *testing.T) {
	probe := buildProbe(t)
	compareAll(t, []comparison{
		{
			name: "bind", context: files{
				"Dockerfile": "FROM busybox AS other\nRUN mkdir /o && echo from stage > /o/f\nFROM busybox\n" +
					"RUN --mount=target=/ctx ls /ctx; cat /ctx/f; echo x > /ctx/new || echo read only\n" +
					"RUN --mount=type=bind,from=other,source=/o,target=/made/o cat /made/o/f\n" +
					"RUN --mount=type=bind,rw,target=/ctx echo changed > /ctx/f; cat /ctx/f; chmod u+s /ctx/f\n" +
					"RUN --mount=type=bind,source=f,target=/one/file cat /one/file; ls -l /one/file | cut -c 1-10\n" +
					"RUN --mount=type=bind,from=busybox,target=/img ls /img/bin/busybox; ls -d /ctx /one /made /img || echo no stubs\n" +
					"WORKDIR /w\nRUN --mount=target=rel pwd; cat rel/f\n",
				"f": "content\n",
			},
			prints: []string{"read only", "from stage", "changed", "content", "no stubs", "/img/bin/busybox"},
		},
		{
			name: "cache", context: dockerfile("FROM busybox AS seed\nRUN mkdir /seed && echo seed > /seed/f\nFROM busybox\n" +
				"RUN --mount=type=cache,target=/c,id=e2e-cache rm -rf /c/*; echo kept > /c/f; stat -c '%a %u %g' /c\n" +
				"RUN --mount=type=cache,target=/c,id=e2e-cache,sharing=locked cat /c/f\n" +
				"RUN --mount=type=cache,target=/d,id=e2e-owned,uid=1000,gid=1001,mode=0700 stat -c '%a %u %g' /d\n" +
				"RUN --mount=type=cache,target=/e,id=e2e-seeded,from=seed,source=/seed,sharing=private cat /e/f\n" +
				"RUN --mount=type=cache,target=/c,id=e2e-cache,ro echo x > /c/x || echo read only\n" +
				"USER 1000\nRUN --mount=type=cache,target=/d,id=e2e-user,uid=1000 rm -f /d/x; echo mine > /d/x; cat /d/x; id -u\n"),
			prints: []string{"kept", "755 0 0", "700 1000 1001", "seed", "read only", "mine", "1000"},
		},
		{
			name: "tmpfs", context: dockerfile("FROM busybox\nRUN --mount=type=tmpfs,target=/t,size=1m grep ' /t ' /proc/mounts | grep -o size=[0-9]*k; dd if=/dev/zero of=/t/x bs=1k count=2000 2> /dev/null || echo full; stat -c %a /t\nRUN ls -d /t || echo gone\n"),
			prints: []string{"size=1024k", "full", "gone"},
		},
		{
			name: "secret", context: dockerfile("FROM busybox\n" +
				"RUN --mount=type=secret,id=file wc -c < /run/secrets/file; stat -c '%a %u %g' /run/secrets/file; echo x > /run/secrets/file || echo read only\n" +
				"RUN --mount=type=secret,id=file,target=/made/secret,uid=1000,gid=1001,mode=0440 stat -c '%a %u %g' /made/secret\n" +
				"RUN --mount=type=secret,id=file,env=TOKEN,required test \"$TOKEN\" = hunter2 && echo the token\n" +
				"RUN --mount=type=secret,id=none ls /run/secrets || echo none; ls -d /made /run || echo no stubs\n"),
			args:   []string{"--secret", "id=file,src=" + writeSecret(t)},
			prints: []string{"7", "400 0 0", "read only", "440 1000 1001", "the token", "none"},
		},
		{
			name: "missing secret", context: dockerfile("FROM busybox\nRUN --mount=type=secret,id=absent,required cat /run/secrets/absent\n"),
			fails: "absent",
		},
		{
			name: "secret that is the path", context: dockerfile("FROM busybox\nRUN --mount=type=secret,id=file,env=PATH echo $PATH; /bin/true\n"),
			args:   []string{"--secret", "id=file,src=" + writeSecret(t)},
			prints: []string{"hunter2"},
		},
		{
			name: "ssh", context: files{
				"Dockerfile": "FROM busybox\nRUN --mount=type=bind,target=/ctx --mount=type=ssh stat -c '%a %u' $SSH_AUTH_SOCK; /ctx/probe agent\n" +
					"USER 1000\nRUN --mount=type=bind,target=/ctx --mount=type=ssh,id=default,uid=1000,mode=0600,target=/made/sock echo $SSH_AUTH_SOCK; /ctx/probe agent\n" +
					"RUN --mount=type=ssh,id=none echo \"sock: $SSH_AUTH_SOCK\"\n",
				"probe!": probe,
			},
			args:   []string{"--ssh", "default=" + sshAgent(t)},
			prints: []string{"answer 12, 1 keys", "/made/sock"},
		},
		{
			name: "ssh without an agent", context: dockerfile("FROM busybox\nRUN --mount=type=ssh,required true\n"),
			fails: "ssh",
		},
		{
			name: "several", context: files{
				"Dockerfile": "FROM busybox\nRUN --mount=type=cache,target=/m,id=e2e-several --mount=type=bind,target=/m/in --mount=type=tmpfs,target=/m/t --mount=type=secret,id=file,target=/m/s --network=none --security=sandbox <<EOF\nset -e\nls /m\ncat /m/in/f\ntouch /m/t/x\nwc -c < /m/s\nEOF\n",
				"f":          "content\n",
			},
			args:   []string{"--secret", "id=file,src=" + writeSecret(t)},
			prints: []string{"content", "in", "t", "s"},
		},
		{
			name: "over dev", context: dockerfile("FROM busybox\nRUN --mount=type=tmpfs,target=/dev/shm --mount=type=tmpfs,target=/dev/mine touch /dev/mine/x /dev/shm/x && ls /dev/mine\nRUN --mount=type=tmpfs,target=/dev ls -a /dev\n"),
			prints: []string{"x"},
		},
	})
}

// buildProbe compiles testdata/probe for a step.
func buildProbe(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "probe")
	t.Setenv("CGO_ENABLED", "0")
	mustRun(t, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "./testdata/probe")
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// writeSecret writes the secret "hunter2" to a file.
func writeSecret(t *testing.T) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(p, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// sshAgent starts an agent with one key and returns its socket.
func sshAgent(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"ssh-agent", "ssh-keygen", "ssh-add"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no ssh agent: %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // sockets have short names
	if err != nil {
		t.Fatal(err)
	}
	sock, key := filepath.Join(dir, "sock"), filepath.Join(dir, "key")
	agent := exec.Command("ssh-agent", "-D", "-a", sock)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = agent.Process.Kill()
		_ = agent.Wait()
		_ = os.RemoveAll(dir)
	})
	mustRun(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	mustRun(t, "sh", "-c", "for i in $(seq 100); do test -S "+sock+" && break; sleep 0.1; done; SSH_AUTH_SOCK="+sock+" exec ssh-add -q "+key)
	return sock
}
