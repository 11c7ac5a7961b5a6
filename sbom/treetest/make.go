// Package treetest makes file systems for tests from a list of entries.
//
//	treetest.Make(t, dir,
//		"dir  0755 /etc",
//		"file 0644 /etc/motd hello",
//		"link /etc/mtab ../proc/mounts",
//		"fifo 0600 /run/pipe",
//		"hard /etc/issue /etc/motd",
//	)
//
// A path with bytes that a word cannot hold is quoted as Go quotes strings.
package treetest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Time is the time of the last change of every file that Make writes.
func Time() time.Time { return time.Unix(1700000000, 0) }

// Make writes the entries below dir. Folders on the way are made with mode 0755.
func Make(t testing.TB, dir string, entries ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kind, rest := word(t, e)
		mode := "0777"
		if kind != "link" && kind != "hard" {
			mode, rest = word(t, rest)
		}
		m, err := strconv.ParseUint(mode, 8, 32)
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		name, rest := word(t, rest)
		if kind == "hard" {
			target, _ := word(t, rest)
			rest = filepath.Join(dir, target)
		}
		make1(t, kind, filepath.Join(dir, name), uint32(m), rest)
	}
}

// PathOf is the path of an entry of [Make], or of "rm /path": kinds other than link, hard
// and rm have a mode before it.
func PathOf(entry string) string {
	words := strings.Fields(entry)
	if words[0] == "link" || words[0] == "hard" || words[0] == "rm" {
		return words[1]
	}
	return words[2]
}

func make1(t testing.TB, kind, p string, mode uint32, rest string) {
	t.Helper()
	var err error
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "file":
		err = os.WriteFile(p, []byte(rest), 0o644)
	case "dir":
		err = os.MkdirAll(p, 0o755)
	case "link":
		target, _ := word(t, rest)
		err = os.Symlink(target, p)
	case "hard":
		err = os.Link(rest, p)
	case "fifo":
		err = syscall.Mkfifo(p, 0o600)
	default:
		t.Fatalf("unknown kind %q", kind)
	}
	if err == nil && kind != "link" && kind != "hard" {
		if err = syscall.Chmod(p, mode); err == nil {
			err = os.Chtimes(p, Time(), Time())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// word splits off the first word, which may be quoted.
func word(t testing.TB, s string) (first, rest string) {
	t.Helper()
	s = strings.TrimLeft(s, " ")
	if !strings.HasPrefix(s, `"`) {
		first, rest, _ = strings.Cut(s, " ")
		return first, rest
	}
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	first, err = strconv.Unquote(q)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return first, strings.TrimPrefix(s[len(q):], " ")
}

// Share makes each regular file of after that is the same in before, at the same
// path, the very file: as an overlay has what a step left alone.
func Share(t testing.TB, before, after string) {
	t.Helper()
	err := filepath.WalkDir(after, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(after, p)
		if err != nil {
			return err
		}
		old := filepath.Join(before, rel)
		if !alike(old, p) {
			return nil
		}
		return errors.Join(os.Remove(p), os.Link(old, p))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func alike(a, b string) bool {
	sa, errA := os.Lstat(a)
	sb, errB := os.Lstat(b)
	if errA != nil || errB != nil || sa.Mode() != sb.Mode() {
		return false
	}
	ba, errA := os.ReadFile(a)
	bb, errB := os.ReadFile(b)
	return errA == nil && errB == nil && bytes.Equal(ba, bb)
}
