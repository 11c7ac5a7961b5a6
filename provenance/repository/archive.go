package repository

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// maxArchiveEntries bounds the entries of an archive: blobs of an image, and of
// what is signed.
const maxArchiveEntries = 1 << 16

// archive is a tar file as a read-only file system of regular files.
type archive struct {
	file    *os.File
	entries map[string]entry
}

type entry struct {
	header *tar.Header
	offset int64
}

func openArchive(ref Reference) (*layout, error) {
	f, err := os.Open(ref.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("file %w", ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	a, err := readArchive(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("not an uncompressed tar archive: %w", err)
	}
	l, err := newLayout(ref, a)
	if err != nil {
		f.Close()
		return nil, err
	}
	l.closer = a
	l.write = func(add []referrers.Artifact, index []byte) error {
		err := replaceKept(ref.path, func(w io.Writer) error { return a.rewrite(w, distinct(add), index) })
		if err != nil {
			return err
		}
		return a.reopen(ref.path)
	}
	return l, nil
}

// readArchive finds where each file lies.
func readArchive(f *os.File) (*archive, error) {
	a := &archive{file: f, entries: make(map[string]entry)}
	tr := tar.NewReader(f)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return nil, err
		}
		if len(a.entries) == maxArchiveEntries {
			return nil, fmt.Errorf("more than %d entries", maxArchiveEntries)
		}
		// The reader seeks in a file and reads no further than the header.
		offset, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		name := archiveName(h.Name)
		// Blobs have the digest that they are named by; these two files are all that
		// one reader could see otherwise than another.
		if _, twice := a.entries[name]; twice && (name == ocispec.ImageIndexFile || name == ocispec.ImageLayoutFile) {
			return nil, fmt.Errorf("%q twice", name)
		}
		a.entries[name] = entry{h, offset}
	}
}

// reopen reads the archive that took this one's place.
func (a *archive) reopen(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	next, err := readArchive(f)
	if err != nil {
		f.Close()
		return err
	}
	old := a.file
	*a = *next
	return old.Close()
}

// Close closes the tar file.
func (a *archive) Close() error { return a.file.Close() }

func archiveName(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Open implements [fs.FS].
func (a *archive) Open(name string) (fs.File, error) {
	e, ok := a.entries[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if e.header.Typeflag != tar.TypeReg || len(e.header.PAXRecords) != 0 && sparse(e.header) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a plain file")}
	}
	return &archived{io.NewSectionReader(a.file, e.offset, e.header.Size), e.header}, nil
}

// sparse files do not lie in the archive as they are.
func sparse(h *tar.Header) bool {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

type archived struct {
	*io.SectionReader
	header *tar.Header
}

// Stat implements [fs.File].
func (f *archived) Stat() (fs.FileInfo, error) { return f.header.FileInfo(), nil }

// Close implements [fs.File].
func (f *archived) Close() error { return nil }

// rewrite writes the archive with blobs added and another index.json.
func (a *archive) rewrite(w io.Writer, blobs []referrers.Blob, index []byte) error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in, out := tar.NewReader(a.file), tar.NewWriter(w)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if archiveName(h.Name) == ocispec.ImageIndexFile {
			continue
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
	}
	for _, b := range blobs {
		d := b.Descriptor.Digest
		name := path.Join(ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
		if _, have := a.entries[name]; have {
			continue
		}
		if err := writeFile(out, name, b.Data); err != nil {
			return err
		}
	}
	if err := writeFile(out, ocispec.ImageIndexFile, index); err != nil {
		return err
	}
	return out.Close()
}

func writeFile(w *tar.Writer, name string, b []byte) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(b))}); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}
