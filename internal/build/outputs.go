package build

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/go-csvvalue"
)

// cacheOnly is buildx's name for no output.
const cacheOnly = "cacheonly"

// output is one place where the result goes.
type output struct {
	kind  string // of an exporter
	dest  string // file, folder, "-"; nothing: the exporter's own place
	attrs map[string]string
}

// pushes reports whether an output ends in a registry.
func (o output) pushes() bool {
	on, err := strconv.ParseBool(o.attrs["push"])
	return o.kind == client.ExporterImage && err == nil && on
}

// folder reports whether an archive is asked for as files.
func (o output) folder() bool {
	tar, err := strconv.ParseBool(o.attrs["tar"])
	return o.kind == client.ExporterOCI && err == nil && !tar
}

// addOutputs sets what becomes of the result.
func (r *Request) addOutputs() error {
	o := r.options.Output
	outputs, err := parseOutputs(o)
	if err != nil {
		return err
	}
	tags, err := normalTags(o.Tags)
	if err != nil {
		return err
	}
	annotations, err := parseAnnotations(o.Annotations)
	if err != nil {
		return err
	}
	for i := range outputs {
		out := &outputs[i]
		switch out.kind {
		case client.ExporterImage, client.ExporterOCI, client.ExporterDocker:
			if len(tags) > 0 {
				out.attrs["name"] = strings.Join(tags, ",")
			}
			maps.Copy(out.attrs, annotations)
		}
		if out.pushes() && out.attrs["name"] == "" {
			return usage("--push", "the image has no name; give it one with --tag")
		}
		entry, err := r.export(*out)
		if err != nil {
			return err
		}
		r.solve.Exports = append(r.solve.Exports, entry)
	}
	r.outputs = outputs
	if o.Sign && len(r.signable()) == 0 {
		return usage("--sign", "there is nothing to sign without --push or --output type=oci,dest=PATH")
	}
	return nil
}

func parseOutputs(o Output) ([]output, error) {
	var all []output
	for _, s := range o.To {
		out, err := parseOutput(s)
		if err != nil {
			return nil, usage("--output", "%q: %w", s, err)
		}
		all = append(all, out)
	}
	is := func(kind string) func(output) bool {
		return func(o output) bool { return o.kind == kind && o.dest == "" }
	}
	if o.Push {
		if i := slices.IndexFunc(all, is(client.ExporterImage)); i >= 0 {
			all[i].attrs["push"] = "true"
		} else {
			all = append(all, output{kind: client.ExporterImage, attrs: map[string]string{"push": "true", "unpack": "false"}})
		}
	}
	if o.Load && !slices.ContainsFunc(all, is(client.ExporterDocker)) {
		all = append(all, output{kind: client.ExporterDocker, attrs: map[string]string{}})
	}
	return slices.DeleteFunc(all, func(o output) bool { return o.kind == cacheOnly }), nil
}

// parseOutput reads type=TYPE[,KEY=VALUE...]; a path alone is a folder for the files,
// "-" a tar archive of them on standard output.
func parseOutput(s string) (output, error) {
	if s == "-" {
		return output{kind: client.ExporterTar, dest: s, attrs: map[string]string{}}, nil
	}
	if !strings.Contains(s, "=") {
		return output{kind: client.ExporterLocal, dest: s, attrs: map[string]string{}}, nil
	}
	fields, err := csvvalue.Fields(s, nil)
	if err != nil {
		return output{}, err
	}
	out := output{attrs: map[string]string{}}
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			return output{}, fmt.Errorf("%q is not KEY=VALUE", f)
		}
		switch k = strings.ToLower(strings.TrimSpace(k)); k {
		case "type":
			out.kind = v
		case "dest":
			out.dest = v
		default:
			out.attrs[k] = v
		}
	}
	switch out.kind {
	case "":
		return output{}, fmt.Errorf("no type")
	case "registry":
		out.kind, out.attrs["push"] = client.ExporterImage, "true"
	case client.ExporterLocal, client.ExporterTar, client.ExporterOCI, client.ExporterDocker, client.ExporterImage, cacheOnly:
	default:
		return output{}, fmt.Errorf("unknown type; known are local, tar, oci, docker, image, registry")
	}
	if out.attrs["mode"] == "delete" {
		return output{}, fmt.Errorf("mode=delete is not supported")
	}
	return out, nil
}

