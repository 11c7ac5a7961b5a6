package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	tests := []struct {
		name, events, wantErr string
		want                  []string
	}{
		{
			name: "pass and skip",
			events: `{"Action":"output","Package":"p","Test":"A","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"B","Output":"=== RUN B\n"}
{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:3: needs root\n"}
{"Action":"skip","Package":"p","Test":"B"}
{"Action":"pass","Package":"p","Elapsed":1.25}`,
			want: []string{"ok    p 1.2s", "SKIP  p B: b_test.go:3: needs root", "1 passed, 0 failed, 1 skipped"},
		},
		{
			name: "slow tests",
			events: `{"Action":"pass","Package":"p","Test":"A","Elapsed":4.9}
{"Action":"pass","Package":"p","Test":"B","Elapsed":6}
{"Action":"pass","Package":"p","Test":"C/sub","Elapsed":20}
{"Action":"pass","Package":"p","Test":"C","Elapsed":21.6}`,
			want: []string{"slowest, in seconds: C 22, B 6\n"},
		},
		{
			name: "fail shows the output",
			events: `{"Action":"output","Package":"p","Test":"A","Output":"a_test.go:1: boom\n"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}`,
			want:    []string{"boom", "FAIL  p A"},
			wantErr: "tests failed: p A, p",
		},
		{
			name: "build failure",
			events: `{"Action":"build-output","ImportPath":"p [p.test]","Output":"x.go:1: no\n"}
{"Action":"build-fail","ImportPath":"p [p.test]"}`,
			want:    []string{"x.go:1: no"},
			wantErr: "p [p.test] (build)",
		},
		{
			name: "fuzz target without a seed",
			events: `{"Action":"pass","Package":"p","Test":"FuzzA/seed#0"}
{"Action":"pass","Package":"p","Test":"FuzzA"}
{"Action":"pass","Package":"p","Test":"FuzzB"}`,
			wantErr: "tests failed: p FuzzB (fuzz target without a seed)",
		},
		{name: "what the go command says", events: "go: cannot find module", want: []string{"cannot find"}, wantErr: "no test ran"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.events)); err != nil {
				t.Fatal(err)
			}
			err := r.finish("", "")
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("error %v, want %q", err, tt.wantErr)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "noise") {
				t.Error("shows the output of a test that passed")
			}
		})
	}
}

func TestSkipsAndFailuresAreAddedToTheirFiles(t *testing.T) {
	dir := t.TempDir()
	skips, failures := filepath.Join(dir, "skips"), filepath.Join(dir, "failures")
	if err := os.WriteFile(skips, []byte("before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newReport(&bytes.Buffer{})
	r.add(event{Action: "pass", Package: "p", Test: "A"})
	r.add(event{Action: "skip", Package: "p", Test: "B"})
	r.add(event{Action: "output", Package: "p", Test: "C", Output: "boom\n" + strings.Repeat("x\n", 100) + strings.Repeat("y", 1000) + "\nend\n"})
	r.add(event{Action: "fail", Package: "p", Test: "C"})
	if err := r.finish(skips, failures); err == nil {
		t.Fatal("a failed test is no error")
	}
	want := map[string]string{
		skips: "before\np B: no reason given\n",
		failures: "FAIL  p C\nboom\n" + strings.Repeat("x\n", 24) + "[63 lines left out]\n" +
			strings.Repeat("x\n", 13) + strings.Repeat("y", 300) + " [cut]\nend\n\n",
	}
	for file, want := range want {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: got %q, want %q", filepath.Base(file), got, want)
		}
	}
}
