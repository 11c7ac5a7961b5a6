package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// A record counts for a file system only when the same run of the step made both.
func TestRecordsOfOtherRunsAreRefused(t *testing.T) {
	at := time.Unix(1_700_000_000, 123)
	mark := step.MarkedFile{Path: "/f", Size: 5, Seconds: at.Unix(), Nanoseconds: 123}
	set := mark
	set.Digest = "sha256:" + sum("file\n")
	for _, tt := range []struct {
		name string
		tree []string
		at   time.Time
		mark step.MarkedFile
		want string // in the message; empty: it is accepted
	}{
		{"same", []string{"file 0644 /f file\n"}, at, mark, ""},
		{"same, from a layer", []string{"file 0644 /f file\n"}, time.Unix(at.Unix(), 0), mark, ""},
		{"same, time set", []string{"file 0644 /f file\n"}, at, set, ""},
		{"another second", []string{"file 0644 /f file\n"}, at.Add(time.Second), mark, "/f was written at 2023-11-14T22:13:21.000000123Z, the record is of one that was at 2023-11-14T22:13:20.000000123Z"},
		{"another moment", []string{"file 0644 /f file\n"}, at.Add(1), mark, "/f was written at"},
		{"another size", []string{"file 0644 /f files\n"}, at, mark, "/f has 6 bytes, the record is of one with 5"},
		{"other bytes, time set", []string{"file 0644 /f fool\n"}, at, set, "/f has other bytes"},
		{"gone", []string{"dir 0755 /d"}, at, mark, "/f is not there"},
		{"a folder", []string{"dir 0755 /f"}, at, mark, "/f is a dir"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			state := filepath.Join(root, step.StateDir, "1")
			treetest.Make(t, state, tt.tree...)
			if err := os.Chtimes(filepath.Join(state, "f"), tt.at, tt.at); err != nil && tt.name != "gone" {
				t.Fatal(err)
			}
			rec, err := step.EncodeRecord(step.Record{Command: []string{"make", "all"}, Observation: step.Observation{Mode: step.ObserveOff, Inputs: []step.Input{}}})
			if err != nil {
				t.Fatal(err)
			}
			m, err := step.EncodeMark(step.Mark{Files: []step.MarkedFile{tt.mark}})
			if err != nil {
				t.Fatal(err)
			}
			treetest.Make(t, filepath.Join(root, step.RecordDirIn, "1"), "file 0644 /"+step.RecordFile+" "+string(rec), "file 0644 /"+step.MarkFile+" "+string(m))
			treetest.Make(t, filepath.Join(root, step.OutDir))
			var stderr bytes.Buffer
			code := run([]string{"describe"}, tool{root: root}, &stderr)
			if tt.want == "" {
				if code != 0 {
					t.Errorf("exit code %d: %s", code, &stderr)
				}
				return
			}
			want := "sworn: describe item 1: the record of make all is of another run of the step than its file system: " + tt.want
			if code != step.ExitOtherRun || !strings.HasPrefix(stderr.String(), want) {
				t.Errorf("exit code %d, want %d\n%s\nwant %s", code, step.ExitOtherRun, &stderr, want)
			}
		})
	}
}
