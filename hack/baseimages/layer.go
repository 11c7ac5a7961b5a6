package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sys/unix"
)

// epoch is the newest time in an image: files that a build writes get it, so that
// the same inputs give the same bytes. 2025-01-01.
func epoch() time.Time { return time.Unix(1735689600, 0).UTC() }

// layerWriter writes a gzipped layer.
type layerWriter struct {
	file *os.File
	gz   *gzip.Writer
	tar  *tar.Writer
	// links has the first name of every inode with several.
	links map[[2]uint64]string
}

func newLayer(file string) (*layerWriter, error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	// Speed: the layer goes to a registry on the same machine.
	gz, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	return &layerWriter{file: f, gz: gz, tar: tar.NewWriter(gz), links: map[[2]uint64]string{}}, nil
}

// finish completes the layer and opens it.
func (w *layerWriter) finish() (v1.Layer, error) {
	if err := errors.Join(w.tar.Close(), w.gz.Close(), w.file.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromFile(w.file.Name(), tarball.WithMediaType(types.OCILayer))
}

// entry writes one header, with its content for a file.
func (w *layerWriter) entry(h tar.Header, content io.Reader) error {
	h.Format = tar.FormatPAX
	if h.ModTime.IsZero() || h.ModTime.After(epoch()) {
		h.ModTime = epoch()
	}
	h.ModTime = h.ModTime.Truncate(time.Second)
	if err := w.tar.WriteHeader(&h); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	if content == nil {
		return nil
	}
	if _, err := io.Copy(w.tar, content); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return nil
}

// dir, text and link write what no folder of this machine holds.
func (w *layerWriter) dir(name string, mode int64) error {
	return w.entry(tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}, nil)
}

func (w *layerWriter) text(name, text string) error {
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}
	return w.entry(h, strings.NewReader(text))
}

func (w *layerWriter) link(name, target string) error {
	return w.entry(tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o755}, nil)
}

// tree writes all of dir below prefix, sorted by name. skip gets paths relative
// to dir and leaves out what it returns true for.
func (w *layerWriter) tree(dir, prefix string, skip func(string) bool) error {
	var names []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		if skip(rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		names = append(names, rel)
		return nil
	})
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, rel := range names {
		if err := w.hostFile(filepath.Join(dir, rel), path.Join(prefix, rel)); err != nil {
			return err
		}
	}
	return nil
}

// hostFile writes one file, folder, link or node of this machine.
func (w *layerWriter) hostFile(file, name string) error {
	info, err := os.Lstat(file)
	if err != nil {
		return err
	}
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(file); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	h.Name, h.Uname, h.Gname = name, "", ""
	h.AccessTime, h.ChangeTime = time.Time{}, time.Time{}
	st := info.Sys().(*syscall.Stat_t)
	if info.IsDir() {
		h.Name += "/"
	} else if st.Nlink > 1 {
		id := [2]uint64{st.Dev, st.Ino}
		if first, ok := w.links[id]; ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			return w.entry(*h, nil)
		}
		w.links[id] = name
	}
	if h.PAXRecords, err = capabilities(file, info); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return w.entry(*h, nil)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return w.entry(*h, f)
}

// capabilities returns a file's capabilities as the tar record that container
// engines read.
func capabilities(file string, info fs.FileInfo) (map[string]string, error) {
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	const attr = "security.capability"
	buf := make([]byte, 64)
	n, err := unix.Lgetxattr(file, attr, buf)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", attr, file, err)
	}
	return map[string]string{"SCHILY.xattr." + attr: string(buf[:n])}, nil
}
