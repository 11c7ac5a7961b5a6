package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseSources(t *testing.T) {
	tests := []struct {
		name, out, wantErr string
		want               sources
	}{
		{
			name: "own suites, once, in order",
			out: `http://m/debian/ bookworm main
http://m/debian/ bookworm main
http://m/debian/ bookworm contrib
https://other/repo/ nodistro main
http://m/debian/ bookworm-updates main
http://m/security/ bookworm-security main
`,
			want: sources{
				{"http://m/debian", "bookworm", "main"},
				{"http://m/debian", "bookworm-updates", "main"},
				{"http://m/security", "bookworm-security", "main"},
			},
		},
		{name: "another release", out: "http://m/debian/ trixie main\n", wantErr: "no suite bookworm"},
		{name: "updates alone", out: "http://m/debian/ bookworm-updates main\n", wantErr: "no suite bookworm"},
		{name: "nothing", wantErr: "no suite bookworm"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSources(tt.out)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error %v, want %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(source{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeb822HasOneStanzaPerSuite(t *testing.T) {
	got := sources{{"http://m/debian", "bookworm", "main"}, {"http://m/s", "bookworm-security", "main"}}.deb822()
	want := `Types: deb
URIs: http://m/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://m/s
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLeftover(t *testing.T) {
	for path, want := range map[string]bool{
		"dev":                               false,
		"dev/null":                          true,
		"etc/passwd":                        false,
		"etc/passwd-":                       true,
		"etc/resolv.conf":                   true,
		"var/log":                           false,
		"var/log/dpkg.log":                  true,
		"var/lib/dpkg/status":               false,
		"var/lib/dpkg/status-old":           true,
		"var/lib/apt/lists/x":               true,
		"usr/share/doc/tar":                 false,
		"usr/share/doc/tar/copyright":       false,
		"usr/share/doc/tar/changelog.gz":    true,
		"usr/share/man/man1":                true,
		"usr/share/keyrings/debian-a.gpg":   false,
		"usr/share/locale/locale.alias":     true,
		"var/cache/ldconfig/aux-cache":      true,
		"var/cache/debconf/config.dat":      false,
		"var/cache/debconf/config.dat-old":  true,
		"usr/lib/x86_64-linux-gnu/libc.so6": false,
	} {
		if got := leftover(path); got != want {
			t.Errorf("leftover(%q) = %v, want %v", path, got, want)
		}
	}
}

func TestGoVersion(t *testing.T) {
	for in, want := range map[string]string{"go1.26.8": "1.26", "go1.27rc1": "1.27", "devel go1.28-abc": ""} {
		got, err := goVersion(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("goVersion(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

// fill makes a folder with every kind of entry that needs no privilege.
func fill(t *testing.T, dir string) {
	t.Helper()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "b/c"), 0o750),
		os.WriteFile(filepath.Join(dir, "b/file"), []byte("text"), 0o640),
		os.Link(filepath.Join(dir, "b/file"), filepath.Join(dir, "hard")),
		os.Symlink("b/file", filepath.Join(dir, "soft")),
		os.WriteFile(filepath.Join(dir, "b/c/left-out"), nil, 0o600),
		os.Chtimes(filepath.Join(dir, "b/file"), time.Unix(1e9, 5), time.Unix(1e9, 5)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func packTree(t *testing.T, dir string) string {
	t.Helper()
	w, err := newLayer(filepath.Join(t.TempDir(), "layer"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.tree(dir, "usr", func(rel string) bool { return rel == "b/c/left-out" }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return w.file.Name()
}

func TestLayerHoldsTheTree(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	f, err := os.Open(packTree(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		Name, Link string
		Type       byte
		Mode       int64
		Size       int64
	}
	var got []entry
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry{h.Name, h.Linkname, h.Typeflag, h.Mode, h.Size})
		if h.ModTime.After(epoch()) {
			t.Errorf("%s has the time %v, after %v", h.Name, h.ModTime, epoch())
		}
	}
	want := []entry{
		{"usr/b/", "", tar.TypeDir, 0o750, 0},
		{"usr/b/c/", "", tar.TypeDir, 0o750, 0},
		{"usr/b/file", "", tar.TypeReg, 0o640, 4},
		{"usr/hard", "usr/b/file", tar.TypeLink, 0o640, 0},
		{"usr/soft", "b/file", tar.TypeSymlink, 0o777, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLayerIsTheSameAnotherDay(t *testing.T) {
	var layers [2]string
	for i := range layers {
		dir := t.TempDir()
		fill(t, dir)
		b, err := os.ReadFile(packTree(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		layers[i] = string(b)
	}
	if layers[0] != layers[1] {
		t.Error("two folders with the same files gave different layers")
	}
}
