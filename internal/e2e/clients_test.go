//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

// project is built alike by every client: two stages, a target, an argument, a secret,
// a second context, one that is left out by .dockerignore, and a bind of the context.
func project(e env) files {
	return files{
		"Dockerfile": "# syntax=" + e.frontend() + `
ARG BASE=debian
FROM busybox AS build
ARG GREETING=none
COPY src /src
RUN --mount=type=bind,source=bound,target=/bound \
    --mount=type=secret,id=token \
    cat /bound/x /src/a /run/secrets/token > /dev/null && echo "$GREETING" > /greeting
FROM $BASE AS app
COPY --from=build /greeting /greeting
COPY --from=second y /y
RUN cat /greeting /y > /both
FROM app AS unused
RUN false
`,
		"src/a": "a\n", "bound/x": "x\n", "ignored": "not sent\n", ".dockerignore": "ignored\n.git\n*.hcl\ncompose.yaml\n",
		"token": "sEcReT\n", "second/y": "y\n",
	}
}

// builderClient is a way to build the project and push it under a name.
type builderClient struct {
	name  string
	build func(t *testing.T, e env, dir, image string)
}

func clients() []builderClient {
	return []builderClient{
		{"buildctl", func(t *testing.T, e env, dir, image string) {
			mustRun(t, e.tool("buildctl"), "build", "--frontend", "dockerfile.v0", "--progress", "plain",
				"--local", "context="+dir, "--local", "dockerfile="+dir, "--local", "second="+filepath.Join(dir, "second"),
				"--opt", "context:second=local:second", "--opt", "target=app",
				"--opt", "build-arg:BASE=busybox", "--opt", "build-arg:GREETING=hello",
				"--secret", "id=token,src="+filepath.Join(dir, "token"), "--opt", "attest:provenance=", "--output", push(image))
		}},
		{"buildx", func(t *testing.T, e env, dir, image string) {
			mustRun(t, e.tool("docker-buildx"), "build", "--progress", "plain", "--target", "app", "--build-context", "second="+filepath.Join(dir, "second"),
				"--build-arg", "BASE=busybox", "--build-arg", "GREETING=hello", "--secret", "id=token,src="+filepath.Join(dir, "token"), "--push", "-t", image, dir)
		}},
		{"bake", func(t *testing.T, e env, dir, image string) {
			bake(t, e, dir, `target "default" {
  context = "."
  contexts = { second = "second" }
  target = "app"
  args = { BASE = "busybox", GREETING = "hello" }
  secret = ["id=token,src=token"]
  tags = ["`+image+`"]
  output = ["type=registry"]
}
`)
		}},
		{"compose", func(t *testing.T, e env, dir, image string) {
			file := filepath.Join(dir, "compose.yaml")
			text := `services:
  app:
    image: ` + image + `
    build:
      context: .
      target: app
      args: { BASE: busybox, GREETING: hello }
      additional_contexts: { second: second }
      secrets: [token]
secrets:
  token: { file: token }
`
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			// Building needs no Docker daemon: compose hands it to buildx bake.
			t.Setenv("DOCKER_HOST", "unix:///nonexistent")
			mustRun(t, e.tool("docker-compose"), "--progress", "plain", "-f", file, "build", "--push")
		}},
		{"sworn build", func(t *testing.T, e env, dir, image string) {
			swornBuild(t, e, 0, "--target", "app", "--build-context", "second="+filepath.Join(dir, "second"),
				"--build-arg", "BASE=busybox", "--build-arg", "GREETING=hello", "--secret", "id=token,src="+filepath.Join(dir, "token"), "--push", "-t", image, dir)
		}},
	}
}

// bake runs buildx bake on a file that it writes.
func bake(t *testing.T, e env, dir, text string, args ...string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "docker-bake.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), e.tool("docker-buildx"), append([]string{"bake", "--progress", "plain"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("bake: %v\n%s", err, out)
	}
	return string(out)
}

// Each client builds on an empty builder, so all is made anew and has to be the same.
func TestEveryClientGivesTheSameStatements(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	var want account
	for i, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			useBuilder(t, e, host)
			emptyBuilder(t, e, host)
			image := imageName(e.registry, t, "latest")
			c.build(t, e, project(e).write(t), image)
			got := accountOf(t, image)
			if i > 0 {
				samePredicates(t, want, got)
				return
			}
			want = got
			s := got.step(t, "RUN --mount")
			wantComplete(t, s)
			if d := cmp.Diff(sha256Of([]byte("hello\n")), output(t, s, "/greeting").Digest); d != "" {
				t.Errorf("/greeting (-want +got):\n%s", d)
			}
			if n := len(got.steps.Materials); n != 3 {
				t.Errorf("%d materials, want the base and two contexts: %+v", n, got.steps.Materials)
			}
		})
	}
}

