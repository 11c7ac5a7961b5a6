package repository

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
)

func TestParse(t *testing.T) {
	const sum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, tt := range []struct {
		in    string
		want  Reference
		name  string
		local bool
	}{
		{"127.0.0.1:5000/app:1", Reference{path: "127.0.0.1:5000/app", version: "1", host: "127.0.0.1:5000"}, "127.0.0.1:5000/app", true},
		{"localhost/a/b", Reference{path: "localhost/a/b", version: "latest", host: "localhost"}, "localhost/a/b", true},
		{"[::1]:5000/a", Reference{path: "[::1]:5000/a", version: "latest", host: "[::1]:5000"}, "[::1]:5000/a", true},
		{"example.com/app:1@" + sum, Reference{path: "example.com/app", version: sum, host: "example.com"}, "example.com/app", false},
		{"alpine", Reference{path: "docker.io/library/alpine", version: "latest", host: "docker.io"}, "docker.io/library/alpine", false},
		{"oci:dir", Reference{transport: "oci", path: "dir"}, "_", false},
		{"oci:/a/b:1.2", Reference{transport: "oci", path: "/a/b", version: "1.2"}, "_", false},
		{"oci:/a:b/c", Reference{transport: "oci", path: "/a:b/c"}, "_", false},
		{"oci:dir@" + sum, Reference{transport: "oci", path: "dir", version: sum}, "_", false},
		{"oci-archive:a:b.tar", Reference{transport: "oci-archive", path: "a:b.tar"}, "_", false},
	} {
		got, err := Parse(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		tt.want.text = tt.in
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(Reference{})); diff != "" {
			t.Errorf("%s: %s", tt.in, diff)
		}
		if got.Name() != tt.name || got.loopback() != tt.local || got.String() != tt.in {
			t.Errorf("%s: name %s, loopback %v", tt.in, got.Name(), got.loopback())
		}
	}
	for in, want := range map[string]string{
		"":             `parse image "": invalid reference format`,
		"host.com/Up":  `parse image "host.com/Up": invalid reference format: repository name (Up) must be lowercase`,
		"oci:":         `parse image "oci:": no folder, want oci:DIR[:TAG]`,
		"oci-archive:": `parse image "oci-archive:": no file, want oci-archive:FILE`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func TestPinned(t *testing.T) {
	d := digest.FromString("x")
	for in, want := range map[string]string{
		"host/app:1":        "host/app@" + d.String(),
		"oci:dir:1":         "oci:dir@" + d.String(),
		"oci-archive:a.tar": "oci-archive:a.tar",
	} {
		r, err := Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if in == "host/app:1" {
			want = "docker.io/" + want
		}
		if got := r.Pinned(d); got != want {
			t.Errorf("%s pinned is %s, want %s", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"127.0.0.1:5000/app:1", "oci:dir:tag", "oci-archive:f.tar", "a@sha256:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err == nil && (r.path == "" || r.Name() == "" || r.String() != s) {
			t.Fatalf("%q gives %+v", s, r)
		}
	})
}

func FuzzArchive(f *testing.F) {
	seed, err := os.ReadFile(filepath.Join("testdata", "layout.tar"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		defer file.Close()
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		a, err := readArchive(file)
		if err != nil {
			return
		}
		l, err := newLayout(Reference{}, a)
		if err != nil {
			return
		}
		if d, err := l.resolve(t.Context()); err == nil {
			if rc, err := l.fetch(t.Context(), d); err == nil {
				if _, err := io.Copy(io.Discard, io.LimitReader(rc, int64(len(b))+1)); err != nil && err != io.ErrUnexpectedEOF {
					t.Fatal(err)
				}
				rc.Close()
			}
		}
		if err := a.rewrite(&bytes.Buffer{}, nil, []byte("{}")); err != nil {
			t.Skip("cannot be written again")
		}
	})
}
