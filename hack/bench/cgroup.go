package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cgroupRoot is where control groups are mounted (cgroups(7)).
const cgroupRoot = "/sys/fs/cgroup"

// cgroup is a control group of the measured daemon: it has the daemon and, below it,
// every container. The processor time of children that are gone stays in it.
type cgroup struct {
	name string // below every hierarchy
	dir  string // the one with the processor time
	v2   bool
}

// newCgroup makes a group of its own for this process's builder.
func newCgroup() (cgroup, error) {
	g := cgroup{name: "sworn-bench-" + strconv.Itoa(os.Getpid())}
	_, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers"))
	switch {
	case err == nil:
		g.v2, g.dir = true, filepath.Join(cgroupRoot, g.name)
	case errors.Is(err, fs.ErrNotExist):
		g.dir = filepath.Join(cgroupRoot, "cpuacct", g.name)
	default:
		return g, err
	}
	// In version 2 no group has both processes and children.
	return g, os.MkdirAll(filepath.Join(g.dir, "daemon"), 0o755)
}

// parent is where containers belong, for the builder's configuration.
func (g cgroup) parent() string { return "/" + g.name + "/steps" }

// add moves a process in, as the daemon.
func (g cgroup) add(pid int) error {
	return os.WriteFile(filepath.Join(g.dir, "daemon", "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
}

// cpu is the processor time used so far.
func (g cgroup) cpu() (time.Duration, error) {
	if g.v2 {
		b, err := os.ReadFile(filepath.Join(g.dir, "cpu.stat"))
		if err != nil {
			return 0, err
		}
		return usage(b)
	}
	b, err := os.ReadFile(filepath.Join(g.dir, "cpuacct.usage"))
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read cpuacct.usage: %w", err)
	}
	return time.Duration(ns), nil
}

// usage finds usage_usec in a cpu.stat.
func usage(stat []byte) (time.Duration, error) {
	for line := range strings.Lines(string(stat)) {
		if v, ok := strings.CutPrefix(line, "usage_usec "); ok {
			us, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return time.Duration(us) * time.Microsecond, err
		}
	}
	return 0, errors.New("read cpu.stat: no usage_usec")
}

// containers lists the processes of all containers that run now.
func (g cgroup) containers() []int {
	var out []int
	_ = filepath.WalkDir(filepath.Join(g.dir, "steps"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "cgroup.procs" {
			return nil // groups come and go
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return nil
		}
		for _, f := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(f); err == nil {
				out = append(out, pid)
			}
		}
		return nil
	})
	return out
}

// remove deletes the group from every hierarchy.
func (g cgroup) remove() error {
	tops := []string{filepath.Join(cgroupRoot, g.name)}
	if !g.v2 {
		var err error
		if tops, err = filepath.Glob(filepath.Join(cgroupRoot, "*", g.name)); err != nil {
			return err
		}
	}
	var errs []error
	for _, top := range tops {
		var dirs []string
		_ = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, p)
			}
			return nil
		})
		for _, d := range slices.Backward(dirs) {
			if err := os.Remove(d); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
