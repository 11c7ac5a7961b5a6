package runner

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step"
)

// marked runs a script in a container that observes and returns its mark.
func marked(t *testing.T, script string) step.Mark {
	t.Helper()
	c := newContainer(t, "/bin/sh", "-c", script)
	if got := c.run(); got.exit != 0 {
		t.Fatalf("%+v", got)
	}
	b, err := os.ReadFile(c.base + "/record/" + step.MarkFile)
	if err != nil {
		t.Fatal(err)
	}
	m, err := step.DecodeMark(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever a step writes, one of its files tells the run from another.
func TestMarksAreFilesThatTheStepWrote(t *testing.T) {
	for _, tt := range []struct {
		script string
		path   string // of a marked file
		digest bool
	}{
		{"echo x > /new", "/new", false},
		{"mkdir -p /a/b && echo x > /a/b/c", "/a/b/c", false},
		{"echo x >> /d/read", "/d/read", false},
		{"echo x > /a && mv /a /d/b", "/d/b", false},
		{"mkdir /a && echo x > /a/b && touch -d '2020-01-01 00:00:00' /a/b", "/a/b", true},
		{"echo x > /a && touch -d '2020-01-01 00:00:00' /a && mkdir /b && echo y > /b/c", "/b/c", false},
	} {
		m := marked(t, tt.script)
		i := slices.IndexFunc(m.Files, func(f step.MarkedFile) bool { return string(f.Path) == tt.path })
		if i < 0 || (m.Files[i].Digest != "") != tt.digest || m.Files[i].Seconds == 0 {
			t.Errorf("%s: marks %+v, want %s, with a digest: %v", tt.script, m.Files, tt.path, tt.digest)
		}
	}
}

func TestMarksAreOfTheRootAlone(t *testing.T) {
	for _, script := range []string{"true", "cat /d/read", "echo x > /dev/shm/x", "mkdir /a", "echo x > /a && rm /a"} {
		if m := marked(t, script); len(m.Files) != 0 {
			t.Errorf("%s: marks %+v, want none", script, m.Files)
		}
	}
}

func TestMarksAreFew(t *testing.T) {
	m := marked(t, "for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1 2 3 4 5 6 7 8 9; do echo x > /f$i$j; done; done")
	if len(m.Files) == 0 || len(m.Files) > step.MaxMarks {
		t.Errorf("%d files", len(m.Files))
	}
	if !slices.IsSortedFunc(m.Files, func(a, b step.MarkedFile) int { return strings.Compare(string(a.Path), string(b.Path)) }) {
		t.Errorf("not sorted: %+v", m.Files)
	}
}
