package build

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/session/upload/uploadprovider"
	"github.com/moby/buildkit/util/staticfs"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

const (
	localContext    = "context"
	localDockerfile = "dockerfile"
	defaultFile     = "Dockerfile"
	// maxDockerfileBytes bounds a Dockerfile that is read here; BuildKit's own bound
	// is a message of 16 MiB.
	maxDockerfileBytes = 16 << 20
	// headerBytes is as much of standard input as tells an archive from a Dockerfile:
	// the first block of a tar archive.
	headerBytes = 512
)

// addInput sets context and Dockerfile.
func (r *Request) addInput() error {
	in := r.options.Input
	switch {
	case in.Context == "":
		return usage("context", "none; it is a folder (\".\"), a URL or \"-\"")
	case in.Context == "-" && in.File == "-":
		return usage("--file", "standard input cannot be both the context and the Dockerfile")
	case in.Context == "-":
		return r.addStdin()
	case isRemote(in.Context) && !isDir(in.Context):
		return r.addRemote()
	case !isDir(in.Context):
		return usage("context", "%s is no folder and no URL", in.Context)
	}
	if err := r.mount(localContext, in.Context); err != nil {
		return wrapUsage("context", err)
	}
	if abs, err := filepath.Abs(in.Context); err == nil {
		r.solve.SharedKey = filepath.Base(abs)
	}
	file := in.File
	switch file {
	case "-":
		return r.dockerfileFrom(r.options.Stdin)
	case "":
		file = filepath.Join(in.Context, defaultFile)
		// As docker does for those who cannot decide.
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) && isFile(filepath.Join(in.Context, "dockerfile")) {
			file = filepath.Join(in.Context, "dockerfile")
		}
	}
	return r.dockerfileAt(file)
}

// addRemote leaves it to BuildKit to fetch a context. The Dockerfile is in it, unless
// it is named by an absolute path or comes on standard input.
func (r *Request) addRemote() error {
	in := r.options.Input
	r.attr(localContext, in.Context)
	switch {
	case in.File == "-":
		return r.dockerfileFrom(r.options.Stdin)
	case filepath.IsAbs(in.File):
		return r.dockerfileAt(in.File)
	case in.File != "":
		r.attr("filename", in.File)
	}
	return nil
}

// addStdin takes a tar archive as the context, anything else as a Dockerfile that
// needs no context.
func (r *Request) addStdin() error {
	in := r.options.Input
	stdin := bufio.NewReader(r.options.Stdin)
	head, err := stdin.Peek(headerBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return wrapUsage("context", err)
	}
	if len(head) == 0 {
		return usage("context", "standard input is empty")
	}
	if isArchive(head) {
		up := uploadprovider.New()
		r.attr(localContext, up.Add(io.NopCloser(stdin)))
		r.solve.Session = append(r.solve.Session, up)
		if in.File != "" {
			r.attr("filename", in.File)
		}
		return nil
	}
	if in.File != "" {
		return usage("--file", "standard input is a Dockerfile already")
	}
	r.solve.LocalMounts[localContext] = staticfs.NewFS()
	return r.dockerfileFrom(stdin)
}

// isArchive knows tar by its magic, at byte 257 (tar(5)), and the compressions that
// BuildKit takes: gzip, bzip2, xz, zstd.
func isArchive(head []byte) bool {
	if len(head) >= 262 && bytes.Equal(head[257:262], []byte("ustar")) {
		return true
	}
	for _, magic := range []string{"\x1f\x8b\x08", "BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// dockerfileAt offers the folder of a Dockerfile.
func (r *Request) dockerfileAt(file string) error {
	if info, err := os.Stat(file); err != nil {
		return wrapUsage("--file", err)
	} else if info.IsDir() {
		return usage("--file", "%s is a folder", file)
	}
	if err := r.mount(localDockerfile, filepath.Dir(file)); err != nil {
		return wrapUsage("--file", err)
	}
	r.attr("filename", filepath.Base(file))
	r.attr("dockerfilekey", localDockerfile)
	return nil
}

// dockerfileFrom offers a Dockerfile that is in no folder.
func (r *Request) dockerfileFrom(from io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(from, maxDockerfileBytes+1))
	if err != nil {
		return wrapUsage("--file", err)
	}
	if len(b) > maxDockerfileBytes {
		return usage("--file", "more than %d bytes", maxDockerfileBytes)
	}
	files := staticfs.NewFS()
	files.Add(defaultFile, &fstypes.Stat{Mode: 0o644}, b)
	r.solve.LocalMounts[localDockerfile] = files
	r.attr("filename", defaultFile)
	r.attr("dockerfilekey", localDockerfile)
	return nil
}

func (r *Request) mount(name, dir string) error {
	files, err := fsutil.NewFS(dir)
	if err != nil {
		return err
	}
	r.solve.LocalMounts[name] = files
	return nil
}

// isRemote reports whether BuildKit fetches a context itself.
func isRemote(context string) bool {
	if strings.HasPrefix(context, "http://") || strings.HasPrefix(context, "https://") {
		return true
	}
	_, ok, _ := dfgitutil.ParseGitRef(context)
	return ok
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
