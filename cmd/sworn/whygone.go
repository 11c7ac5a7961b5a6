package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// gone says what a path was that is not in the image: one that a step of the image removed,
// or one that is in another stage alone. It is nil of a path that was never there, as far as
// the steps tell, and of one that is there.
func (w *why) gone(name string) *whyGone {
	at := step.Path(name)
	if w.files[at] != nil {
		return nil
	}
	if s := w.remover(at); s != nil {
		out := &whyGone{Path: at, RemovedBy: w.hop(s.ID, "")}
		id, before := w.writer(s.Parent, name)
		out.Before, out.WrittenBy = before, w.hop(id, "")
		if out.WrittenBy != nil {
			out.WrittenBy.Next = w.next(out.WrittenBy, name)
		}
		out.Now = w.sameBytes(before)
		return out
	}
	for _, s := range slices.Backward(w.order) {
		if f := written(s, at); f != nil && !w.own[s.ID] {
			return &whyGone{Path: at, Before: f, WrittenBy: w.hop(s.ID, ""), Now: w.sameBytes(f)}
		}
	}
	return nil
}

// sameBytes are the files of the image that have the bytes of a file, which is not empty.
func (w *why) sameBytes(f *provenance.FileOutput) []step.Path {
	if f == nil || f.Digest == nil || f.Size == 0 {
		return nil
	}
	var out []step.Path
	for i := range w.contents.Files {
		if d := w.contents.Files[i].Digest; d != nil && *d == *f.Digest {
			out = append(out, w.contents.Files[i].Path)
		}
	}
	return out
}

// noFile is the failure of a path that is not there. It says how far the path leads and
// names paths that are like it.
func (w *why) noFile(name string, gone *whyGone) error {
	if path.Clean(name) == "/" {
		return &failure{message: "nothing is recorded of the root folder itself", hints: []string{"name a file or folder in it; sworn inspect sums up the image"}}
	}
	f := &failure{message: fmt.Sprintf("the image has no file %q", name)}
	if gone != nil {
		f.message += " any more"
		if gone.RemovedBy == nil {
			f.message = fmt.Sprintf("the image has no file %q: it is in another stage, and no copy brought it to this place", name)
		}
		return f
	}
	if hint := w.leads(name); hint != "" {
		f.hints = append(f.hints, hint)
	}
	if near := w.nearPaths(name); len(near) > 0 {
		f.hints = append(f.hints, "it has "+strings.Join(near, ", "))
	}
	if base, ok := strings.CutPrefix(path.Base(name), ".wh."); ok {
		f.hints = append(f.hints, "whiteouts are in layers, not in images; ask for "+path.Join(path.Dir(path.Clean(name)), base))
	}
	if w.omitted > 0 {
		f.hints = append(f.hints, fmt.Sprintf("%s of files in the statement of steps, which was too large, so whether the path was removed is not known", wording.Count(w.omitted, "step has no list", "steps have no lists")))
	}
	return f
}

// leads says how far a path leads where it ends at something that is no folder; empty of
// others.
func (w *why) leads(name string) string {
	for dir := path.Dir(path.Clean(name)); dir != "/" && dir != "."; dir = path.Dir(dir) {
		f, _ := w.resolve(dir)
		switch {
		case f == nil:
			continue
		case f.Type == provenance.TypeDir:
			return ""
		case f.Type == provenance.TypeSymlink:
			return fmt.Sprintf("%s is a link to %s, which leads to nothing in the image", dir, string(f.Target))
		default:
			return fmt.Sprintf("%s is %s, and nothing lies in it", dir, wording.A(typeText(f.Type)))
		}
	}
	return ""
}
