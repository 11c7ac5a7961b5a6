//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The corpus, testdata/corpus, has Dockerfiles as people write them. Each is built with
// upstream's frontend twice and with ours: the images must have the same layers, files,
// modes, owners and bytes. Files whose bytes differ between the two builds of upstream's
// (logs, caches, what has a date in it) may have others in ours too.

// corpusCase is what a Dockerfile of the corpus needs besides its folder.
type corpusCase struct {
	opts, args []string
	// from is another folder, below the repository, that its context begins with.
	from string
	// ours turns upstream's layers into what ours are where they differ for a reason,
	// which is told in docs/differences.md.
	ours func(layers []map[string]entry)
}

func corpusCases(t *testing.T) map[string]corpusCase {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("not-for-the-image"), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]corpusCase{
		"cron": {ours: func(layers []map[string]entry) {
			// The set-group-ID bit of crontab gives a step nothing under no_new_privs.
			const spool = "/var/spool/cron/crontabs/root"
			is := layers[2][spool]
			is.GID = 0
			layers[2][spool] = is
		}},
		"go":         {from: "examples/go-service"},
		"git-clone":  {opts: []string{"build-arg:REPO=" + gitServer(t) + "/repo.git"}},
		"multi-arch": {opts: []string{"platform=linux/amd64,linux/arm64"}},
		"npm":        {args: roots()},
		"secret":     {args: []string{"--secret", "id=token,src=" + token}},
	}
}

// machineRoots has the machine's certification authorities: the way to the npm registry
// may lead over one of its own.
const machineRoots = "/etc/ssl/certs/ca-certificates.crt"

// roots hands the machine's authorities to the step that asks for them.
func roots() []string {
	if _, err := os.Stat(machineRoots); err != nil {
		return nil
	}
	return []string{"--secret", "id=roots,src=" + machineRoots}
}

// corpus lists the Dockerfiles.
func corpus(t *testing.T) []string {
	t.Helper()
	var names []string
	dirs, err := os.ReadDir("testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		names = append(names, d.Name())
	}
	return names
}

// buildCorpus builds Dockerfiles of the corpus and compares the images. frontend is
// Sworn's, opts are its options. check, which may be nil, gets each image that Sworn built.
func buildCorpus(t *testing.T, names []string, frontend string, opts []string, check func(t *testing.T, name, image string)) {
	t.Helper()
	e := mustEnv(t)
	cases := corpusCases(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := cases[name]
			dir := corpusContext(t, name, c)
			first := c.image(t, e, dir, "first", upstream, nil)
			time.Sleep(1100 * time.Millisecond) // so that what has the time in it differs
			second := c.image(t, e, dir, "second", upstream, nil)
			image := c.build(t, e, dir, "ours", frontend, opts)
			ours := corpusContent(t, image)
			volatile := differing(first, second)
			if c.ours != nil {
				c.ours(first)
			}
			if diff := cmp.Diff(without(first, volatile), without(ours, volatile)); diff != "" {
				t.Errorf("the image (-upstream +ours):\n%s", diff)
			}
			t.Logf("%d files of %d have other bytes in every build", len(volatile), countFiles(first))
			if check != nil {
				check(t, name, image)
			}
		})
	}
}

// corpusContext writes the build context of a Dockerfile.
func corpusContext(t *testing.T, name string, c corpusCase) string {
	t.Helper()
	dir := t.TempDir()
	own := os.DirFS(filepath.Join("testdata/corpus", name))
	if c.from == "" {
		return copied(t, dir, own)
	}
	copied(t, dir, os.DirFS(filepath.Join("../..", c.from)))
	// The corpus has its own.
	if err := os.Remove(filepath.Join(dir, "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	return copied(t, dir, own)
}

// copied returns dir with the files of a tree in it.
func copied(t *testing.T, dir string, from fs.FS) string {
	t.Helper()
	if err := os.CopyFS(dir, from); err != nil {
		t.Fatal(err)
	}
	return dir
}

// build returns the reference of what it built and pushed.
func (c corpusCase) build(t *testing.T, e env, dir, tag, frontend string, opts []string) string {
	t.Helper()
	image := imageName(e.registry, t, tag)
	b := build{
		dir: dir, frontend: frontend, output: push(image),
		opts: slices.Concat(c.opts, opts), args: append([]string{"--no-cache"}, c.args...),
	}
	return image + "@" + b.mustRun(t, e).digest
}

func (c corpusCase) image(t *testing.T, e env, dir, tag, frontend string, opts []string) []map[string]entry {
	t.Helper()
	return corpusContent(t, c.build(t, e, dir, tag, frontend, opts))
}

// corpusContent lists the layers of an image.
func corpusContent(t *testing.T, image string) []map[string]entry {
	t.Helper()
	return readContent(t, pull(t, image), nil).Layers
}

// place is a file of a layer.
type place struct {
	layer int
	path  string
}

// differing returns the files of both that have other bytes.
func differing(a, b []map[string]entry) map[place]bool {
	out := map[place]bool{}
	for i := range min(len(a), len(b)) {
		for p, is := range a[i] {
			if was, ok := b[i][p]; ok && is.Digest != was.Digest {
				out[place{i, p}] = true
			}
		}
	}
	return out
}

// without leaves the bytes of some files out.
func without(layers []map[string]entry, files map[place]bool) []map[string]entry {
	out := make([]map[string]entry, len(layers))
	for i, l := range layers {
		out[i] = maps.Clone(l)
		for p, is := range l {
			if files[place{i, p}] {
				is.Size, is.Digest = 0, "volatile"
				out[i][p] = is
			}
		}
	}
	return out
}

func countFiles(layers []map[string]entry) int {
	n := 0
	for _, l := range layers {
		n += len(l)
	}
	return n
}

// quickCorpus are the Dockerfiles that make test builds; make corpus builds all.
func quickCorpus() []string {
	return []string{"heredoc", "secret", "su", "tar-owners", "tmpfs", "useradd"}
}

func TestDockerfilesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	buildCorpus(t, quickCorpus(), "", nil, nil)
}

func TestTheCorpusIsWhole(t *testing.T) {
	names := corpus(t)
	if len(names) < 25 {
		t.Errorf("%d Dockerfiles, want at least 25", len(names))
	}
	for _, n := range slices.Concat(quickCorpus(), slices.Collect(maps.Keys(corpusCases(t)))) {
		if !slices.Contains(names, n) {
			t.Errorf("%s is not in the corpus", n)
		}
	}
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join("testdata/corpus", n, "Dockerfile"))
		if err != nil || !strings.HasPrefix(string(b), "FROM ") {
			t.Error(fmt.Errorf("%s: no Dockerfile that begins with FROM: %w", n, err))
		}
	}
}
