//go:build e2e

package e2e

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// observed builds a context and returns the image's account. Arguments go to
// buildctl.
func observed(t *testing.T, ctx files, args ...string) account {
	t.Helper()
	e := mustEnv(t)
	ref := imageName(e.registry, t, "latest")
	_, a := buildAccount(t, e, build{context: ctx, output: push(ref), args: args})
	return a
}

// mustInput returns an input that has to be listed.
func mustInput(t *testing.T, s provenance.Step, p string) provenance.FileInput {
	t.Helper()
	f, ok := input(s, p)
	if !ok {
		t.Fatalf("%s: %s is not among the inputs: %+v", s.Name, p, s.Inputs)
	}
	return f
}

// whole is a file of the root that was read and not changed.
func whole(p, content string) provenance.FileInput {
	return provenance.FileInput{Path: step.Path(p), Digest: sha256Of([]byte(content)), Size: int64(len(content))}
}

func wantInput(t *testing.T, s provenance.Step, want provenance.FileInput) {
	t.Helper()
	if diff := cmp.Diff(want, mustInput(t, s, string(want.Path))); diff != "" {
		t.Errorf("%s: input (-want +got):\n%s", s.Name, diff)
	}
}

func wantComplete(t *testing.T, s provenance.Step) {
	t.Helper()
	if s.Inputs == nil || !s.Inputs.Complete || s.Inputs.Mode != step.ObserveInotify || len(s.Inputs.Reasons) != 0 {
		t.Errorf("%s: the observation is not complete: %+v", s.Name, s.Inputs)
	}
}

func wantNoInput(t *testing.T, s provenance.Step, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if f, ok := input(s, p); ok {
			t.Errorf("%s: input that was not read: %+v", s.Name, f)
		}
	}
}

func TestReadFilesAreRecordedAndOthersAreNot(t *testing.T) {
	a := observed(t, files{
		"d/read.txt": "read\n", "d/other.txt": "other\n", "d/listed.txt": "listed\n", "d/empty": "",
		"Dockerfile": `FROM busybox
COPY d /d
RUN cat /d/read.txt /d/empty && ls -l /d/ && stat /d/listed.txt && test -x /d/other.txt || true
RUN mkdir /made && echo x > /made/x && cat /made/x && rm /made/x
`,
	})
	s := a.step(t, "RUN cat /d/read.txt")
	wantComplete(t, s)
	wantInput(t, s, whole("/d/read.txt", "read\n"))
	wantInput(t, s, whole("/d/empty", ""))
	wantNoInput(t, s, "/d/other.txt", "/d/listed.txt", "/d", "/dev/.sworn/bin/RUN", "/dev/.sworn/record/record.json")
	if shell := mustInput(t, s, "/bin/sh"); shell.Digest.String() != a.file(t, "/bin/sh").Digest.String() {
		t.Errorf("the shell's digest is %v", shell.Digest)
	}
	// What a step made itself is its output, not its input.
	wantNoInput(t, a.step(t, "RUN mkdir /made"), "/made/x", "/d/read.txt")
}

func TestFilesChangedInTheStepAreMarkedWithTheirBytesBefore(t *testing.T) {
	a := observed(t, files{
		"d/appended": "appended\n", "d/replaced": "replaced\n", "d/removed": "removed\n",
		"d/moved": "moved\n", "d/moded": "moded\n", "d/gone/file": "in a folder\n", "d/node": "was a file\n",
		"Dockerfile": `FROM busybox
COPY d /d
RUN cat /d/* /d/gone/file; echo more >> /d/appended; echo new > /n && mv /n /d/replaced; rm /d/removed; \
    mv /d/moved /d/elsewhere; chmod 600 /d/moded; rm -r /d/gone; rm /d/node && mkdir /d/node && echo y > /d/node/y
RUN mkdir /hidden && mv /d/appended /hidden/x && cat /hidden/x
`,
	})
	s := a.step(t, "RUN cat /d/*")
	wantComplete(t, s)
	for p, content := range map[string]string{
		"/d/appended": "appended\n", "/d/replaced": "replaced\n", "/d/removed": "removed\n", "/d/moved": "moved\n",
		"/d/moded": "moded\n", "/d/gone/file": "in a folder\n", "/d/node": "was a file\n",
	} {
		want := whole(p, content)
		want.Changed = true
		wantInput(t, s, want)
	}
	want := whole("/d/appended", "appended\nmore\n")
	want.Changed = true
	wantInput(t, a.step(t, "RUN mkdir /hidden"), want)
}