// useBuilder has buildctl and buildx, with whatever calls it, build on a host.
func useBuilder(t *testing.T, e env, host string) {
	t.Helper()
	t.Setenv("BUILDKIT_HOST", host)
	name := fmt.Sprintf("e2e-%d", os.Getpid())
	mustRun(t, e.tool("docker-buildx"), "create", "--name", name, "--driver", "remote", host)
	t.Cleanup(func() {
		if out, err := exec.Command(e.tool("docker-buildx"), "rm", name).CombinedOutput(); err != nil {
			t.Errorf("remove builder %s: %v\n%s", name, err, out)
		}
	})
	t.Setenv("BUILDX_BUILDER", name)
}

// A target that another one is built on is a build of its own, whose steps must
// neither run again nor be rewritten; they are of this image all the same.
func TestLinkedBakeTargetsBringTheirRecords(t *testing.T) {
	e := mustEnv(t)
	app, base := imageName(e.registry, t, "app"), imageName(e.registry, t, "base")
	dir := files{
		"base.Dockerfile": "# syntax=" + e.frontend() + "\nFROM busybox AS tool\nENV GODEBUG=x=1\n" +
			"RUN --mount=type=secret,id=token cat /run/secrets/token /etc/passwd > /dev/null; cat " + random + " | tee /made\n" +
			"FROM busybox\nCOPY --from=tool /made /made\nRUN cat /made > /read\n",
		"app.Dockerfile": "# syntax=" + e.frontend() + "\nFROM base\nRUN cat /read > /last\n",
		"off.Dockerfile": "# syntax=" + e.frontend() + " statements=off\nFROM busybox\nRUN echo off > /off\n",
		"mix.Dockerfile": "# syntax=" + e.frontend() + "\nFROM off\nRUN cat /off > /last\n",
		"token":          "sEcReT\n",
	}.write(t)
	file := func(name, extra string) string {
		return "target \"" + name + "\" {\n  context = \".\"\n  dockerfile = \"" + name + ".Dockerfile\"\n" + extra + "}\n"
	}
	out := func(image string) string { return "  tags = [\"" + image + "\"]\n  output = [\"type=registry\"]\n" }
	text := file("base", "  secret = [\"id=token,src=token\"]\n"+out(base)) + file("app", "  contexts = { base = \"target:base\" }\n"+out(app)) +
		file("off", "") + file("mix", "  contexts = { off = \"target:off\" }\n"+out(imageName(e.registry, t, "mix")))
	log := built{log: bake(t, e, dir, text, "base", "app", "mix")}
	if n := strings.Count(log.log, "| tee /made\n"); n == 0 || strings.Contains(log.log, "sworn: evidence again") {
		t.Fatalf("unexpected log:\n%s", log.log)
	}
	b, a := accountOf(t, base), accountOf(t, app)
	for _, s := range b.steps.Steps {
		got := a.step(t, strings.TrimPrefix(s.Name[strings.Index(s.Name, "] "):], "] "))
		// Names, ids and lines are those of the build that the statement is about.
		got.ID, got.Name, got.Lines, got.Parent, got.Reads = s.ID, s.Name, s.Lines, s.Parent, s.Reads
		if d := cmp.Diff(s, got); d != "" {
			t.Errorf("%s (-base +app):\n%s", s.Name, d)
		}
	}
	for _, m := range a.steps.Materials {
		if strings.Contains(m.URI, "sworn") {
			t.Errorf("the frontend's image is a material: %+v", m)
		}
	}
	wantComplete(t, a.step(t, "RUN cat /read"))
	describedTruly(t, app, a, "/made")
	mix := accountOf(t, imageName(e.registry, t, "mix"))
	s := mix.step(t, "RUN echo off")
	want := []string{"the step came with an input of the frontend and was built with statements=off"}
	if s.Inputs == nil || s.Inputs.Mode != provenance.InputsNone || !slices.Equal(s.Inputs.Reasons, want) || !slices.Equal(s.Command, []string{"/bin/sh", "-c", "echo off > /off"}) {
		t.Errorf("command %q, inputs %+v, want reasons %q", s.Command, s.Inputs, want)
	}
	if strings.Contains(string(mix.raw[provenance.StepsType].Predicate), "/dev/.sworn") {
		t.Error("the statement tells of the runner")
	}
}
