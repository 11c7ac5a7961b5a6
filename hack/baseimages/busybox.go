package main

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// busyboxArchs are the platforms of busybox, by Debian's and Go's name alike.
func busyboxArchs() []string { return []string{"amd64", "arm64"} }

const busyboxPasswd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`

const busyboxGroup = `root:x:0:
daemon:x:1:
bin:x:2:
www-data:x:33:
users:x:100:
nobody:x:65534:
`

func busyboxRecipe(src sources) recipe {
	return recipe{
		names: []string{"busybox:latest"},
		key:   fmt.Sprint("busybox 1\n", busyboxArchs(), src.mirror(), busyboxPasswd, busyboxGroup),
		build: func(ctx context.Context, _ *store, scratch string) ([]platformImage, error) {
			return buildBusybox(ctx, src, scratch)
		},
	}
}

func buildBusybox(ctx context.Context, src sources, scratch string) ([]platformImage, error) {
	for _, arch := range busyboxArchs() {
		tmp := filepath.Join(scratch, "apt-"+arch)
		if err := src.unpackPackage(ctx, "busybox-static", arch, tmp, filepath.Join(scratch, arch)); err != nil {
			return nil, err
		}
	}
	// Both are built from one source, so they have the same applets; only this
	// machine's can be asked.
	own := filepath.Join(scratch, runtime.GOARCH, "bin", "busybox")
	out, err := command(ctx, nil, own, "--list")
	if err != nil {
		return nil, err
	}
	var images []platformImage
	for _, arch := range busyboxArchs() {
		image, err := busyboxImage(filepath.Join(scratch, arch), arch, strings.Fields(out))
		if err != nil {
			return nil, err
		}
		images = append(images, platformImage{arch, image})
	}
	return images, nil
}

// busyboxImage has every applet as a hard link in /bin, as docker.io's has.
func busyboxImage(dir, arch string, applets []string) (v1.Image, error) {
	w, err := newLayer(filepath.Join(dir, "layer.tar.gz"))
	if err != nil {
		return nil, err
	}
	if err := busyboxFiles(w, filepath.Join(dir, "bin", "busybox"), applets); err != nil {
		return nil, err
	}
	layer, err := w.finish()
	if err != nil {
		return nil, err
	}
	return extend(scratchImage(), layer, "busybox-static with its applets", func(c *v1.ConfigFile) {
		c.OS, c.Architecture = "linux", arch
		c.Config.Env = []string{"PATH=" + standardPath}
		c.Config.Cmd = []string{"sh"}
	})
}

func busyboxFiles(w *layerWriter, program string, applets []string) error {
	f, err := os.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	dirs := []struct {
		name string
		mode int64
	}{
		{"bin", 0o755}, {"dev", 0o755}, {"etc", 0o755}, {"home", 0o755}, {"root", 0o700}, {"tmp", 0o1777},
		{"usr", 0o755}, {"usr/bin", 0o755}, {"usr/sbin", 0o755}, {"var", 0o755}, {"var/tmp", 0o1777},
	}
	for _, d := range dirs {
		if err := w.dir(d.name, d.mode); err != nil {
			return err
		}
	}
	h := tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755, Size: info.Size(), ModTime: info.ModTime()}
	if err := w.entry(h, f); err != nil {
		return err
	}
	for _, applet := range applets {
		if applet == "busybox" {
			continue
		}
		if err := w.link("bin/"+applet, "bin/busybox"); err != nil {
			return err
		}
	}
	if err := w.link("usr/bin/env", "bin/busybox"); err != nil {
		return err
	}
	if err := w.text("etc/passwd", busyboxPasswd); err != nil {
		return err
	}
	return w.text("etc/group", busyboxGroup)
}