func TestMountedFilesCarryTheirMountAndDigest(t *testing.T) {
	a := observed(t, files{
		"bound/in.txt": "in\n", "bound/un.txt": "un\n", "one.txt": "one\n",
		"Dockerfile": `FROM busybox AS build
RUN mkdir /out && echo built > /out/built.txt
FROM busybox
RUN --mount=type=bind,source=bound,target=/ctx --mount=type=bind,from=build,source=/out,target=/build,rw \
    --mount=type=bind,source=one.txt,target=/one.txt --mount=type=cache,target=/cache,from=build,source=/out,id=e2e-observe-mounts \
    --mount=type=tmpfs,target=/scratch \
    cat /ctx/in.txt /build/built.txt /one.txt /cache/built.txt; echo t > /scratch/t; cat /scratch/t; echo w > /build/w; cat /build/w
`,
	})
	s := a.step(t, "RUN --mount")
	wantComplete(t, s)
	for p, tt := range map[string]struct {
		content, mount string
		shared         bool
	}{
		"/ctx/in.txt":      {"in\n", "/ctx", true},
		"/build/built.txt": {"built\n", "/build", false},
		"/one.txt":         {"one\n", "/one.txt", true},
		"/cache/built.txt": {"built\n", "/cache", true},
	} {
		want := whole(p, tt.content)
		want.Mount, want.Shared = tt.mount, tt.shared
		wantInput(t, s, want)
	}
	wantNoInput(t, s, "/ctx/un.txt", "/scratch/t")
	var targets []string
	for _, m := range s.Mounts {
		targets = append(targets, m.Type+" "+m.Target)
		if m.Target == "/build" && !strings.HasPrefix(m.From, "step") || m.Target == "/ctx" && !strings.HasPrefix(m.From, "source") {
			t.Errorf("mount from %q: %+v", m.From, m)
		}
	}
	slices.Sort(targets)
	if diff := cmp.Diff([]string{"bind /build", "bind /ctx", "bind /one.txt", "cache /cache", "tmpfs /scratch"}, targets); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
}

func TestSecretsAppearByIDOnly(t *testing.T) {
	const value = "hunter2-0cbb1e8d7f"
	e := mustEnv(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	agent := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", agent) // nobody talks to it
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ref := imageName(e.registry, t, "latest")
	r, a := buildAccount(t, e, build{output: push(ref), context: files{"Dockerfile": `FROM busybox
RUN --mount=type=secret,id=token --mount=type=secret,id=other,target=/etc/other \
    --mount=type=secret,id=token,env=TOKEN --mount=type=secret,id=absent \
    --mount=type=ssh,id=deploy --mount=type=ssh,id=deploy,target=/tmp/agent \
    test -S $SSH_AUTH_SOCK && test -S /tmp/agent && \
    cat /run/secrets/token /etc/other | wc -c; test "$(cat /etc/other)" = "$TOKEN" && test -n "$TOKEN" && echo "same"
`}, args: []string{"--secret", "id=token,src=" + secret, "--secret", "id=other,src=" + secret, "--ssh", "deploy=" + agent, "--no-cache"}})
	if !strings.Contains(r.log, " same\n") {
		t.Fatalf("the step did not get its secrets:\n%s", r.log)
	}
	s := a.step(t, "RUN --mount")
	wantComplete(t, s)
	ids := []string{}
	for _, m := range s.Mounts {
		ids = append(ids, m.Type+" "+m.ID)
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"secret absent", "secret other", "secret token", "ssh deploy", "ssh deploy"}, ids); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]step.SecretEnv{{ID: "token", Name: "TOKEN", Optional: true}}, s.SecretEnv); diff != "" {
		t.Errorf("secret environment (-want +got):\n%s", diff)
	}
	wantNoInput(t, s, "/run/secrets/token", "/etc/other", "/tmp/agent")
	for typ, st := range a.raw {
		for _, leak := range []string{value, sha256Of([]byte(value)).Hex, secret, agent} {
			if bytes.Contains(st.raw, []byte(leak)) {
				t.Errorf("%s holds %s", typ, leak)
			}
		}
	}
}

func TestPackagesStandForTheirFiles(t *testing.T) {
	a := observed(t, files{"Dockerfile": `FROM debian:bookworm
RUN grep root /etc/passwd && perl -e 'print "x"' > /x
RUN cat /etc/debian_version && echo changed > /etc/debian_version
`})
	s := a.step(t, "RUN grep")
	wantComplete(t, s)
	counts := map[string]int{}
	for _, p := range s.Inputs.Packages {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:deb/debian/"), "@")
		counts[name] = p.Files
	}
	for _, name := range []string{"dash", "grep", "libc6", "perl-base"} {
		if counts[name] == 0 {
			t.Errorf("no file of %s was read: %v", name, counts)
		}
	}
	if f := mustInput(t, s, "/etc/passwd"); f.Package != "" || f.Digest.String() != a.file(t, "/etc/passwd").Digest.String() {
		t.Errorf("passwd, which no package owns: %+v", f)
	}
	wantNoInput(t, s, "/usr/bin/perl", "/usr/bin/grep", "/bin/grep", "/usr/bin/dash")
	f := mustInput(t, a.step(t, "RUN cat"), "/etc/debian_version")
	if !f.Changed || !strings.HasPrefix(f.Package, "pkg:deb/debian/base-files@") {
		t.Errorf("owned file that the step changed: %+v", f)
	}
}

