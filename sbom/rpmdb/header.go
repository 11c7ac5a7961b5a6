package rpmdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Tags of a header (rpm's include/rpm/rpmtag.h) that are read.
const (
	tagName         = 1000
	tagVersion      = 1001
	tagRelease      = 1002
	tagEpoch        = 1003
	tagVendor       = 1011
	tagLicence      = 1014
	tagPackager     = 1015
	tagURL          = 1020
	tagArch         = 1022
	tagOldFileNames = 1027
	tagFileStates   = 1029
	tagFileDigests  = 1035
	tagFileFlags    = 1037
	tagSourceRPM    = 1044
	tagDirIndexes   = 1116
	tagBaseNames    = 1117
	tagDirNames     = 1118
	tagDigestAlgo   = 5011
)

// Types of a tag's value.
const (
	typeChar   = 1
	typeInt8   = 2
	typeInt32  = 4
	typeString = 6
	typeArray  = 8
	typeI18N   = 9
)

// maxTags bounds the tags of a header; rpm knows some 400.
const maxTags = 1 << 16

// header is the index of a header, with the values that are read.
type header map[uint32]value

// value begins at the start of data and may end before its end.
type value struct {
	kind, count uint32
	data        []byte
}

// parseHeader reads a header as it lies in the database: the number of index entries and
// the size of the data, both 32 bits in network order, entries of 16 bytes, the data
// (rpm's docs/manual/format_header.md). Of a tag that is there twice the last counts:
// what rpm adds at installation follows what came with the package.
func parseHeader(b []byte) (header, error) {
	broken := errors.New("a header whose index does not fit its length")
	if len(b) < 8 {
		return nil, broken
	}
	tags, size := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	if tags > maxTags || 8+16*tags+size > uint64(len(b)) {
		return nil, broken
	}
	data := b[8+16*tags:][:size]
	h := header{}
	for e := b[8 : 8+16*tags]; len(e) > 0; e = e[16:] {
		tag, kind := binary.BigEndian.Uint32(e), binary.BigEndian.Uint32(e[4:])
		offset, count := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
		if uint64(offset) < size {
			h[tag] = value{kind, count, data[offset:]}
		}
	}
	return h, nil
}

// texts returns the strings of a tag, as many as it says or as there are, and not many
// more than a package may have files.
func (h header) texts(tag uint32) []string {
	v := h[tag]
	if v.kind != typeString && v.kind != typeArray && v.kind != typeI18N {
		return nil
	}
	count := min(int(v.count), len(v.data), maxFiles+1)
	out := make([]string, 0, count)
	for range count {
		s, rest, ok := bytes.Cut(v.data, []byte{0})
		if !ok {
			break
		}
		out, v.data = append(out, string(s)), rest
	}
	return out
}

func (h header) text(tag uint32) string {
	v := h[tag]
	v.count = min(v.count, 1)
	one := header{tag: v}.texts(tag)
	if len(one) == 0 {
		return ""
	}
	return one[0]
}

// numbers returns the 32-bit numbers of a tag.
func (h header) numbers(tag uint32) []uint32 {
	v := h[tag]
	if v.kind != typeInt32 {
		return nil
	}
	n := min(int(v.count), len(v.data)/4, maxFiles+1)
	out := make([]uint32, n)
	for i := range out {
		out[i] = binary.BigEndian.Uint32(v.data[4*i:])
	}
	return out
}

func (h header) number(tag uint32) uint32 {
	if ns := h.numbers(tag); len(ns) > 0 {
		return ns[0]
	}
	return 0
}

// chars returns the bytes of a tag.
func (h header) chars(tag uint32) []byte {
	v := h[tag]
	if v.kind != typeChar && v.kind != typeInt8 {
		return nil
	}
	return v.data[:min(int(v.count), len(v.data))]
}

// packaged makes the package. The paths of its files are taken from a budget in bytes.
func (h header) packaged(paths *int64) (Package, error) {
	p := Package{
		Name: h.text(tagName), Version: h.text(tagVersion), Release: h.text(tagRelease), Epoch: h.number(tagEpoch),
		Arch: h.text(tagArch), Vendor: h.text(tagVendor), Packager: h.text(tagPackager),
		Licence: h.text(tagLicence), URL: h.text(tagURL), SourceRPM: h.text(tagSourceRPM),
	}
	if p.Name == "" || p.Version == "" || p.Release == "" {
		return Package{}, errors.New("a header without a name, version or release")
	}
	var err error
	if p.Files, err = h.files(paths); err != nil {
		return Package{}, fmt.Errorf("package %q: %w", p.Name, err)
	}
	p.Algorithm = h.algorithm()
	return p, nil
}

// algorithm of the digests of files (RFC 4880, section 9.4); without the tag it is MD5.
func (h header) algorithm() string {
	if _, ok := h[tagDigestAlgo]; !ok {
		return "md5"
	}
	switch h.number(tagDigestAlgo) {
	case 1:
		return "md5"
	case 2:
		return "sha1"
	case 8:
		return "sha256"
	case 9:
		return "sha384"
	case 10:
		return "sha512"
	}
	return ""
}

const (
	// flagConfig marks a file that a user may change (RPMFILE_CONFIG).
	flagConfig = 1 << 0
	// stateNormal is that of a file that was installed and is still the package's.
	stateNormal = 0
	// maxDigest bounds a digest: as many letters as SHA-512 has.
	maxDigest = 128
)

// files are those that are installed.
func (h header) files(paths *int64) ([]File, error) {
	names, dirs, at := h.texts(tagBaseNames), h.texts(tagDirNames), h.numbers(tagDirIndexes)
	if len(names) == 0 {
		names = h.texts(tagOldFileNames)
		dirs, at = []string{""}, make([]uint32, len(names))
	}
	if len(at) != len(names) {
		return nil, errors.New("its files have no folders")
	}
	if len(names) > maxFiles {
		return nil, errors.New("more files than a package may have")
	}
	states, digests, flags := h.chars(tagFileStates), h.texts(tagFileDigests), h.numbers(tagFileFlags)
	var out []File
	for i, name := range names {
		if i < len(states) && states[i] != stateNormal {
			continue
		}
		if int64(at[i]) >= int64(len(dirs)) {
			return nil, errors.New("its files have no folders")
		}
		dir := dirs[at[i]]
		if len(dir)+len(name) > maxPath {
			continue // the kernel takes no such path
		}
		f := File{Path: dir + name}
		if i < len(digests) && len(digests[i]) <= maxDigest {
			f.Digest = digests[i]
		}
		if *paths -= int64(len(f.Path) + len(f.Digest) + fileBytes); *paths < 0 {
			return nil, errTooMuch
		}
		f.Config = i < len(flags) && flags[i]&flagConfig != 0
		out = append(out, f)
	}
	return out, nil
}
