//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// comparison is one Dockerfile that must give the same with upstream's frontend and
// with ours.
type comparison struct {
	name    string
	context files
	opts    []string
	args    []string
	// fails is a part of the error that both must end in; empty for success.
	fails string
	// prints are lines that the steps must print: they prove that the case does
	// what its name says.
	prints []string
	// mtimes are files of the image whose modification times must be equal too.
	mtimes []string
	// exact asks for the same image, digest and all: with every date set to zero.
	exact bool
	// ours turns upstream's outcome into what ours is where they differ for a
	// reason, which is told in docs/differences.md.
	ours func(*outcome)
}

// outcome is what a user gets from a build.
type outcome struct {
	Error string // what the client prints at the end
	Steps map[string]streams
	Image *imageContent
}

// streams are what a step printed.
type streams struct{ Stdout, Stderr string }

// imageContent is an image as its registry has it, without dates.
type imageContent struct {
	Digest string // of the manifest, when the images must be exactly the same
	Config v1.ConfigFile
	Layers []map[string]entry
}

// entry is a file of a layer.
type entry struct {
	Type         string
	Mode         int64
	UID, GID     int
	Size         int64
	Digest       string
	Link         string
	Major, Minor int64
	Xattrs       map[string]string
	Mtime        time.Time
}

// compare builds a case with both frontends and shows how the outcomes differ.
func (c comparison) compare(t *testing.T, e env) {
	t.Helper()
	dir := c.context.write(t)
	want := c.outcome(t, e, dir, upstream)
	for _, p := range c.prints {
		if !want.printed(p) {
			t.Errorf("upstream's build does not print %q:\n%v", p, want.Steps)
		}
	}
	if !strings.Contains(want.Error, c.fails) || (want.Error == "") != (c.fails == "") {
		t.Errorf("upstream's build ends in %q, want %q", want.Error, c.fails)
	}
	got := c.outcome(t, e, dir, "")
	if c.ours != nil {
		c.ours(&want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-upstream +ours):\n%s", diff)
	}
}

func (c comparison) outcome(t *testing.T, e env, dir, frontend string) outcome {
	t.Helper()
	tag := "ours"
	if frontend == upstream {
		tag = upstream
	}
	image := imageName(e.registry, t, tag)
	b := build{
		dir: dir, frontend: frontend, opts: c.opts, output: push(image),
		args: append([]string{"--no-cache", "--progress", "rawjson"}, c.args...),
	}
	if c.exact {
		b.opts = append(slices.Clone(b.opts), "build-arg:SOURCE_DATE_EPOCH=0")
		b.output += ",rewrite-timestamp=true"
	}
	r := b.run(t, e)
	o := readOutcome(t, r.log)
	if (r.err != nil) != (o.Error != "") {
		t.Fatalf("%s: %v, but the client says %q\n%s", tag, r.err, o.Error, r.log)
	}
	if frontend != upstream && strings.Contains(r.log, "/dev/.sworn") {
		t.Errorf("the runner shows in the build's progress:\n%s", r.log)
	}
	if r.err == nil {
		img := pull(t, image+"@"+r.digest)
		o.Image = readContent(t, img, c.mtimes)
		if c.exact {
			d, err := img.Digest()
			if err != nil {
				t.Fatal(err)
			}
			o.Image.Digest = d.String()
		}
	}
	return o
}

func (o outcome) printed(line string) bool {
	for _, s := range o.Steps {
		if slices.Contains(strings.Split(s.Stdout+s.Stderr, "\n"), line) {
			return true
		}
	}
	return false
}

// readOutcome reads the client's raw progress, one JSON object a line, and the error
// that follows.
func readOutcome(t *testing.T, log string) outcome {
	t.Helper()
	o := outcome{Steps: map[string]streams{}}
	snapshot := regexp.MustCompile(`ref \w+::\w+:`) // of this build
	names := map[digest.Digest]string{}
	var logs []*client.VertexLog
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "{") {
			o.Error += snapshot.ReplaceAllString(line, "ref REF:")
			continue
		}
		var s client.SolveStatus
		mustJSON(t, []byte(line), &s)
		for _, v := range s.Vertexes {
			if userStep(v.Name) {
				names[v.Digest] = v.Name
				o.Steps[v.Name] = streams{}
			}
		}
		logs = append(logs, s.Logs...)
	}
	for _, l := range logs {
		n, ok := names[l.Vertex]
		if !ok || strings.Contains(n, "] ADD ") { // git's messages tell the state of its caches
			continue
		}
		s := o.Steps[n]
		if l.Stream == 1 {
			s.Stdout += string(l.Data)
		} else {
			s.Stderr += string(l.Data)
		}
		o.Steps[n] = s
	}
	return o
}

