package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// listing describes a folder's entries: name, mode, mtime.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err == nil && path != dir {
			out = append(out, fmt.Sprintf("%s %v %d", strings.TrimPrefix(path, dir), fi.Mode(), fi.ModTime().Unix()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// junk is what a step may leave in the record folder; outside is a folder that
// must stay as it is.
func junk(outside string) map[string]func(t *testing.T, dir string) error {
	return map[string]func(t *testing.T, dir string) error{
		"nothing":         func(*testing.T, string) error { return nil },
		"a forged record": func(t *testing.T, d string) error { put(t, d+"/record.json", "{}"); return nil },
		"a forged part":   func(t *testing.T, d string) error { put(t, d+"/"+partName, "{}"); return nil },
		"a read-only record": func(t *testing.T, d string) error {
			put(t, d+"/record.json", "{}")
			return os.Chmod(d+"/record.json", 0)
		},
		"a link for the record": func(t *testing.T, d string) error {
			return os.Symlink(outside+"/precious", d+"/record.json")
		},
		"a link to a folder":     func(t *testing.T, d string) error { return os.Symlink(outside, d+"/x") },
		"a folder as the record": func(t *testing.T, d string) error { put(t, d+"/record.json/sub/x", ""); return nil },
		"a fifo":                 func(t *testing.T, d string) error { return unix.Mkfifo(d+"/record.json", 0o600) },
		"folders without permissions": func(t *testing.T, d string) error {
			put(t, d+"/a/b/c/x", "")
			for _, p := range []string{"/a/b/c", "/a/b", "/a"} {
				if err := os.Chmod(d+p, 0); err != nil {
					return err
				}
			}
			return nil
		},
		"a deep tree": func(t *testing.T, d string) error { deepTree(t, d, 1000); return nil },
		"many files": func(t *testing.T, d string) error {
			for i := range 1500 {
				put(t, fmt.Sprintf("%s/m/%d/x", d, i), "")
			}
			return nil
		},
		"names of ours": func(t *testing.T, d string) error {
			put(t, d+"/.moved-1/.moved-2/x", "")
			put(t, d+"/.start", "")
			return nil
		},
		"odd names":    func(t *testing.T, d string) error { put(t, d+"/\xff\n/\\", ""); return nil },
		"another mode": func(t *testing.T, d string) error { return os.Chmod(d, 0o500) },
	}
}

func TestRecordReplacesWhateverIsThere(t *testing.T) {
	outside := t.TempDir()
	put(t, outside+"/precious", "keep")
	for name, leave := range junk(outside) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
				t.Fatal(err)
			}
			d, err := openRecordDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer d.close()
			if err := leave(t, dir); err != nil {
				t.Fatal(err)
			}
			if err := d.write([]byte("the record\n"), []byte("the mark\n")); err != nil {
				t.Fatal(err)
			}
			want := []string{"/mark.json -rw-r--r-- 0", "/record.json -rw-r--r-- 0"}
			if diff := cmp.Diff(want, listing(t, dir)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			got, err := os.ReadFile(dir + "/record.json")
			if err != nil || string(got) != "the record\n" {
				t.Errorf("record %q, %v", got, err)
			}
			fi, err := os.Stat(dir)
			if err != nil || fi.Mode() != os.ModeDir|os.ModeSticky|0o777 || fi.ModTime().Unix() != 0 {
				t.Errorf("folder %v %v, %v", fi.Mode(), fi.ModTime(), err)
			}
		})
	}
	if b, err := os.ReadFile(outside + "/precious"); err != nil || string(b) != "keep" {
		t.Errorf("a link was followed: %q, %v", b, err)
	}
}

// The path to the record folder may lead elsewhere by the time the record is
// written.
func TestRecordGoesToTheFolderThatWasThere(t *testing.T) {
	base := t.TempDir()
	if err := os.MkdirAll(base+"/sworn/record", 0o755); err != nil {
		t.Fatal(err)
	}
	d, err := openRecordDir(base + "/sworn/record")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := os.Rename(base+"/sworn", base+"/hidden"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base+"/sworn/record", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := d.write([]byte("x"), []byte("the mark\n")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/mark.json -rw-r--r-- 0", "/record.json -rw-r--r-- 0"}, listing(t, base+"/hidden/record")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecordFolderMustBeOne(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/file", "")
	if err := os.Symlink(dir, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir + "/none": "no such file or directory",
		dir + "/file": "not a directory",
		dir + "/link": "not a directory",
	} {
		_, err := openRecordDir(path)
		if err == nil || err.Error() != "open record folder "+path+": "+want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestRecordThatCannotBeWrittenIsAnError(t *testing.T) {
	dir := t.TempDir()
	d, err := openRecordDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := d.write([]byte("x"), []byte("the mark\n")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v, want that the folder is gone", err)
	}
}
