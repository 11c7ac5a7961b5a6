package programs

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func packed(t *testing.T, s string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

func TestProgramsOfAnArchitecture(t *testing.T) {
	readme := &fstest.MapFile{Data: []byte("text")}
	all := fstest.MapFS{
		"README":              readme,
		"amd64/sworn-step.gz": packed(t, "step"), "amd64/sworn-recorder.gz": packed(t, "recorder"), "amd64/sworn-evidence.gz": packed(t, "evidence"),
		"arm64/sworn-step.gz":   packed(t, "other"),
		"riscv64/sworn-step.gz": {Data: []byte("not gzip")},
	}
	s, err := read(all, "amd64")
	if err != nil || string(s.Runner) != "step" || string(s.Recorder) != "recorder" || string(s.Evidence) != "evidence" || s.Arch != "amd64" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := read(fstest.MapFS{"README": readme}, "amd64"); !errors.Is(err, ErrNone) {
		t.Errorf("without programs: %v", err)
	}
	var arch *ArchError
	if _, err := read(all, "s390x"); !errors.As(err, &arch) || !slices.Equal(arch.Have, []string{"amd64", "arm64", "riscv64"}) {
		t.Errorf("an architecture that is not there: %v", err)
	}
	for _, broken := range []string{"arm64", "riscv64"} {
		if _, err := read(all, broken); err == nil {
			t.Errorf("%s is not whole and was read", broken)
		}
	}
}

func TestVersionIsOfTheContent(t *testing.T) {
	set := func(arch, runner, recorder, evidence string) Set {
		return Set{arch, []byte(runner), []byte(recorder), []byte(evidence)}
	}
	s := set("amd64", "a", "b", "c")
	for _, o := range []Set{
		set("arm64", "a", "b", "c"), set("amd64", "x", "b", "c"), set("amd64", "a", "x", "c"), set("amd64", "a", "b", "x"), set("amd64", "ab", "", "c"),
	} {
		if o.Version() == s.Version() {
			t.Errorf("%+v has the version of %+v", o, s)
		}
	}
	if set("amd64", "a", "b", "c").Version() != s.Version() {
		t.Error("the same programs have two versions")
	}
}

// TestFilesAreLaidOutAsInTheImage: folders before what is in them, as BuildKit wants
// it, without times.
func TestFilesAreLaidOutAsInTheImage(t *testing.T) {
	files := Set{"amd64", []byte("step"), []byte("recorder"), []byte("evidence")}.FS("/runner", "/recorder", "/evidence")
	type file struct {
		Path string
		Mode fs.FileMode
		Size int64
	}
	var got []file
	err := files.Walk(context.Background(), "", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.ModTime().UnixNano() != 0 {
			t.Errorf("%s has the time %s", p, info.ModTime())
		}
		got = append(got, file{p, info.Mode(), info.Size()})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []file{{"evidence", fs.ModeDir | 0o755, 0}, {"evidence/sworn-evidence", 0o755, 8}, {"recorder", fs.ModeDir | 0o755, 0}, {"recorder/RUN", 0o755, 8}, {"runner", fs.ModeDir | 0o755, 0}, {"runner/RUN", 0o755, 4}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}
