//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// footprint is what a daemon has on the machine beside its cache. While no build runs
// it is always the same.
type footprint struct {
	Processes  []string // its children, and whatever else lives in its file systems
	Mounts     []string // below its folder
	Containers []string // folders of runc
	Temporary  []string
}

// footprint measures the daemon as it is now.
func (d *daemon) footprint(t *testing.T) footprint {
	t.Helper()
	f := footprint{Processes: d.processes(t), Mounts: mountsBelow(t, "self", d.dir)}
	runc := filepath.Join(d.root(), "runc-overlayfs", "executor")
	for _, dir := range []struct {
		path string
		into *[]string
	}{{runc, &f.Containers}, {filepath.Join(runc, "runc"), &f.Containers}, {d.file("tmp"), &f.Temporary}} {
		entries, err := os.ReadDir(dir.path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, entry := range entries {
			// The files resolv.conf and hosts serve all containers.
			if entry.IsDir() && entry.Name() != "runc" {
				*dir.into = append(*dir.into, entry.Name())
			}
		}
	}
	return f
}

// idle measures the daemon when the last build's processes have ended.
func (d *daemon) idle(t *testing.T) footprint {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		f := d.footprint(t)
		if len(f.Processes)+len(f.Temporary)+len(f.Containers) == 0 {
			return f
		}
		if time.Now().After(end) {
			t.Fatalf("no build runs and the daemon has %+v", f)
		}
	}
}

// inUse lists the cache records that something holds. Of a step that was cancelled
// BuildKit holds what it was given until the daemon ends, whatever the frontend
// (TestOfACancelledStepBuildKitHoldsTheSame).
func (d *daemon) inUse(t *testing.T, e env) []string {
	t.Helper()
	out := mustRun(t, e.tool("buildctl"), "--addr", d.host, "du", "--format", "{{range .}}{{if .InUse}}{{.Description}}\n{{end}}{{end}}")
	held := strings.FieldsFunc(out, func(r rune) bool { return r == '\n' })
	slices.Sort(held)
	return held
}

// processes lists the descendants of the daemon, and the processes whose root is one
// of its file systems: containers outlive a daemon that was killed.
func (d *daemon) processes(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	parents, names := map[int]int{}, map[int]string{}
	var out []string
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		parent, name, ok := processStat(pid)
		if !ok {
			continue
		}
		parents[pid], names[pid] = parent, fmt.Sprintf("%d %s", pid, name)
		if d.isRootOf(pid) {
			out = append(out, names[pid])
		}
	}
	for pid := range parents {
		for at := parents[pid]; at > 1; at = parents[at] {
			if at == d.process.Pid {
				out = append(out, names[pid])
				break
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isRootOf reports whether a process's root is an overlay of the daemon's snapshots.
// Its other mounts say nothing: a namespace made by anyone has a copy of them.
func (d *daemon) isRootOf(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == "/" && strings.Contains(line, "="+d.root()+"/") {
			return true
		}
	}
	return false
}

// processStat returns a process's parent and name; false when it has ended.
func processStat(pid int) (parent int, name string, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, "", false
	}
	open, end := strings.IndexByte(string(b), '('), strings.LastIndexByte(string(b), ')')
	fields := strings.Fields(string(b[end+1:]))
	if open < 0 || len(fields) < 2 || fields[0] == "X" {
		return 0, "", false
	}
	parent, err = strconv.Atoi(fields[1])
	return parent, string(b[open+1:end]) + " " + fields[0], err == nil
}

// mountsBelow lists the mount points below a folder in a process's namespace.
func mountsBelow(t *testing.T, pid, dir string) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/" + pid + "/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], dir+"/") {
			out = append(out, f[4])
		}
	}
	return out
}

// leftNothing fails unless the daemon comes to have the same footprint as before:
// what a build holds is given back shortly after its end.
func (d *daemon) leftNothing(t *testing.T, before footprint) {
	t.Helper()
	const patience = 15 * time.Second
	diff := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if diff = cmp.Diff(before, d.footprint(t)); diff == "" {
			return
		}
	}
	t.Errorf("%s after the build the daemon still has more than before (-before +now):\n%s", patience, diff)
}

// emptied prunes everything and fails unless no snapshot is left: what a build that
// went wrong had leased would stay.
func (d *daemon) emptied(t *testing.T, e env) {
	t.Helper()
	emptyBuilder(t, e, d.host)
	snapshots := filepath.Join(d.root(), "runc-overlayfs", "snapshots", "snapshots")
	var left []string
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		prune(t, e, d.host, "--all")
		entries, err := os.ReadDir(snapshots)
		if err != nil {
			t.Fatal(err)
		}
		records := strings.TrimSpace(strings.Join(cacheRecords(t, e, d.host), "\n"))
		if len(entries) == 0 && records == "" {
			return
		}
		left = []string{fmt.Sprintf("%d snapshots", len(entries)), records}
	}
	t.Errorf("after a prune the daemon still has %s", strings.Join(left, "\n"))
}

// heldNothing fails unless the daemon comes to hold no cache record.
func (d *daemon) heldNothing(t *testing.T, e env) {
	t.Helper()
	var held []string
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if held = d.inUse(t, e); len(held) == 0 {
			return
		}
	}
	t.Errorf("no build runs and the daemon holds:\n%s", strings.Join(held, "\n"))
}
