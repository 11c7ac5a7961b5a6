package jar

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"path"
)

// The directory of a ZIP file (APPNOTE.TXT, section 4.3). Go's own reader keeps every
// entry of it in memory: some 300 MB for a file of 100 MB with a million entries.

const (
	stored   = 0
	deflated = 8
	// maxKept bounds the entries of interest of one archive.
	maxKept = 20000
	// maxName bounds the name of an entry that is of interest, in bytes.
	maxName = 4096

	endSize       = 22
	end64Size     = 56
	locatorSize   = 20
	entrySize     = 46
	localSize     = 30
	maxComment    = 1<<16 - 1
	flagEncrypted = 1 << 0
	extraZip64    = 1
)

// directory is what is of interest in one archive.
type directory struct {
	r       io.ReaderAt
	size    int64
	base    int64 // what lies before the archive, a program to start it with
	entries []entry
}

type entry struct {
	name           string
	method         uint16
	crc            uint32
	packed, length uint64 // in bytes
	offset         uint64 // of the local header, from base
}

var (
	errNoZIP  = errors.New("it is no ZIP archive")
	errBroken = errors.New("its directory is broken")
)

// open reads the directory of an archive and keeps the entries of which keep says so.
func (f *finder) open(r io.ReaderAt, size int64, keep func(name []byte) bool) (*directory, error) {
	z := &directory{r: r, size: size}
	start, length, err := z.end()
	if err != nil {
		return nil, err
	}
	if err := f.take(length); err != nil {
		return nil, err
	}
	return z, z.list(io.NewSectionReader(r, start, length), keep)
}

// end finds the directory by the record at the archive's end: where it starts and its
// length in bytes.
func (z *directory) end() (start, length int64, err error) {
	tail := make([]byte, min(z.size, endSize+maxComment))
	if n, _ := z.r.ReadAt(tail, z.size-int64(len(tail))); n < len(tail) {
		return 0, 0, errNoZIP
	}
	le := binary.LittleEndian
	for i := len(tail) - endSize; i >= 0; i-- {
		b := tail[i:]
		if string(b[:4]) != "PK\x05\x06" || int(le.Uint16(b[20:])) > len(b)-endSize {
			continue
		}
		at := z.size - int64(len(tail)) + int64(i)
		length, offset := uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[16:]))
		if length == math.MaxUint32 || offset == math.MaxUint32 || le.Uint16(b[10:]) == math.MaxUint16 {
			if l, o, where, ok := z.end64(at); ok {
				length, offset, at = l, o, where
			}
		}
		if length > uint64(at) || offset > uint64(at) {
			return 0, 0, errBroken
		}
		// The directory ends where this record begins.
		start := at - int64(length)
		if z.base = start - int64(offset); z.base < 0 {
			return 0, 0, errBroken
		}
		return start, int64(length), nil
	}
	return 0, 0, errNoZIP
}

// end64 reads the record of an archive that is too large for the one that lies at an
// offset.
func (z *directory) end64(end int64) (length, offset uint64, at int64, ok bool) {
	le := binary.LittleEndian
	b := make([]byte, locatorSize)
	if n, _ := z.r.ReadAt(b, end-locatorSize); n < len(b) || string(b[:4]) != "PK\x06\x07" {
		return 0, 0, 0, false
	}
	// It lies before the locator, wherever the archive itself begins.
	at = end - locatorSize - end64Size
	b = make([]byte, end64Size)
	if n, _ := z.r.ReadAt(b, at); n < len(b) || string(b[:4]) != "PK\x06\x06" {
		return 0, 0, 0, false
	}
	return le.Uint64(b[40:]), le.Uint64(b[48:]), at, true
}

