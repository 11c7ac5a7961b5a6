//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

// random is a file whose bytes no second run of a step repeats.
const random = "/proc/sys/kernel/random/uuid"

// printed reports whether a step of that name wrote to its output, which a cached one
// never does. (A cached step whose layers are pulled looks as if it ran.)
func (r built) printed(name string) bool {
	ids := map[string]bool{}
	for line := range strings.Lines(r.log) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(rest, "[") && strings.Contains(rest, name) {
			ids[id] = true
		}
		seconds, _, _ := strings.Cut(rest, " ")
		if _, err := strconv.ParseFloat(seconds, 64); err == nil && ids[id] {
			return true
		}
	}
	return false
}

// cachedContext has two stages, every kind of mount that a cache may lose, file
// operations, and RUNs that print and would each give another output if they ran again.
func cachedContext() files {
	return files{
		"src/a.txt":   "a\n",
		"src/b.txt":   "b\n",
		"bound/x.txt": "bound\n",
		"conf":        "conf\n",
		"src/c.md":    "no COPY takes this\n",
		"unused.txt":  "no COPY names this\n",
		"token":       "sEcReT-0123456789",
		"Dockerfile": `FROM busybox AS build
WORKDIR /src
COPY --exclude=*.md src/ ./
# sworn: network=none harden=off reason="a step that is like no other in the options"
RUN --mount=type=cache,target=/root/.cache \
    --mount=type=secret,id=token \
    --mount=type=bind,source=bound,target=/bound \
    cat ` + random + ` a.txt /bound/x.txt | tee /made.txt && \
    cat /run/secrets/token > /dev/null && date >> /root/.cache/dates

FROM busybox
RUN cat ` + random + ` | tee /first
COPY --from=build /made.txt /app/
COPY --chmod=0600 conf /etc/conf
RUN --mount=type=bind,from=build,source=/made.txt,target=/o cat /o ` + random + ` | tee /second
RUN cat ` + random + ` | tee /last
USER nobody
`,
	}
}

func cachedBuild(dir, host, ref string, args ...string) build {
	secret := "id=token,src=" + filepath.Join(dir, "token")
	return build{dir: dir, host: host, output: push(ref), args: append([]string{"--secret", secret}, args...)}
}

func TestCachedBuildsGiveTheSameStatements(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	for _, tt := range []struct{ name, exported, imported string }{
		{"registry max", "type=registry,mode=max,ref=%s", "type=registry,ref=%s"},
		{"registry min", "type=registry,mode=min,ref=%s", "type=registry,ref=%s"},
		{"local max", "type=local,mode=max,dest=%s", "type=local,src=%s"},
		{"local min", "type=local,mode=min,dest=%s", "type=local,src=%s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			emptyBuilder(t, e, host)
			dir := cachedContext().write(t)
			cache := imageName(e.registry, t, "cache")
			if strings.HasPrefix(tt.name, "local") {
				cache = t.TempDir()
			}
			fresh, want := buildAccount(t, e, cachedBuild(dir, host, imageName(e.registry, t, "fresh"),
				"--export-cache", fmt.Sprintf(tt.exported, cache)))
			if !fresh.printed("RUN cat " + random) {
				t.Fatalf("the first build ran nothing:\n%s", fresh.log)
			}
			again, got := buildAccount(t, e, cachedBuild(dir, host, imageName(e.registry, t, "again")))
			sameBuild(t, fresh, again, want, got)

			emptyBuilder(t, e, host)
			imported, got := buildAccount(t, e, cachedBuild(dir, host, imageName(e.registry, t, "imported"),
				"--import-cache", fmt.Sprintf(tt.imported, cache)))
			sameBuild(t, fresh, imported, want, got)
			describedTruly(t, imageName(e.registry, t, "imported"), got, "/last")
		})
	}
}

// buildAccount builds and reads the statements of what was pushed.
func buildAccount(t *testing.T, e env, b build) (built, account) {
	t.Helper()
	r := b.mustRun(t, e)
	return r, accountOf(t, strings.TrimPrefix(b.output, push("")))
}

// sameBuild fails unless the second build ran no RUN and attached the same bytes.
func sameBuild(t *testing.T, first, second built, want, got account) {
	t.Helper()
	if second.printed("] RUN ") {
		t.Errorf("a RUN ran again:\n%s", second.log)
	}
	samePredicates(t, want, got)
	if first.digest == second.digest {
		sameBlobs(t, want, got)
	}
}

func TestImportedMinCacheRunsOnlyTheChangedStep(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	ctx := cachedContext()
	dir := ctx.write(t)
	cache := imageName(e.registry, t, "cache")
	_, before := buildAccount(t, e, cachedBuild(dir, host, imageName(e.registry, t, "before"),
		"--export-cache", "type=registry,mode=min,ref="+cache))

	emptyBuilder(t, e, host)
	ctx["Dockerfile"] = strings.Replace(ctx["Dockerfile"], "tee /last", "tee /changed", 1)
	ref := imageName(e.registry, t, "after")
	r, after := buildAccount(t, e, cachedBuild(ctx.write(t), host, ref, "--import-cache", "type=registry,ref="+cache))
	for _, s := range []string{"tee /made.txt", "tee /first", "tee /second"} {
		if r.printed(s) {
			t.Errorf("%q ran again:\n%s", s, r.log)
		}
	}
	if !r.printed("tee /changed") {
		t.Error("the changed step did not run")
	}
	n := len(before.steps.Steps) - 1
	if len(after.steps.Steps) != n+1 {
		t.Fatalf("%d steps, want %d", len(after.steps.Steps), n+1)
	}
	if diff := cmp.Diff(before.steps.Steps[:n], after.steps.Steps[:n]); diff != "" {
		t.Errorf("records of the steps before the changed one (-before +after):\n%s", diff)
	}
	last := after.steps.Steps[n]
	if len(last.Outputs.Added) != 1 || last.Outputs.Added[0].Path != "/changed" {
		t.Errorf("the changed step added %v, want /changed", last.Outputs.Added)
	}
	for _, p := range []string{"/first", "/second", "/changed", "/app/made.txt"} {
		describedTruly(t, ref, after, p)
	}
}

