package programs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/util/staticfs"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/sworn-build/sworn/step"
)

// maxProgramBytes bounds an unpacked program; ten times what they are.
const maxProgramBytes = 32 << 20

// ErrNone: this binary carries no programs at all.
var ErrNone = errors.New("this sworn was built without the programs that run in build steps")

// ArchError: there are programs, but none for the architecture.
type ArchError struct {
	Arch string   // asked for
	Have []string // sorted
}

// Error implements error.
func (e *ArchError) Error() string {
	return fmt.Sprintf("no runner for %s; this sworn has those for %s", e.Arch, strings.Join(e.Have, ", "))
}

// embedded holds ARCH/NAME.gz, written by hack/build, and a file that says so.
//
//go:embed embedded
var embedded embed.FS

// Set is the programs of one architecture.
type Set struct {
	Arch string // as in GOARCH
	// Runner, Recorder and Evidence are the bytes of the programs.
	Runner, Recorder, Evidence []byte
}

// Available reports whether there are programs at all.
//
// Errors: [ErrNone].
func Available() error {
	entries, err := embedded.ReadDir("embedded")
	if err == nil && !slices.ContainsFunc(entries, fs.DirEntry.IsDir) {
		err = ErrNone
	}
	return err
}

// For returns the programs of an architecture.
//
// Errors: [ErrNone], [*ArchError].
func For(arch string) (Set, error) {
	sub, err := fs.Sub(embedded, "embedded")
	if err != nil {
		return Set{}, err
	}
	return read(sub, arch)
}

func read(files fs.FS, arch string) (Set, error) {
	have, err := arches(files)
	if err != nil {
		return Set{}, err
	}
	if len(have) == 0 {
		return Set{}, ErrNone
	}
	if !slices.Contains(have, arch) {
		return Set{}, &ArchError{arch, have}
	}
	s := Set{Arch: arch}
	if s.Runner, err = unpack(files, path.Join(arch, "sworn-step.gz")); err != nil {
		return Set{}, err
	}
	if s.Recorder, err = unpack(files, path.Join(arch, "sworn-recorder.gz")); err != nil {
		return Set{}, err
	}
	s.Evidence, err = unpack(files, path.Join(arch, "sworn-evidence.gz"))
	return s, err
}

func arches(files fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func unpack(files fs.FS, name string) ([]byte, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxProgramBytes+1))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	if len(out) > maxProgramBytes {
		return nil, fmt.Errorf("unpack %s: more than %d bytes", name, maxProgramBytes)
	}
	return out, nil
}

// Version is a digest over the programs.
func (s Set) Version() string {
	h := sha256.New()
	for _, b := range [][]byte{[]byte(s.Arch), s.Runner, s.Recorder, s.Evidence} {
		sum := sha256.Sum256(b)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// FS is the programs as files: folders, names, modes and owners as in the frontend's
// image, so that both have the same content for BuildKit's cache.
func (s Set) FS(runnerDir, recorderDir, evidenceDir string) fsutil.FS {
	out := staticfs.NewFS()
	for _, f := range []struct {
		dir, name string
		data      []byte
	}{
		{runnerDir, step.RunnerName, s.Runner},
		{recorderDir, step.RunnerName, s.Recorder},
		{evidenceDir, path.Base(step.EvidencePath), s.Evidence},
	} {
		out.Add(f.dir, &fstypes.Stat{Mode: uint32(os.ModeDir | 0o755)}, nil)
		out.Add(path.Join(f.dir, f.name), &fstypes.Stat{Mode: 0o755}, f.data)
	}
	return out
}
