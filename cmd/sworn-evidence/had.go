package main

import (
	"path"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// downloadOf is the material that a step downloaded with these bytes; empty when none is
// on record.
func (o *origins) downloadOf(s step.Step, sum string) string {
	byDigest, ok := o.fetched[s.ID]
	if !ok {
		byDigest = map[string]string{}
		o.fetched[s.ID] = byDigest
		if d := o.delta(s.Evidence); d != nil && d.Record != nil && d.Record.Network != nil {
			for _, r := range d.Record.Network.Requests {
				if !provenance.IsDownload(r) {
					continue
				}
				is := provenance.DownloadOf(r)
				if id := o.ids[is]; byDigest[is.SHA256] == "" || id < byDigest[is.SHA256] {
					byDigest[is.SHA256] = id
				}
			}
		}
	}
	return byDigest[sum]
}

// hadBefore are the files, by digest, that a command had and may have copied, moved or
// changed the mode of: what it read, and what it removed or changed.
func (o *origins) hadBefore(s step.Step) map[string][]sbom.Held {
	if had, ok := o.had[s.ID]; ok {
		return had
	}
	had := map[string][]sbom.Held{}
	o.had[s.ID] = had
	d := o.delta(s.Evidence)
	if d == nil {
		return had
	}
	add := func(h sbom.Held) { had[h.SHA256] = append(had[h.SHA256], h) }
	before := o.layer(s.Parent)
	was := func(p step.Path) {
		if h, ok := before.at(p); ok && hasBytes(&h.Entry) {
			add(h)
		}
	}
	for _, e := range d.Changed {
		was(e.Path)
	}
	for _, p := range d.Removed {
		was(p)
	}
	if d.Record == nil {
		return had
	}
	for _, f := range d.Record.Inputs.Files {
		if h, ok := o.inputFile(s, f); ok {
			add(h)
		}
	}
	for _, e := range d.Record.Taken {
		if h, ok := o.inputFile(s, provenance.FileInput{Path: e.Path, Digest: provenance.NewSHA256(e.SHA256), Size: e.Size, Package: e.Package}); ok {
			add(h)
		}
	}
	return had
}

// inputFile is a file that a command read, as it lay in the state that it was read from.
func (o *origins) inputFile(s step.Step, f provenance.FileInput) (sbom.Held, bool) {
	sum := f.Digest.String()
	if sum == "" || f.Size == 0 {
		return sbom.Held{}, false
	}
	bare := sbom.Held{Entry: sbom.Entry{Path: f.Path, Type: sbom.TypeFile, Size: f.Size, SHA256: sum, Package: f.Package}}
	if f.Mount == "" {
		if h, ok := o.layer(s.Parent).at(f.Path); ok {
			return h, h.SHA256 == sum
		}
		bare.Step = o.begins(s.Parent)
		return bare, bare.Step != ""
	}
	m, ok := mountAt(s, f.Mount)
	if !ok || m.Type == step.MountCache || m.From == "" {
		return sbom.Held{}, false
	}
	inside := path.Join("/", m.Path, strings.TrimPrefix(string(f.Path), f.Mount))
	if l := o.layer(m.From); l != nil {
		if real, ok := l.resolve(inside); ok {
			inside = real
		}
		if h, ok := l.at(step.Path(inside)); ok {
			return h, h.SHA256 == sum
		}
	}
	bare.Path, bare.Step = step.Path(inside), o.begins(m.From)
	return bare, bare.Step != ""
}

// begins is the source that a state begins with, if it is one that was not described and
// all steps on it were: a file that they did not write is the source's. It is empty
// otherwise.
func (o *origins) begins(state string) string {
	for {
		s, made := o.steps[state]
		if !made {
			return state
		}
		if o.delta(s.Evidence) == nil {
			return ""
		}
		state = s.Parent
	}
}

// mountAt is the mount of a command at a target.
func mountAt(s step.Step, target string) (step.Mount, bool) {
	for _, m := range s.Exec.Mounts {
		if path.Clean(m.Target) == target {
			return m, true
		}
	}
	return step.Mount{}, false
}