// list reads the records of the directory.
func (z *directory) list(s io.Reader, keep func(name []byte) bool) error {
	le := binary.LittleEndian
	in := bufio.NewReaderSize(s, 1<<16)
	head := make([]byte, entrySize)
	rest := make([]byte, 0, 3*math.MaxUint16)
	for {
		if _, err := io.ReadFull(in, head); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil || string(head[:4]) != "PK\x01\x02" {
			return errBroken
		}
		name, extra := int(le.Uint16(head[28:])), int(le.Uint16(head[30:]))
		rest = rest[:name+extra+int(le.Uint16(head[32:]))]
		if _, err := io.ReadFull(in, rest); err != nil {
			return errBroken
		}
		if name > maxName || !keep(rest[:name]) {
			continue
		}
		if len(z.entries) == maxKept {
			return errors.New("more descriptors and archives than an archive may have")
		}
		e := entry{
			name: string(rest[:name]), method: le.Uint16(head[10:]), crc: le.Uint32(head[16:]),
			packed: uint64(le.Uint32(head[20:])), length: uint64(le.Uint32(head[24:])), offset: uint64(le.Uint32(head[42:])),
		}
		if le.Uint16(head[8:])&flagEncrypted != 0 {
			e.method = math.MaxUint16
		}
		e.zip64(rest[name : name+extra])
		z.entries = append(z.entries, e)
	}
}

// interesting reports whether an entry is a descriptor or an archive.
func interesting(name []byte) bool {
	if bytes.HasSuffix(name, []byte("/")) {
		return false
	}
	return bytes.HasSuffix(name, []byte("/"+pomProperties)) || bytes.EqualFold(name, []byte(manifestName)) || IsArchive(path.Base(string(name)))
}

// zip64 reads numbers that have no room in the record, from its extra fields.
func (e *entry) zip64(extra []byte) {
	le := binary.LittleEndian
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		field := extra[:n]
		extra = extra[n:]
		if id != extraZip64 {
			continue
		}
		for _, v := range []*uint64{&e.length, &e.packed, &e.offset} {
			if *v == math.MaxUint32 && len(field) >= 8 {
				*v, field = le.Uint64(field), field[8:]
			}
		}
	}
}

// data is the entry as it lies in the archive.
func (z *directory) data(e entry) (*io.SectionReader, error) {
	if e.method != stored && e.method != deflated {
		return nil, errors.New("it is encrypted, or packed in a way that is not known")
	}
	head := make([]byte, localSize)
	at := z.base + int64(e.offset)
	if e.offset > uint64(z.size) || at > z.size-localSize {
		return nil, errBroken
	}
	if n, _ := z.r.ReadAt(head, at); n < len(head) || string(head[:4]) != "PK\x03\x04" {
		return nil, errBroken
	}
	at += localSize + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:]))
	if at > z.size || e.packed > uint64(z.size-at) {
		return nil, errBroken
	}
	return io.NewSectionReader(z.r, at, int64(e.packed)), nil
}

// maxRatio is how many times smaller deflate can make something, at most.
const maxRatio = 1032

// unpack returns the bytes of an entry, at most as many as are given. They are what the
// directory says, in length and sum.
func (f *finder) unpack(e entry, data io.Reader, most int64) ([]byte, error) {
	if most = min(most, f.left); e.length > uint64(max(most, 0)) {
		return nil, errBudget
	}
	if e.length/maxRatio > e.packed {
		return nil, errLies
	}
	if err := f.take(int64(e.length)); err != nil {
		return nil, err
	}
	if e.method == deflated {
		d := flate.NewReader(data)
		defer d.Close()
		data = d
	}
	b := make([]byte, e.length)
	if _, err := io.ReadFull(data, b); err != nil || crc32.ChecksumIEEE(b) != e.crc {
		return nil, errLies
	}
	if n, _ := data.Read(make([]byte, 1)); n > 0 {
		return nil, errLies
	}
	return b, nil
}

var errLies = errors.New("it does not unpack to what its archive says")

// descriptor unpacks a descriptor.
func (f *finder) descriptor(z *directory, e entry) (string, error) {
	data, err := z.data(e)
	if err != nil {
		return "", err
	}
	b, err := f.unpack(e, data, maxDescriptor)
	return string(b), err
}
