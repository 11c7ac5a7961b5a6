package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// describeStep describes one observed step whose states share the files that are
// alike, but those of copied.
func describeStep(t *testing.T, before, after, copied []string, o step.Observation) provenance.Inputs {
	t.Helper()
	dir := container(t)
	was, now := filepath.Join(dir, step.StateDir, "0"), filepath.Join(dir, step.StateDir, "1")
	treetest.Make(t, was, before...)
	treetest.Make(t, now, after...)
	treetest.Share(t, was, now)
	for _, p := range copied {
		b, err := os.ReadFile(now + p)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(now + p); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(now+p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r := aRecord()
	r.Observation = o
	b, err := step.EncodeRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	treetest.Make(t, filepath.Join(dir, step.RecordDirIn, "1"), "file 0644 /"+step.RecordFile+" "+string(b), `file 0644 /`+step.MarkFile+` {"version":1,"files":[]}`)
	must(t, dir, "describe")
	out, err := os.ReadFile(filepath.Join(dir, step.OutDir, "1.json"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := decodeEvidence(out)
	if err != nil {
		t.Fatal(err)
	}
	return e.Delta.Record.Inputs
}

func TestFilesThatMayHaveBeenReadUnseen(t *testing.T) {
	before := append(base(), "file 0644 /d/linked l", "file 0644 /d/mode m", "file 0644 /d/replaced r", "file 0644 /d/same-size s", "file 0644 /d/left x", "file 0644 /d/seen v")
	after := append(base(), "file 0644 /d/linked l", "file 0600 /d/mode m", "file 0644 /d/replaced new", "file 0644 /d/same-size S", "file 0644 /d/left x", "file 0644 /d/seen v")
	in := describeStep(t, before, after, []string{"/d/linked", "/d/seen", "/etc/motd"}, step.Observation{
		Mode: step.ObserveInotify, Complete: true, Inputs: []step.Input{{Path: "/d/seen", Digest: "sha256:" + hexSum("v"), Size: 1}},
	})
	want := provenance.Inputs{
		Mode: step.ObserveInotify, Complete: true, Packages: []provenance.PackageInput{},
		Files: []provenance.FileInput{
			{Path: "/d/linked", Digest: provenance.NewSHA256(hexSum("l")), Size: 1, Reason: unseenReason},
			{Path: "/d/mode", Digest: provenance.NewSHA256(hexSum("m")), Size: 1, Changed: true, Reason: unseenReason},
			{Path: "/d/seen", Digest: provenance.NewSHA256(hexSum("v")), Size: 1},
			{Path: "/etc/motd", Digest: provenance.NewSHA256(hexSum("welcome")), Size: 7, Package: "pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12", Reason: unseenReason},
		},
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	off := describeStep(t, before, after, []string{"/d/linked"}, step.Observation{Mode: step.ObserveOff, Inputs: []step.Input{}})
	if len(off.Files) > 0 {
		t.Errorf("nothing was observed, but %v is listed", off.Files)
	}
}

// A step that changes the owner of everything has read nothing by that.
func TestTooManyUnseenFilesAreOneReason(t *testing.T) {
	for _, n := range []int{maxUnseen, maxUnseen + 1} {
		var files, copied []string
		for i := range n {
			files = append(files, fmt.Sprintf("file 0644 /f%d x", i))
			copied = append(copied, fmt.Sprintf("/f%d", i))
		}
		in := describeStep(t, files, files, copied, step.Observation{Mode: step.ObserveInotify, Complete: true, Reasons: []string{"A", "b"}, Inputs: []step.Input{}})
		if n == maxUnseen {
			if len(in.Files) != n || !in.Complete {
				t.Errorf("%d files of %d, complete %t", len(in.Files), n, in.Complete)
			}
			continue
		}
		want := provenance.Inputs{
			Mode: step.ObserveInotify, Packages: []provenance.PackageInput{}, Files: []provenance.FileInput{},
			Reasons: []string{"1001 files were replaced, linked, moved or touched; any may have been read under another name", "A", "b"},
		}
		if diff := cmp.Diff(want, in); diff != "" {
			t.Errorf("inputs (-want +got):\n%s", diff)
		}
	}
}

// A file that was read and then written under another name has other bytes after
// the step than those that were read.
func TestAWriteThatNobodySawChangesAnInput(t *testing.T) {
	in := describeStep(t, []string{"file 0644 /a old"}, []string{"file 0644 /a new"}, nil, step.Observation{
		Mode: step.ObserveInotify, Complete: true, Inputs: []step.Input{{Path: "/a", Digest: "sha256:" + hexSum("new"), Size: 3}},
	})
	want := []provenance.FileInput{{Path: "/a", Digest: provenance.NewSHA256(hexSum("old")), Size: 3, Changed: true}}
	if diff := cmp.Diff(want, in.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
