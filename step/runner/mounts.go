package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// mountTable knows which parts of the container's file tree are the step's own.
type mountTable struct {
	// mounts are the configured ones, by where they really are.
	mounts map[string]step.ConfigMount
	// points are all mount points that the kernel lists, the root excepted.
	points map[string]bool
	// skip are folders that are never entered.
	skip map[string]bool
	// bases are the last elements of every key above, to decide fast.
	bases map[string]bool
}

// skipped are the kernel's own file systems and everything of ours.
func skipped() []string { return []string{"/proc", "/sys", "/dev"} }

// newMountTable joins the step's mounts with the kernel's mount table
// (proc_pid_mountinfo(5)).
func newMountTable(mountinfo string, mounts []step.ConfigMount, skip ...string) (*mountTable, error) {
	t := &mountTable{
		mounts: map[string]step.ConfigMount{},
		points: map[string]bool{},
		skip:   map[string]bool{},
		bases:  map[string]bool{},
	}
	points, err := mountPoints(mountinfo)
	if err != nil {
		return nil, err
	}
	for _, p := range points {
		if p != "/" {
			t.points[p] = true
			t.bases[filepath.Base(p)] = true
		}
	}
	for _, s := range append(skipped(), skip...) {
		t.skip[s] = true
		t.bases[filepath.Base(s)] = true
	}
	for _, m := range mounts {
		real := m.Target
		// runc mounts behind links: /var/run/x lies at /run/x.
		if r, err := filepath.EvalSymlinks(m.Target); err == nil {
			real = r
		}
		t.mounts[real] = m
		t.bases[filepath.Base(real)] = true
	}
	return t, nil
}

// enter reports whether the walk may go into the folder base, whose path is known
// when it is needed.
func (t *mountTable) enter(base string, path func() string) bool {
	return !t.bases[base] || t.allowed(path())
}

// allowed reports whether files at this very path may be watched and read, as far
// as mounts begin there.
func (t *mountTable) allowed(path string) bool {
	if t.skip[path] {
		return false
	}
	if m, ok := t.mounts[path]; ok {
		return !m.Ignore
	}
	return !t.points[path]
}

// at returns the configured mount that the path lies in. ok is false when the
// path must not be recorded: it lies in an ignored mount, in a mount that is not
// the step's, or in a skipped folder.
func (t *mountTable) at(path string) (m step.ConfigMount, ok bool) {
	for p := path; p != "/"; p = parentPath(p) {
		if !t.bases[p[strings.LastIndexByte(p, '/')+1:]] {
			continue
		}
		switch m, found := t.mounts[p]; {
		case t.skip[p]:
			return step.ConfigMount{}, false
		case found:
			return m, !m.Ignore && !t.skippedAbove(p)
		case t.points[p]:
			return step.ConfigMount{}, false
		}
	}
	return step.ConfigMount{}, true
}

func (t *mountTable) skippedAbove(path string) bool {
	for p := path; p != "/"; p = parentPath(p) {
		if t.skip[p] {
			return true
		}
	}
	return false
}

// parentPath is filepath.Dir for a clean absolute path, at a fraction of the cost.
func parentPath(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 1)]
}

// readMountinfo returns the kernel's mount table for this process.
func readMountinfo() (string, error) {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("read mount table: %w", err)
	}
	return string(b), nil
}

// mountPoints returns field 5 of every line.
func mountPoints(mountinfo string) ([]string, error) {
	var out []string
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.HasPrefix(f[4], "/") {
			return nil, fmt.Errorf("read mount table: bad line %q", line)
		}
		out = append(out, unescapeMount(f[4]))
	}
	return out, nil
}

// unescapeMount undoes the kernel's \ooo for space, tab, newline and backslash.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && octal(s[i+1]) && octal(s[i+2]) && octal(s[i+3]) {
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

func octal(c byte) bool { return '0' <= c && c <= '7' }
