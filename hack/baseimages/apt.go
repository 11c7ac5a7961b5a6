package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// codename of the Debian release that images are made from.
const codename = "bookworm"

// logTail is how many bytes of a failed command's output an error shows.
const logTail = 2000

// source is one line of apt's sources.
type source struct {
	uri, suite, component string
}

// sources are where this machine's apt takes the release's packages from.
type sources []source

// readSources asks apt itself, so that every format of its files is understood.
func readSources(ctx context.Context) (sources, error) {
	// no-release-info: also what apt-get update has not fetched yet.
	out, err := command(ctx, nil, "apt-get", "indextargets", "--no-release-info",
		"--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
	if err != nil {
		return nil, err
	}
	return parseSources(out)
}

// parseSources keeps the release's own suites, in apt's order.
func parseSources(out string) (sources, error) {
	var s sources
	seen := map[source]bool{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		one := source{strings.TrimSuffix(f[0], "/"), f[1], f[2]}
		suite, _, _ := strings.Cut(one.suite, "-")
		if suite != codename || one.component != "main" || seen[one] {
			continue
		}
		seen[one] = true
		s = append(s, one)
	}
	if s.mirror() == "" {
		return nil, fmt.Errorf("no suite %s with component main; apt's sources of this machine need one", codename)
	}
	return s, nil
}

// mirror is where the release itself lies.
func (s sources) mirror() string {
	for _, one := range s {
		if one.suite == codename {
			return one.uri
		}
	}
	return ""
}

// deb822 is the file for /etc/apt/sources.list.d (sources.list(5)).
func (s sources) deb822() string {
	var b strings.Builder
	for i, one := range s {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n",
			one.uri, one.suite, one.component, debianKeyring)
	}
	return b.String()
}

// debianKeyring is where Debian's debian-archive-keyring has its keys.
const debianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// needsCertificates reports whether apt must be able to check TLS certificates.
func (s sources) needsCertificates() bool {
	for _, one := range s {
		if strings.HasPrefix(one.uri, "https:") {
			return true
		}
	}
	return false
}

// unpackPackage downloads a package of any architecture and unpacks it into dir.
// apt works on lists of its own in tmp, so that the machine's configuration of
// architectures and its lists stay as they are.
func (s sources) unpackPackage(ctx context.Context, name, arch, tmp, dir string) error {
	list := filepath.Join(tmp, "sources.list")
	line := fmt.Sprintf("deb [arch=%s signed-by=%s] %s %s main\n", arch, debianKeyring, s.mirror(), codename)
	for _, d := range []string{"state/lists/partial", "cache/archives/partial", "download"} {
		if err := os.MkdirAll(filepath.Join(tmp, d), 0o755); err != nil {
			return err
		}
	}
	for file, text := range map[string]string{list: line, filepath.Join(tmp, "status"): ""} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	apt := func(args ...string) []string {
		return append([]string{
			"-o", "Dir::State=" + filepath.Join(tmp, "state"),
			"-o", "Dir::State::status=" + filepath.Join(tmp, "status"),
			"-o", "Dir::Cache=" + filepath.Join(tmp, "cache"),
			"-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=-",
			"-o", "APT::Architecture=" + arch, "-o", "APT::Architectures=" + arch,
			"-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none",
		}, args...)
	}
	if _, err := command(ctx, nil, "apt-get", apt("update")...); err != nil {
		return err
	}
	download := filepath.Join(tmp, "download")
	if _, err := command(ctx, &download, "apt-get", apt("download", name)...); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(download, "*.deb"))
	if err != nil || len(debs) != 1 {
		return errors.Join(err, fmt.Errorf("download %s: %d packages, want 1", name, len(debs)))
	}
	_, err = command(ctx, nil, "dpkg-deb", "-x", debs[0], dir)
	return err
}

// command runs a program, in dir when that is not nil, and returns its standard
// output. Its errors show the end of what it said.
func command(ctx context.Context, dir *string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	if dir != nil {
		cmd.Dir = *dir
	}
	var stdout, all bytes.Buffer
	cmd.Stdout = writerPair{&stdout, &all}
	cmd.Stderr = &all
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(all.String())
		if len(said) > logTail {
			said = "..." + said[len(said)-logTail:]
		}
		return "", fmt.Errorf("%s: %w\n%s", name, err, said)
	}
	return stdout.String(), nil
}

// writerPair writes to both buffers.
type writerPair struct{ a, b *bytes.Buffer }

// Write implements [io.Writer].
func (w writerPair) Write(p []byte) (int, error) {
	w.a.Write(p)
	return w.b.Write(p)
}