// userStep tells the steps of a Dockerfile by their names. Base images are left out:
// builds at the same time share their vertices, and so the names of the first.
func userStep(name string) bool {
	return strings.HasPrefix(name, "[") && !strings.HasPrefix(name, "[internal]") &&
		!strings.HasPrefix(name, "[auth]") && !strings.Contains(name, "] FROM ")
}

// pull reads an image from a registry. Of an index it takes the first image.
func pull(t *testing.T, ref string) v1.Image {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	d, err := remote.Get(r, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if d.MediaType.IsIndex() {
		idx, err := d.ImageIndex()
		if err != nil {
			t.Fatal(err)
		}
		image, _ := readIndex(t, idx)
		return image
	}
	image, err := d.Image()
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// readContent lists an image, with the modification times of some of its files.
func readContent(t *testing.T, img v1.Image, mtimes []string) *imageContent {
	t.Helper()
	cf, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	c := imageContent{Config: *cf.DeepCopy()}
	c.Config.Created, c.Config.RootFS = v1.Time{}, v1.RootFS{}
	for i := range c.Config.History {
		c.Config.History[i].Created = v1.Time{}
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		rc, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		c.Layers = append(c.Layers, readTar(t, rc, mtimes))
		if err := rc.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// readTar lists a tar stream by cleaned path. A path that comes twice is an error.
func readTar(t *testing.T, r io.Reader, mtimes []string) map[string]entry {
	t.Helper()
	out := map[string]entry{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		p := path.Join("/", h.Name)
		if _, twice := out[p]; twice {
			t.Fatalf("%s is in the layer twice", p)
		}
		e := entry{
			Type: string(h.Typeflag), Mode: h.Mode, UID: h.Uid, GID: h.Gid, Size: h.Size,
			Link: h.Linkname, Major: h.Devmajor, Minor: h.Devminor,
		}
		if h.Typeflag == tar.TypeReg {
			sum := sha256.New()
			if _, err := io.Copy(sum, tr); err != nil {
				t.Fatal(err)
			}
			e.Digest = hex.EncodeToString(sum.Sum(nil))
		}
		for k, v := range h.PAXRecords {
			if x, ok := strings.CutPrefix(k, "SCHILY.xattr."); ok {
				if e.Xattrs == nil {
					e.Xattrs = map[string]string{}
				}
				e.Xattrs[x] = hex.EncodeToString([]byte(v))
			}
		}
		if slices.Contains(mtimes, p) {
			e.Mtime = h.ModTime.UTC()
		}
		out[p] = e
	}
}

// compareAll runs cases, two at a time on an ordinary machine.
func compareAll(t *testing.T, cases []comparison) {
	t.Helper()
	e := mustEnv(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.compare(t, e)
		})
	}
}

// dockerfile is a context with a Dockerfile alone.
func dockerfile(text string) files { return files{"Dockerfile": text} }

// faulty is a static program whose first instruction faults: a signal that the
// kernel sends, which even process 1 cannot ignore.
func faulty(t *testing.T, arch string) string {
	t.Helper()
	code := map[string][]byte{
		"amd64": {0x31, 0xc0, 0x89, 0x00},                         // xor eax, eax; mov [rax], eax
		"arm64": {0x00, 0x00, 0x80, 0xd2, 0x00, 0x00, 0x00, 0xf9}, // mov x0, 0; str x0, [x0]
	}[arch]
	machine := map[string]byte{"amd64": 62, "arm64": 183}[arch]
	if code == nil {
		t.Skipf("no faulting program for %s", arch)
	}
	const base, headers = 0x400000, 64 + 56
	le := func(n int, v uint64) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(v >> (8 * i))
		}
		return b
	}
	size := uint64(headers + len(code))
	return string(bytes.Join([][]byte{
		{0x7f, 'E', 'L', 'F', 2, 1, 1, 0}, make([]byte, 8), // ELF64, little endian
		le(2, 2), {machine, 0}, le(4, 1), le(8, base+headers), le(8, 64), le(8, 0), // executable, entry, program headers
		le(4, 0), le(2, 64), le(2, 56), le(2, 1), le(2, 0), le(2, 0), le(2, 0),
		le(4, 1), le(4, 5), le(8, 0), le(8, base), le(8, base), le(8, size), le(8, size), le(8, 0x1000), // PT_LOAD, r-x
		code,
	}, nil))
}
