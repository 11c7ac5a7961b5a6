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
	InUse      []string // cache records that something holds
}

// footprint measures the daemon as it is now.
func (d *daemon) footprint(t *testing.T, e env) footprint {
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
	out := mustRun(t, e.tool("buildctl"), "--addr", d.host, "du", "--format", "{{range .}}{{if .InUse}}{{.ID}} {{.Description}}\n{{end}}{{end}}")
	f.InUse = strings.FieldsFunc(out, func(r rune) bool { return r == '\n' })
	return f
}

// processes lists the descendants of the daemon, and processes in other mount
// namespaces that have the daemon's files mounted: those of a daemon that died.
func (d *daemon) processes(t *testing.T) []string {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	parents, names := map[int]int{}, map[int]string{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
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
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid)); err == nil && ns != own {
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid)); err == nil && strings.Contains(string(b), d.dir+"/") {
				out = append(out, names[pid])
			}
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
func (d *daemon) leftNothing(t *testing.T, e env, before footprint) {
	t.Helper()
	const patience = 15 * time.Second
	diff := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if diff = cmp.Diff(before, d.footprint(t, e)); diff == "" {
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
