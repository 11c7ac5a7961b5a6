package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

	passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`
	group = `root:x:0:
daemon:x:1:
bin:x:2:
wheel:x:10:root
users:x:100:
nobody:x:65534:
`
	shadow = `root:*:10933:0:99999:7:::
daemon:*:10933:0:99999:7:::
bin:*:10933:0:99999:7:::
nobody:*:10933:0:99999:7:::
`
)

// adduser stands for the applet that Debian's busybox is built without, as far as
// the tests use it: adduser -D NAME.
const adduser = `#!/bin/sh
set -e
[ $# = 2 ] && [ "$1" = -D ] || { echo 'usage: adduser -D NAME' >&2; exit 1; }
id=1000
while cut -d: -f3 /etc/passwd /etc/group | grep -qx $id; do id=$((id + 1)); done
echo "$2:x:$id:" >> /etc/group
echo "$2:x:$id:$id:Linux User,,,:/home/$2:/bin/sh" >> /etc/passwd
echo "$2:!:20089:0:99999:7:::" >> /etc/shadow
mkdir -p "/home/$2"
chown $id:$id "/home/$2"
chmod 2755 "/home/$2"
`

// program is a static busybox and its applets.
type program struct {
	data    string
	applets []string
}

func readBusybox(path string) (program, error) {
	if path == "" {
		return program{}, errUsage
	}
	f, err := elf.Open(path)
	if err != nil {
		return program{}, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return program{}, fmt.Errorf("%s: not static; Debian's is in busybox-static", path)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	out, err := exec.Command(path, "--list").Output()
	if err != nil {
		return program{}, fmt.Errorf("%s --list: %w", path, err)
	}
	applets := strings.Fields(string(out))
	if len(applets) < 100 {
		return program{}, errors.New(path + ": fewer than 100 applets")
	}
	return program{data: string(data), applets: applets}, nil
}

// skeleton is what all base images have besides their programs.
func skeleton() []entry {
	return []entry{
		dir("bin", 0o755), dir("dev", 0o755), dir("etc", 0o755), dir("home", 0o755), dir("lib", 0o755),
		dir("root", 0o700), dir("sbin", 0o755), dir("tmp", 0o1777), dir("usr", 0o755), dir("usr/bin", 0o755),
		dir("usr/sbin", 0o755), dir("var", 0o755), dir("var/tmp", 0o1777),
		file("usr/sbin/adduser", 0o755, adduser),
		file("etc/passwd", 0o644, passwd), file("etc/group", 0o644, group), file("etc/shadow", 0o640, shadow),
	}
}

// busyboxImage has the applets as hard links, as docker.io's busybox has.
func busyboxImage(p program) (v1.Image, error) {
	entries := append(skeleton(), file("bin/busybox", 0o755, p.data))
	for _, a := range p.applets {
		if a != "busybox" {
			entries = append(entries, hardLink("bin/"+a, "bin/busybox"))
		}
	}
	entries = append(entries, symlink("usr/bin/env", "../../bin/env"))
	return base(entries, "sh")
}

// namedImage has the applets as symbolic links, and the files that tell what
// the distribution is, as docker.io's alpine has.
func namedImage(p program, files ...entry) (v1.Image, error) {
	entries := append(skeleton(), file("bin/busybox", 0o755, p.data))
	for _, a := range p.applets {
		if a != "busybox" {
			entries = append(entries, symlink("bin/"+a, "/bin/busybox"))
		}
	}
	return base(append(entries, files...), "/bin/sh")
}

// base is an image of one layer for this machine's architecture.
func base(entries []entry, command string) (v1.Image, error) {
	l, err := layer(entries)
	if err != nil {
		return nil, err
	}
	return image(l, v1.Config{Env: []string{searchPath}, Cmd: []string{command}}, "ADD rootfs.tar / # buildkit")
}

// image is a one-layer OCI image for this machine's architecture.
func image(l v1.Layer, c v1.Config, createdBy string) (v1.Image, error) {
	i := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	i = mutate.ConfigMediaType(i, types.OCIConfigJSON)
	i, err := mutate.Append(i, mutate.Addendum{
		Layer:   l,
		History: v1.History{Created: v1.Time{Time: epoch()}, CreatedBy: createdBy},
	})
	if err != nil {
		return nil, err
	}
	config, err := i.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Created = v1.Time{Time: epoch()}
	config.Config = c
	return mutate.ConfigFile(i, config)
}
