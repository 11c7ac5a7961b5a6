package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// machine describes this machine and the programs that are measured.
func machine(ctx context.Context, e env, b *builder) (results.Machine, error) {
	m := results.Machine{Cores: runtime.NumCPU(), Go: runtime.Version()}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return m, err
	}
	m.Kernel = unix.ByteSliceToString(name.Release[:])
	m.CPU = field("/proc/cpuinfo", "model name")
	kb, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	if err != nil {
		return m, fmt.Errorf("read /proc/meminfo: %w", err)
	}
	m.Memory = kb << 10
	info, err := b.Info(ctx)
	if err != nil {
		return m, err
	}
	m.BuildKit = info.BuildkitVersion.Version
	out, err := exec.CommandContext(ctx, "runc", "--version").Output()
	if err != nil {
		return m, fmt.Errorf("runc --version: %w", err)
	}
	m.Runc = strings.TrimPrefix(strings.SplitN(string(out), "\n", 2)[0], "runc version ")
	scanner, err := buildinfo.ReadFile(e.tool("syft-scanner"))
	if err != nil {
		return m, err
	}
	for _, d := range scanner.Deps {
		if d.Path == "github.com/anchore/syft" {
			m.Syft = d.Version
		}
	}
	return m, nil
}

// field finds "key: value" in a file of /proc.
func field(file, key string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