func TestNoCacheTwiceOnADeterministicDockerfile(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	b := build{context: files{
		"in.txt": "in\n",
		"Dockerfile": `FROM busybox AS build
COPY in.txt /
RUN mkdir /out && for i in 1 2 3; do sort /in.txt > /out/$i; done && ln -s 1 /out/link && ln /out/1 /out/hard
FROM debian:bookworm
COPY --from=build /out /out
RUN perl -e 'print "x" x 10' > /perl && rm /etc/motd
USER 1000:1000
RUN cat /out/1 > /tmp/mine
`,
	}, args: []string{"--no-cache"}}
	b.dir = b.context.write(t)
	b.output = push(imageName(e.registry, t, "one"))
	one, want := buildAccount(t, e, b)
	b.output = push(imageName(e.registry, t, "two"))
	two, got := buildAccount(t, e, b)
	for _, r := range []built{one, two} {
		if !r.ran("RUN mkdir") || !r.ran("RUN perl") || !r.ran("RUN cat") {
			t.Fatalf("a step was cached:\n%s", r.log)
		}
	}
	samePredicates(t, want, got)
}

func TestNoCacheOnARandomDockerfileIsDescribedAnew(t *testing.T) {
	e := mustEnv(t)
	b := build{dir: files{"Dockerfile": "FROM busybox\nRUN cat " + random + " > /random\n"}.write(t), args: []string{"--no-cache"}}
	var all []account
	for i := range 2 {
		ref := imageName(e.registry, t, fmt.Sprint(i))
		b.output = push(ref)
		_, a := buildAccount(t, e, b)
		describedTruly(t, ref, a, "/random")
		all = append(all, a)
	}
	for _, typ := range ourTypes() {
		if bytes.Equal(all[0].raw[typ].Predicate, all[1].raw[typ].Predicate) {
			t.Errorf("%s: the same for two different images", typ)
		}
	}
}

func TestAFileThatNoCopyNamesChangesNothing(t *testing.T) {
	e := mustEnv(t)
	ctx := cachedContext()
	_, before := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "before")))
	ctx["unused.txt"] = "changed\n"
	r, after := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "after")))
	if r.printed("] RUN ") {
		t.Errorf("a RUN ran again:\n%s", r.log)
	}
	samePredicates(t, before, after)
}

func TestAFileThatNoCopyTakesChangesOnlyTheContextsDigest(t *testing.T) {
	e := mustEnv(t)
	ctx := cachedContext()
	_, before := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "before")))
	ctx["src/c.md"] = "changed\n"
	r, after := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "after")))
	if r.printed("] RUN ") {
		t.Errorf("a RUN ran again:\n%s", r.log)
	}
	was, is := localDigest(t, &before.steps), localDigest(t, &after.steps)
	if was == is {
		t.Errorf("the context's digest is still %s", is)
	}
	if diff := cmp.Diff(before.steps, after.steps); diff != "" {
		t.Errorf("more than the context's digest differs (-before +after):\n%s", diff)
	}
	// The documents name the context with its digest, and their own names are a digest of all.
	namespace := regexp.MustCompile(`/spdx/[0-9a-f]{64}`)
	for _, typ := range []string{provenance.ContentsType, provenance.SPDXType, provenance.SPDX3Type} {
		want := bytes.ReplaceAll(before.raw[typ].Predicate, []byte(was), []byte(is))
		if !bytes.Equal(namespace.ReplaceAll(want, nil), namespace.ReplaceAll(after.raw[typ].Predicate, nil)) {
			t.Errorf("%s differs in more than the context's digest", typ)
		}
	}
}

// localDigest takes the digest and size out of the one local material.
func localDigest(t *testing.T, s *provenance.Steps) string {
	t.Helper()
	found := ""
	for i, m := range s.Materials {
		if m.Kind == "local" && m.URI == "local:context" {
			if found != "" {
				t.Fatal("two local contexts")
			}
			found = m.Digest["sha256"]
			s.Materials[i].Digest, s.Materials[i].Size = nil, nil
		}
	}
	if len(found) != 64 {
		t.Fatalf("the local context has no digest: %+v", s.Materials)
	}
	return found
}

func TestACommentShiftsLinesAndRunsNothing(t *testing.T) {
	e := mustEnv(t)
	ctx := cachedContext()
	_, before := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "before")))
	ctx["Dockerfile"] = "# a comment\n" + ctx["Dockerfile"]
	r, after := buildAccount(t, e, cachedBuild(ctx.write(t), e.host, imageName(e.registry, t, "after")))
	if r.printed("] RUN ") {
		t.Errorf("a RUN ran again:\n%s", r.log)
	}
	localDigest(t, &before.steps)
	localDigest(t, &after.steps)
	for i := range before.steps.Steps {
		s := &before.steps.Steps[i]
		if len(s.Lines) == 0 {
			t.Errorf("%s has no lines", s.Name)
		}
		for j := range s.Lines {
			s.Lines[j].Start++
			s.Lines[j].End++
		}
		for j := range s.Directives {
			s.Directives[j].Line++
		}
	}
	if diff := cmp.Diff(before.steps, after.steps); diff != "" {
		t.Errorf("more than the lines differs (-before +after):\n%s", diff)
	}
}
