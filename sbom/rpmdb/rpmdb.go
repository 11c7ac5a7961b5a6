// Package rpmdb reads the database of installed packages that rpm keeps, in the three
// forms that it has had: SQLite (rpmdb.sqlite), NDB (Packages.db) and the hash table of
// Berkeley DB (Packages).
//
//	rpmdb.Read(rpmdb.Source{ReaderAt: f, Size: n}, rpmdb.Source{}, func(p rpmdb.Package) {
//		fmt.Println(p.Name, p.Version, p.Release)
//	})
//
// It only reads, holds one package's header at a time, and needs no lock, no index and
// nothing of SQLite or Berkeley DB. A database is hostile input: everything that it says
// is bounded, each page of a tree is read once, and what cannot be read is told.
package rpmdb

import (
	"errors"
	"fmt"
	"io"
)

// Limits, several times what full installations of the largest distributions have.
const (
	// maxHeader bounds one package's header, maxHeaders all of them, in bytes.
	maxHeader  = 64 << 20
	maxHeaders = 1 << 30
	// maxFiles bounds the files of one package.
	maxFiles = 1 << 20
	// maxPaths bounds in bytes what is kept of all files: a header has the name of each
	// folder once, and a file can take six bytes in it.
	maxPaths = 128 << 20
	// fileBytes are about as many as a file takes beside its path and digest.
	fileBytes = 64
	// maxPackages bounds the packages, maxBroken the places that cannot be read until the
	// rest is left unread.
	maxPackages = 100000
	maxBroken   = 1000
	// maxDatabase bounds the file in bytes.
	maxDatabase = 4 << 30
	// maxPath is PATH_MAX.
	maxPath = 4096
)

// Source is a file of a database. The zero value is one that is not there.
type Source struct {
	io.ReaderAt
	Size int64 // in bytes
}

// Package is what the header of an installed package says. Text is as rpm has it.
type Package struct {
	Name, Version, Release string
	Epoch                  uint32
	Arch                   string // empty for keys, which are in the database as packages
	Vendor, Packager       string
	Licence, URL           string
	SourceRPM              string // file name of the source package
	// Algorithm of the digests of its files: "md5", "sha1", "sha256", ...; empty for
	// one that has no name here.
	Algorithm string
	Files     []File
}

// File is a file or folder that a package installed. What was left out when it was
// installed, or belongs to another package since, is not among them.
type File struct {
	Path string // as rpm has it, most often absolute and clean
	// Digest is lower-case hex; empty for what is no regular file, and for a file that
	// the package only names.
	Digest string
	// Config: a user may change it.
	Config bool
}

// ErrFormat is the error of a file that is none of the three databases.
var ErrFormat = errors.New("it is no database of rpm")

// Read calls f for each package of a database. wal is the write-ahead log that lies
// beside one of SQLite. The error says what could not be read; the packages that f was
// given are all others.
func Read(db, wal Source, f func(Package)) error {
	r := &reader{f: f, headers: maxHeaders, paths: maxPaths}
	if db.Size > maxDatabase {
		return errTooMuch
	}
	head := make([]byte, 100)
	if n, err := db.ReadAt(head, 0); n < 64 {
		// A database that was written and never checkpointed lies in the log alone.
		if wal.Size == 0 || err != nil && !errors.Is(err, io.EOF) {
			return ErrFormat
		}
	}
	var err error
	switch {
	case isNDB(head):
		err = r.ndb(db)
	case bdbOrder(head) != nil:
		err = r.bdb(db, head)
	case isSQLite(head) || wal.Size > 0:
		err = r.sqlite(db, wal)
	default:
		return ErrFormat
	}
	if err != nil {
		r.note(err)
	}
	return r.problems()
}

// reader is given headers by one of the forms.
type reader struct {
	f              func(Package)
	packages       int
	headers, paths int64 // bytes left
	count          int   // of what could not be read
	first          error
}

// note remembers what could not be read.
func (r *reader) note(err error) {
	if r.count++; r.first == nil {
		r.first = err
	}
}

// broken notes an error that is of one place. It returns those that end the reading.
func (r *reader) broken(err error) error {
	if err == nil || errors.Is(err, errTooMuch) {
		return err
	}
	if r.note(err); r.count > maxBroken {
		return errTooMuch
	}
	return nil
}

func (r *reader) problems() error {
	if r.count > 1 {
		return fmt.Errorf("%w, and %d more such places", r.first, r.count-1)
	}
	return r.first
}

// errTooMuch ends the reading.
var errTooMuch = errors.New("it has more than a database may have")

// room takes n bytes from the budget of headers; an error when one header or all of them
// are too large.
func (r *reader) room(n int64) error {
	if n > maxHeader {
		return fmt.Errorf("a header of %d bytes, more than %d", n, maxHeader)
	}
	if r.headers -= n; r.headers < 0 {
		return errTooMuch
	}
	return nil
}

// header reads one package. The error ends the reading.
func (r *reader) header(b []byte) error {
	if r.packages++; r.packages > maxPackages {
		return errTooMuch
	}
	h, err := parseHeader(b)
	if err != nil {
		return r.broken(err)
	}
	p, err := h.packaged(&r.paths)
	if err != nil {
		return r.broken(err)
	}
	r.f(p)
	return nil
}