func TestProgramsInterpretersAndLibrariesAreInputs(t *testing.T) {
	a := observed(t, files{
		"script!": "#!/opt/interpreter\n",
		"Dockerfile": `FROM busybox AS busybox
FROM debian:bookworm
COPY --from=busybox /bin/busybox /opt/busybox
COPY script /opt/script
RUN mkdir /opt/lib && cp /bin/cat /opt/interpreter && cp /lib/*/libc.so.6 /opt/lib/
RUN ["/opt/busybox", "true"]
RUN ["env", "LD_LIBRARY_PATH=/opt/lib", "/opt/script"]
`,
	})
	static := a.step(t, `RUN ["/opt/busybox"`)
	wantComplete(t, static)
	if f := mustInput(t, static, "/opt/busybox"); len(static.Inputs.Files) != 1 || len(static.Inputs.Packages) != 0 || f.Digest.String() != a.file(t, "/opt/busybox").Digest.String() {
		t.Errorf("inputs of a static program: %+v", static.Inputs)
	}
	script := a.step(t, "LD_LIBRARY_PATH")
	wantComplete(t, script)
	wantInput(t, script, whole("/opt/script", "#!/opt/interpreter\n"))
	for _, p := range []string{"/opt/interpreter", "/opt/lib/libc.so.6"} {
		if f := mustInput(t, script, p); f.Digest.String() != a.file(t, p).Digest.String() {
			t.Errorf("%s: %+v", p, f)
		}
	}
}

func TestLinksLeadToTheFileThatWasRead(t *testing.T) {
	a := observed(t, files{
		"real.txt": "real\n", "linked.txt": "linked\n",
		"Dockerfile": `FROM busybox
COPY real.txt linked.txt /d/
RUN mkdir /l && ln -s ../d /l/dir && ln -s dir/real.txt /l/file && ln /d/real.txt /l/hard
RUN cat /l/file
RUN cat /l/dir/real.txt
RUN cat /l/hard
RUN mkdir /new && ln /d/linked.txt /new/name && cat /new/name
`,
	})
	// Nobody watches a new folder, so the name that was there before stands for it.
	linked := a.step(t, "RUN mkdir /new")
	wantComplete(t, linked)
	if f := mustInput(t, linked, "/d/linked.txt"); f.Digest.String() != sha256Of([]byte("linked\n")).Hex {
		t.Errorf("file read through a new link: %+v", f)
	}
	for command, p := range map[string]string{
		"RUN cat /l/file": "/d/real.txt", "RUN cat /l/dir/real.txt": "/d/real.txt", "RUN cat /l/hard": "/l/hard",
	} {
		s := a.step(t, command)
		wantComplete(t, s)
		wantInput(t, s, whole(p, "real\n"))
	}
}

func TestAStepOfAnotherUserIsObserved(t *testing.T) {
	ctx := files{
		"read.txt": "read\n",
		"Dockerfile": `FROM busybox
RUN mkdir -m 700 /closed && echo x > /closed/x
COPY --chown=1000:1000 --chmod=700 read.txt /home/user/read.txt
USER 1000:1000
RUN cat /home/user/read.txt; cat /closed/x || echo refused; echo mine > /tmp/mine
`,
	}
	a := observed(t, ctx)
	s := a.step(t, "RUN cat")
	wantComplete(t, s)
	wantInput(t, s, whole("/home/user/read.txt", "read\n"))
	wantNoInput(t, s, "/closed/x")
	if s.Process == nil || s.Process.UID != 1000 || s.Process.GID != 1000 {
		t.Errorf("process %+v, want user 1000:1000", s.Process)
	}
	// Without no_new_privs a set-user-ID program could have read there.
	s = observed(t, ctx, "--opt", "build-arg:SWORN_HARDEN=off").step(t, "RUN cat")
	if s.Inputs.Complete || !strings.Contains(strings.Join(s.Inputs.Reasons, "\n"), "/closed") {
		t.Errorf("a folder that could not be watched leaves the observation complete: %+v", s.Inputs)
	}
}

func TestObservationOffIsRecorded(t *testing.T) {
	s := observed(t, files{"Dockerfile": "FROM busybox\nRUN cat /etc/passwd\n"}, "--opt", "build-arg:SWORN_OBSERVE=off").step(t, "RUN cat")
	want := &provenance.Inputs{Mode: step.ObserveOff, Packages: []provenance.PackageInput{}, Files: []provenance.FileInput{}}
	if diff := cmp.Diff(want, s.Inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}
