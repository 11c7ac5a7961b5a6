package imagetest

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// Entry is an entry of a layer.
type Entry struct {
	tar.Header
	Body string
}

func file(name string, mode int64, body string) Entry {
	return Entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(body))}, body}
}

func dir(name string, mode int64) Entry {
	return Entry{Header: tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode}}
}

func link(kind byte, name, target string, mode int64) Entry {
	return Entry{Header: tar.Header{Typeflag: kind, Name: name, Linkname: target, Mode: mode}}
}

func owned(e Entry, uid, gid int) Entry {
	e.Uid, e.Gid = uid, gid
	return e
}

// Layers returns three layers that use what the image-spec has: files, folders,
// symbolic and hard links, nodes, whiteouts, an opaque folder, replaced types.
func Layers() [][]Entry {
	device := Entry{Header: tar.Header{Typeflag: tar.TypeChar, Name: "dev/null", Mode: 0o666, Devmajor: 1, Devminor: 3}}
	fifo := Entry{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "run/fifo", Mode: 0o600}}
	return [][]Entry{
		{
			dir("bin", 0o755), file("bin/busybox", 0o4755, "busybox\n"),
			link(tar.TypeLink, "bin/sh", "bin/busybox", 0o4755),
			dir("dev", 0o755), device, dir("etc", 0o755),
			file("etc/passwd", 0o644, "root:x:0:0::/:/bin/sh\n"), file("etc/gone", 0o644, "gone"),
			dir("run", 0o755), fifo, dir("var", 0o755), dir("var/cache", 0o755),
			file("var/cache/a", 0o644, "a"), dir("var/cache/sub", 0o755), file("var/cache/sub/b", 0o644, "b"),
			dir("tmp", 0o1777), file("was-file", 0o644, "file"), dir("was-dir", 0o755), file("was-dir/x", 0o644, "x"),
		},
		{
			dir("etc", 0o755), file("etc/.wh.gone", 0, ""), file("etc/passwd", 0o640, "changed\n"),
			dir("var", 0o755), dir("var/cache", 0o700), file("var/cache/new", 0o644, "new"), file("var/cache/.wh..wh..opq", 0, ""),
			dir("was-file", 0o750), file("was-file/y", 0o600, "y"),
			link(tar.TypeSymlink, "was-dir", "was-file", 0o777),
		},
		{
			owned(dir("app", 0o755), 1000, 1000), owned(file("app/server", 0o755, "server binary"), 1000, 1000),
			owned(link(tar.TypeLink, "app/server2", "app/server", 0o755), 1000, 1000),
			file("no/parents/here", 0o644, "implicit"),
			file("app/name with \n newline", 0o644, "hostile"), file("app/b\xffd", 0o644, "bytes"),
		},
	}
}

// Files returns what [Layers] make, sorted by path.
func Files() []provenance.File {
	f := func(path, mode, body string) provenance.File {
		sum := sha256.Sum256([]byte(body))
		return provenance.File{Path: step.Path(path), Type: provenance.TypeFile, Mode: mode, Size: int64(len(body)),
			Digest: provenance.NewSHA256(hex.EncodeToString(sum[:]))}
	}
	d := func(path, mode string) provenance.File {
		return provenance.File{Path: step.Path(path), Type: provenance.TypeDir, Mode: mode}
	}
	user := func(f provenance.File) provenance.File { f.UID, f.GID = 1000, 1000; return f }
	return []provenance.File{
		user(d("/app", "0755")), f("/app/b\xffd", "0644", "bytes"), f("/app/name with \n newline", "0644", "hostile"),
		user(f("/app/server", "0755", "server binary")), user(f("/app/server2", "0755", "server binary")),
		d("/bin", "0755"), f("/bin/busybox", "4755", "busybox\n"), f("/bin/sh", "4755", "busybox\n"),
		d("/dev", "0755"), {Path: "/dev/null", Type: provenance.TypeChar, Mode: "0666", Device: "1:3"},
		d("/etc", "0755"), f("/etc/passwd", "0640", "changed\n"),
		d("/no", "0755"), d("/no/parents", "0755"), f("/no/parents/here", "0644", "implicit"),
		d("/run", "0755"), {Path: "/run/fifo", Type: provenance.TypeFifo, Mode: "0600"},
		d("/tmp", "1777"), d("/var", "0755"), d("/var/cache", "0700"), f("/var/cache/new", "0644", "new"),
		{Path: "/was-dir", Type: provenance.TypeSymlink, Mode: "0777", Target: "was-file"},
		d("/was-file", "0750"), f("/was-file/y", "0600", "y"),
	}
}