// export makes BuildKit's entry of an output. Files are made when there is something
// to write, so a build that fails leaves what was there.
func (r *Request) export(o output) (client.ExportEntry, error) {
	entry := client.ExportEntry{Type: o.kind, Attrs: o.attrs}
	switch o.kind {
	case client.ExporterImage:
		if o.dest != "" {
			return entry, usage("--output", "type=image has no dest")
		}
		return entry, nil
	case client.ExporterLocal:
		if o.dest == "" || o.dest == "-" {
			return entry, usage("--output", "type=local needs dest=FOLDER")
		}
		entry.OutputDir = o.dest
		return entry, nil
	case client.ExporterDocker:
		if o.dest == "" {
			l, err := newLoader()
			if err != nil {
				return entry, err
			}
			r.loaders = append(r.loaders, l)
			entry.Output = l.open
			return entry, nil
		}
	}
	if o.folder() {
		if o.dest == "" || o.dest == "-" {
			return entry, usage("--output", "type=oci,tar=false needs dest=FOLDER")
		}
		entry.OutputDir = o.dest
		return entry, nil
	}
	write, err := r.file(o)
	entry.Output = write
	return entry, err
}

func (r *Request) file(o output) (filesync.FileOutputFunc, error) {
	if o.dest == "" || o.dest == "-" {
		if f, ok := r.options.Stdout.(*os.File); ok && isTerminal(f) {
			return nil, usage("--output", "type=%s: an archive is not written to a terminal; name a file with dest=FILE", o.kind)
		}
		return func(map[string]string) (io.WriteCloser, error) { return nopCloser{r.options.Stdout}, nil }, nil
	}
	if isDir(o.dest) {
		return nil, usage("--output", "%s is a folder", o.dest)
	}
	if dir := filepath.Dir(o.dest); !isDir(dir) {
		return nil, usage("--output", "there is no folder %s", dir)
	}
	return func(map[string]string) (io.WriteCloser, error) { return os.Create(o.dest) }, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// normalTags checks names of images.
func normalTags(tags []string) ([]string, error) {
	var out []string
	for _, t := range tags {
		ref, err := reference.ParseNormalizedNamed(t)
		if err != nil {
			return nil, usage("--tag", "%q: %w", t, err)
		}
		out = append(out, reference.TagNameOnly(ref).String())
	}
	return out, nil
}

// parseAnnotations reads [TYPE[,TYPE...]:]KEY=VALUE as exporters want it.
func parseAnnotations(list []string) (map[string]string, error) {
	const flag = "--annotation"
	out := map[string]string{}
	for _, a := range list {
		k, v, ok := strings.Cut(a, "=")
		if !ok || k == "" {
			return nil, usage(flag, "%q is not [TYPE:]KEY=VALUE", a)
		}
		types, key, typed := strings.Cut(k, ":")
		if !typed {
			types, key = "", k
		}
		for t := range strings.SplitSeq(types, ",") {
			if t != "" {
				t = "-" + t
			}
			name := "annotation" + t + "." + key
			if _, ok, err := exptypes.ParseAnnotationKey(name); !ok || err != nil {
				return nil, usage(flag, "%q: unknown type %q", a, strings.TrimPrefix(t, "-"))
			}
			out[name] = v
		}
	}
	return out, nil
}

// signable are the places of the image that can be signed: where signatures can be
// stored beside it.
func (r *Request) signable() []output {
	var all []output
	for _, o := range r.outputs {
		if o.pushes() || o.kind == client.ExporterOCI && o.dest != "" && o.dest != "-" {
			all = append(all, o)
		}
	}
	return all
}
