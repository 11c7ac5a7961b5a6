package runner

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The texts were read from runc 1.1.5; TestStartFailuresReadAsWithRunc compares
// with the runc at hand.
func TestLookPathAnswersAsRunc(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/tool", 0o755)
	write("bin/plain", 0o644)
	write("first/plain2", 0o644)
	write("second/plain2", 0o755)
	write("here", 0o755)
	if err := os.Mkdir("bin/folder", 0o755); err != nil {
		t.Fatal(err)
	}
	const runc = "runc run failed: unable to start container process: "
	for _, tt := range []struct{ name, path, want, err string }{
		{"tool", dir + "/bin", dir + "/bin/tool", ""},
		{"tool", "/nonexistent:" + dir + "/bin/", dir + "/bin/tool", ""},
		{"plain2", dir + "/first:" + dir + "/second", dir + "/second/plain2", ""},
		{"./here", "", "./here", ""},
		{"bin/tool", "", "bin/tool", ""},
		{"missing", dir, "", runc + `exec: "missing": executable file not found in $PATH`},
		{"", dir, "", runc + `exec: "": executable file not found in $PATH`},
		{"tool", "", "", runc + `exec: "tool": executable file not found in $PATH`},
		{"plain", dir + "/bin", "", runc + `exec: "plain": executable file not found in $PATH`},
		{"folder", dir + "/bin", "", runc + `exec: "folder": executable file not found in $PATH`},
		{"./missing", dir, "", runc + `exec: "./missing": stat ./missing: no such file or directory`},
		{"bin/tool/x", dir, "", runc + `exec: "bin/tool/x": stat bin/tool/x: not a directory`},
		{"./bin/plain", "", "", runc + `exec: "./bin/plain": permission denied`},
		{"./bin/folder", "", "", runc + `exec: "./bin/folder": permission denied`},
		{"here", ".:/bin", "", runc + `exec: "here": cannot run executable found relative to current directory`},
		{"here", ":/bin", "", runc + `exec: "here": cannot run executable found relative to current directory`},
	} {
		got, err := lookPath(tt.name, tt.path)
		msg := ""
		if err != nil {
			msg = err.Error()
		}
		if got != tt.want || msg != tt.err {
			t.Errorf("%q in %q:\ngot  %q, %s\nwant %q, %s", tt.name, tt.path, got, msg, tt.want, tt.err)
		}
		if start := new(StartError); err != nil && !errors.As(err, &start) {
			t.Errorf("%q: %T, want a *StartError", tt.name, err)
		}
	}
}
