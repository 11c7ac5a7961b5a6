// Package jar finds the packages in a Java archive: a jar, war, ear or one of the others
// that are ZIP files with Java's metadata, and the archives that lie in it.
//
//	budget := jar.Budget(4 << 30)
//	found := jar.Read(f, size, "app.war", &budget)
//	for _, p := range found.Packages {
//		fmt.Println(p.Group, p.Artifact, p.Version)
//	}
//
// A package is told by the pom.properties that Maven writes into its archive. One without
// is told by its manifest and its file's name, as far as they say a version.
//
// Archives are hostile input. Only directories and descriptors are read, never a class.
// What is unpacked is bounded for each archive in memory and in all, whatever sizes it
// claims; entries that overlap are counted each time. What was not read is told.
package jar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Limits, several times what the largest applications have.
const (
	// maxDepth bounds archives in archives: an ear with a war with a jar is 3.
	maxDepth = 6
	// maxArchives bounds the archives in one file, maxPackages the packages.
	maxArchives = 5000
	maxPackages = 20000
	// maxDescriptor bounds what is read of a pom.properties or a manifest, in bytes.
	maxDescriptor = 1 << 20
	// maxArchive bounds an archive that has to be unpacked to be read, maxMemory those that
	// are unpacked at a time, in bytes.
	maxArchive = 256 << 20
	maxMemory  = 384 << 20
	// maxUnpacked bounds in bytes what is read and unpacked of one file.
	maxUnpacked = 1 << 30
	// maxUnread bounds the reasons that are kept.
	maxUnread = 5
)

// Budget is how many bytes may still be read and unpacked, of all files together.
type Budget int64

// Package is one artifact in Maven's terms. Each field is a name or version of letters,
// digits and "._-+~".
type Package struct {
	Group, Artifact, Version string
	// Licence, Homepage and Vendor are as the manifest has them; the vendor is an organization.
	Licence, Homepage, Vendor string
	// Inner is that of a package that lies in another: in an archive of its own, or
	// unpacked into its classes.
	Inner bool
}

// Found is what an archive has.
type Found struct {
	Packages []Package
	// Unread says what was not read and why; at most a few places are named.
	Unread []string
}

// extensions of Java archives.
var extensions = []string{".jar", ".war", ".ear", ".jmod", ".par", ".sar", ".jpi", ".hpi", ".lpkg", ".nar"}

// IsArchive reports whether a name is that of a Java archive.
func IsArchive(name string) bool {
	at := strings.LastIndexByte(name, '.')
	if at < 0 || len(name)-at > 6 {
		return false
	}
	for _, e := range extensions {
		if strings.EqualFold(name[at:], e) {
			return true
		}
	}
	return false
}

// Read reads an archive of size bytes. name is that of its file. What it reads is taken
// from the budget.
func Read(r io.ReaderAt, size int64, name string, budget *Budget) Found {
	f := finder{left: min(maxUnpacked, int64(*budget)), memory: maxMemory}
	before := f.left
	f.archive(r, size, path.Base(name), 1)
	*budget -= Budget(before - max(f.left, 0))
	if f.more > 0 {
		f.found.Unread = append(f.found.Unread, fmt.Sprintf("%d more places", f.more))
	}
	return f.found
}

// Entry returns the bytes of one entry of a ZIP file of size bytes, an egg of Python's
// for one, at most a megabyte. It is fs.ErrNotExist when there is none of that name.
func Entry(r io.ReaderAt, size int64, name string) (string, error) {
	f := finder{left: maxUnpacked, memory: maxMemory}
	z, err := f.open(r, size, func(b []byte) bool { return string(b) == name })
	if err != nil {
		return "", err
	}
	if len(z.entries) == 0 {
		return "", fs.ErrNotExist
	}
	return f.descriptor(z, z.entries[0])
}

// finder reads one file.
type finder struct {
	found        Found
	archives     int
	left, memory int64
	more         int // reasons that are not kept
}

func (f *finder) unread(format string, args ...any) {
	if len(f.found.Unread) == maxUnread {
		f.more++
		return
	}
	f.found.Unread = append(f.found.Unread, fmt.Sprintf(format, args...))
}

var errBudget = errors.New("it unpacks to more than an archive may")

// take takes n bytes from what may be read.
func (f *finder) take(n int64) error {
	if f.left -= n; f.left < 0 {
		return errBudget
	}
	return nil
}

// archive reads one archive. name is that of its file, without folders.
func (f *finder) archive(r io.ReaderAt, size int64, name string, depth int) {
	if f.archives++; f.archives > maxArchives {
		f.unread("%s: more archives than a file may have", printable(name))
		return
	}
	z, err := f.open(r, size, interesting)
	if err != nil {
		f.unread("%s: %v", printable(name), err)
		return
	}
	var here described
	for _, e := range z.entries {
		if err := f.entry(z, e, &here, depth); err != nil {
			f.unread("%s in %s: %v", printable(e.name), printable(name), err)
		}
		if f.left < 0 {
			break
		}
	}
	for _, p := range here.packages(name) {
		if len(f.found.Packages) == maxPackages {
			f.unread("%s: more packages than a file may have", printable(name))
			return
		}
		p.Inner = p.Inner || depth > 1
		f.found.Packages = append(f.found.Packages, p)
	}
}

// entry reads an entry of an archive that is of interest.
func (f *finder) entry(z *directory, e entry, here *described, depth int) error {
	switch base := path.Base(e.name); {
	case base == pomProperties:
		b, err := f.descriptor(z, e)
		if err != nil {
			return err
		}
		if p, ok := parseProperties(b); ok && len(here.poms) < maxPackages {
			here.poms = append(here.poms, p)
		}
	case strings.EqualFold(e.name, manifestName):
		b, err := f.descriptor(z, e)
		if err != nil {
			return err
		}
		here.manifest = parseManifest(b)
	case depth == maxDepth:
		return errors.New("archives lie in one another too deep")
	default:
		return f.inner(z, e, base, depth+1)
	}
	return nil
}

// inner reads an archive in an archive: where it lies when it is stored as it is, else
// unpacked in memory.
func (f *finder) inner(z *directory, e entry, name string, depth int) error {
	data, err := z.data(e)
	if err != nil {
		return err
	}
	if e.method == stored {
		f.archive(data, data.Size(), name, depth)
		return nil
	}
	b, err := f.unpack(e, data, min(maxArchive, f.memory))
	if err != nil {
		return err
	}
	f.memory -= int64(len(b))
	f.archive(bytes.NewReader(b), int64(len(b)), name, depth)
	f.memory += int64(len(b))
	return nil
}

// printable is a name with what is not printable, or too long, left out.
func printable(name string) string {
	const most = 200
	if len(name) > most {
		name = name[:most] + "..."
	}
	q := fmt.Sprintf("%q", name)
	return q[1 : len(q)-1]
}
