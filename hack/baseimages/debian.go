package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// certificates is where Debian and Go look for certification authorities.
	certificates = "/etc/ssl/certs/ca-certificates.crt"

	dpkgSlim = `# Documentation is left out, as in docker.io's slim images.
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
`
	aptClean = `APT::Keep-Downloaded-Packages "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
`
	noServices = "#!/bin/sh\nexit 101\n"
)

func debianRecipe(src sources) (recipe, error) {
	var roots string
	if src.needsCertificates() {
		b, err := os.ReadFile(certificates)
		if err != nil {
			return recipe{}, err
		}
		roots = string(b)
	}
	files := []struct {
		name, text string
		mode       os.FileMode
	}{
		{"etc/apt/sources.list.d/debian.sources", src.deb822(), 0o644},
		{"etc/apt/apt.conf.d/docker-clean", aptClean, 0o644},
		{"etc/dpkg/dpkg.cfg.d/docker-slim", dpkgSlim, 0o644},
		{"usr/sbin/policy-rc.d", noServices, 0o755},
		{"etc/machine-id", "", 0o444},
		{certificates[1:], roots, 0o644},
	}
	if roots == "" {
		files = files[:len(files)-1]
	}
	build := func(ctx context.Context, _ *store, scratch string) ([]platformImage, error) {
		root := filepath.Join(scratch, "root")
		if err := bootstrap(ctx, src, root); err != nil {
			return nil, err
		}
		for _, f := range files {
			file := filepath.Join(root, f.name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return nil, err
			}
			if err := os.WriteFile(file, []byte(f.text), f.mode); err != nil {
				return nil, err
			}
		}
		image, err := debianImage(root, filepath.Join(scratch, "layer.tar.gz"))
		if err != nil {
			return nil, err
		}
		return []platformImage{{runtime.GOARCH, image}}, nil
	}
	return recipe{
		names: []string{"debian:" + codename, "debian:" + codename + "-slim"},
		key:   fmt.Sprint("debian 1\n", src, files),
		build: build,
	}, nil
}

// bootstrap installs the essential packages and apt into root.
func bootstrap(ctx context.Context, src sources, root string) error {
	// useradd and others write the day into /etc/shadow.
	day := "SOURCE_DATE_EPOCH=" + strconv.FormatInt(epoch().Unix(), 10)
	path := "PATH=" + standardPath
	_, err := command(ctx, nil, "env", path, day, "debootstrap", "--variant=minbase",
		"--keyring="+debianKeyring, codename, root, src.mirror())
	if err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(root, "etc/apt/sources.list"))
	return nil
}

// debianImage packs root without what its making left behind.
func debianImage(root, file string) (v1.Image, error) {
	w, err := newLayer(file)
	if err != nil {
		return nil, err
	}
	if err := w.tree(root, "", leftover); err != nil {
		return nil, err
	}
	layer, err := w.finish()
	if err != nil {
		return nil, err
	}
	return extend(scratchImage(), layer, "debootstrap "+codename, func(c *v1.ConfigFile) {
		c.OS, c.Architecture = "linux", runtime.GOARCH
		c.Config.Env = []string{"PATH=" + standardPath}
		c.Config.Cmd = []string{"bash"}
	})
}

// leftover reports whether a path, relative to the root, is left out of the
// image: caches, logs, backups, device nodes, documentation.
func leftover(rel string) bool {
	switch rel {
	case "etc/hostname", "etc/resolv.conf", "etc/.pwd.lock", "debootstrap":
		return true
	case "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale":
		return false
	}
	dir, base := filepath.Split(rel)
	switch dir {
	case "dev/", "run/", "proc/", "sys/", "tmp/", "var/log/", "var/cache/apt/", "var/cache/ldconfig/",
		"var/lib/apt/lists/", "usr/share/man/", "usr/share/info/", "usr/share/locale/":
		return true
	case "etc/", "var/lib/dpkg/", "var/cache/debconf/":
		return strings.HasSuffix(base, "-") || strings.HasSuffix(base, "-old")
	}
	if doc, ok := strings.CutPrefix(rel, "usr/share/doc/"); ok {
		return strings.Contains(doc, "/") && filepath.Base(doc) != "copyright"
	}
	return false
}
