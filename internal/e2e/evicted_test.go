//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
)

// choosing is a build with a step that reads one of sixteen files, each time another
// one, and writes what it read: files of the same size, in a new folder, with a time
// that it sets itself when asked to.
func choosing(touch bool) files {
	f := files{}
	for _, c := range "0123456789abcdef" {
		f["in/"+string(c)] = string(c) + "\n"
	}
	set := ""
	if touch {
		set = " && touch -d '2020-01-01 00:00:00' /out/chosen /out / && rm -rf /tmp"
	}
	f["Dockerfile"] = "FROM busybox\nCOPY in /in\nRUN f=$(head -c 1 " + random + "); mkdir /out && cat /in/$f | tee /out/chosen" + set + "\nRUN cat /out/chosen > /after\n"
	return f
}

// oneRun fails unless the choosing step, whose name has a part, read what it wrote.
func oneRun(t *testing.T, ref string, a account, name string) {
	t.Helper()
	describedTruly(t, ref, a, "/out/chosen")
	describedTruly(t, ref, a, "/after")
	s := a.step(t, name)
	wantComplete(t, s)
	var read []provenance.FileInput
	for _, f := range s.Inputs.Files {
		if strings.HasPrefix(string(f.Path), "/in/") {
			read = append(read, f)
		}
	}
	if len(read) != 1 {
		t.Fatalf("the step read %+v", read)
	}
	if d := cmp.Diff(output(t, s, "/out/chosen").Digest, read[0].Digest); d != "" {
		t.Errorf("record and file system are of two runs (-wrote +read):\n%s", d)
	}
}

// forgetEvidence deletes all that is made of the steps but the image.
func forgetEvidence(t *testing.T, e env, host string) {
	t.Helper()
	for range 12 { // what depends on another goes first
		left := false
		for _, line := range cacheRecords(t, e, host) {
			id, rest, _ := strings.Cut(line, " ")
			if strings.HasPrefix(rest, "mount /out from exec /sworn/") || strings.HasPrefix(rest, "[internal] sworn: ") {
				prune(t, e, host, "--all", "--filter", "id=="+id)
				left = left || strings.HasPrefix(rest, "mount /out")
			}
		}
		if !left {
			return
		}
	}
	t.Fatalf("the builder still has evidence:\n%s", strings.Join(cacheRecords(t, e, host), "\n"))
}

const rerunMessage = "[internal] sworn: the cache had no record of the run that made the first of these, so they run again: "

// The cache loses one of a step's two results. What is left of it never meets the
// other of a second run.
func TestRecordAndFileSystemAreOfOneRun(t *testing.T) {
	e := mustEnv(t)
	for _, tt := range []struct {
		name, forgotten string
		touch           bool
	}{
		{"record lost", "mount /dev/.sworn/record from exec RUN /bin/sh -c f=", false},
		{"record lost and times set", "mount /dev/.sworn/record from exec RUN /bin/sh -c f=", true},
		{"file system lost", "mount / from exec RUN ", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := ownBuilder(t, e)
			dir := choosing(tt.touch).write(t)
			first := imageName(e.registry, t, "first")
			_, a := buildAccount(t, e, build{dir: dir, host: host, output: push(first)})
			oneRun(t, first, a, "RUN f=")
			forgetEvidence(t, e, host)
			forget(t, e, host, tt.forgotten)
			second := imageName(e.registry, t, "second")
			r, b := buildAccount(t, e, build{dir: dir, host: host, output: push(second)})
			oneRun(t, second, b, "RUN f=")
			if !r.printed("] RUN f=") {
				t.Fatalf("the step did not run again: the test shows nothing\n%s", r.log)
			}
			if tt.touch && cmp.Equal(a.file(t, "/out/chosen"), b.file(t, "/out/chosen")) {
				t.Log("both runs chose the same file, and nothing tells them apart")
			} else if !strings.Contains(r.log, rerunMessage) || !strings.Contains(r.log, "RUN f=") {
				t.Errorf("the progress does not say that the steps run again and why:\n%s", r.log)
			}
			third := imageName(e.registry, t, "third")
			again, c := buildAccount(t, e, build{dir: dir, host: host, output: push(third)})
			sameBuild(t, r, again, b, c)
		})
	}
}

// An inline cache is in the image's configuration and has nothing but its layers.
func TestInlineCachesHaveNoRecords(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	host := ownBuilder(t, e)
	dir := choosing(false).write(t)
	image := imageName(e.registry, t, "latest")
	// With statements off there is nothing to record, and the cache serves as ever.
	off := []string{"build-arg:SWORN_STATEMENTS=off"}
	build{dir: dir, host: host, opts: off, output: push(image), args: []string{"--export-cache", "type=inline"}}.mustRun(t, e)
	emptyBuilder(t, e, host)
	r := build{dir: dir, host: host, opts: off, args: []string{"--import-cache", "type=registry,ref=" + image}}.mustRun(t, e)
	if r.printed("] RUN f=") {
		t.Errorf("the step ran again although there are no statements:\n%s", r.log)
	}
	emptyBuilder(t, e, host)
	build{dir: dir, host: host, output: push(image), args: []string{"--export-cache", "type=inline"}}.mustRun(t, e)
	emptyBuilder(t, e, host)
	second := imageName(e.registry, t, "second")
	r, a := buildAccount(t, e, build{dir: dir, host: host, output: push(second), args: []string{"--import-cache", "type=registry,ref=" + image}})
	oneRun(t, second, a, "RUN f=")
	if !r.printed("] RUN f=") {
		t.Errorf("the step did not run again:\n%s", r.log)
	}
	line, ok := "", false
	for l := range strings.Lines(r.log) {
		if _, line, ok = strings.Cut(l, rerunMessage); ok {
			break
		}
	}
	if !strings.Contains(line, "RUN f=") || !strings.Contains(line, "RUN cat /out/chosen") {
		t.Errorf("the progress does not say which steps run again and why:\n%s", r.log)
	}
}
