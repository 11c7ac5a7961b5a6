package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// upstreamLabels are those of upstream's own image: no network, and what the
// frontend can do.
func upstreamLabels() map[string]string {
	return map[string]string{
		"moby.buildkit.frontend.network.none": "true",
		"moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests," +
			"moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring,moby.buildkit.frontend.contexts.zstd",
	}
}

// writeUpstream makes an image of upstream's frontend.
func writeUpstream(program, out string) error {
	if program == "" {
		return errUsage
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	const path = "bin/dockerfile-frontend"
	l, err := layer([]entry{dir("bin", 0o755), file(path, 0o755, string(data))})
	if err != nil {
		return err
	}
	i, err := image(l, v1.Config{
		Env:        []string{searchPath},
		Entrypoint: []string{"/" + path},
		Labels:     upstreamLabels(),
	}, "COPY /dockerfile-frontend /"+path+" # buildkit")
	if err != nil {
		return err
	}
	return writeArchive(i, out)
}

// writeVariant makes an image that differs from another by variables of its
// environment.
func writeVariant(in string, env []string, out string) error {
	if in == "" {
		return errUsage
	}
	tmp, err := os.MkdirTemp(filepath.Dir(out), ".variant-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	store := filepath.Join(tmp, "layout")
	if err := unpack(in, store); err != nil {
		return err
	}
	index, err := layout.ImageIndexFromPath(store)
	if err != nil {
		return err
	}
	i, err := native(index)
	if err != nil {
		return err
	}
	config, err := i.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.Config.Env = append(config.Config.Env, env...)
	if i, err = mutate.ConfigFile(i, config); err != nil {
		return err
	}
	return writeArchive(i, out)
}

// native finds the image of this machine's architecture, in an index or in an
// index that the index names.
func native(index v1.ImageIndex) (v1.Image, error) {
	m, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, d := range m.Manifests {
		switch {
		case d.MediaType.IsIndex():
			child, err := index.ImageIndex(d.Digest)
			if err != nil {
				return nil, err
			}
			return native(child)
		case d.MediaType.IsImage() && (d.Platform == nil || d.Platform.Architecture == runtime.GOARCH):
			return index.Image(d.Digest)
		}
	}
	return nil, fmt.Errorf("no image for linux/%s", runtime.GOARCH)
}
