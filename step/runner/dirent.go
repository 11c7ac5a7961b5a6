package runner

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// dirent is an entry of a folder: its name and its DT_ type.
type dirent struct {
	name string
	kind byte
}

// direntHeader is the size of linux_dirent64 before the name (getdents64(2)).
const direntHeader = 19

// listBytes is room for about two thousand entries per system call.
const listBytes = 64 << 10

// listDir reads the folder from its beginning. Names are in the file system's
// order, without . and ...
func listDir(fd int) ([]dirent, error) {
	if _, err := unix.Seek(fd, 0, 0); err != nil {
		return nil, err
	}
	return listDirBuf(fd, make([]byte, listBytes), nil)
}

// listDirBuf reads a folder that was just opened, with the caller's buffer; keep, when
// not nil, chooses which kinds of entries to return.
func listDirBuf(fd int, buf []byte, keep func(kind byte) bool) ([]dirent, error) {
	var out []dirent
	for {
		n, err := unix.Getdents(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return out, nil
		}
		if out, err = appendDirents(out, buf[:n], keep); err != nil {
			return nil, err
		}
	}
}

// appendDirents decodes a buffer of getdents64.
func appendDirents(out []dirent, b []byte, keep func(kind byte) bool) ([]dirent, error) {
	for len(b) > 0 {
		if len(b) < direntHeader {
			return nil, fmt.Errorf("list folder: %d bytes left of an entry", len(b))
		}
		size := int(binary.NativeEndian.Uint16(b[16:18]))
		if size < direntHeader || size > len(b) {
			return nil, fmt.Errorf("list folder: entry of %d bytes in %d", size, len(b))
		}
		kind, name := b[18], b[direntHeader:size]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		b = b[size:]
		if s := string(name); s != "." && s != ".." && s != "" && (keep == nil || keep(kind)) {
			out = append(out, dirent{s, kind})
		}
	}
	return out, nil
}
