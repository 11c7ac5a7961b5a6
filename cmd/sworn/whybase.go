package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// imagePURL is what the package URLs of images begin with.
const imagePURL = "pkg:docker/"

// imageReference is the name of an image that is a material, by digest; empty of others, and
// of what is called as files of this machine are: statements name images of registries.
func imageReference(h *hop) string {
	name, ok := strings.CutPrefix(h.What, imagePURL)
	digest := h.Digest["sha256"]
	if h.Kind != step.SourceImage || !ok || digest == "" {
		return ""
	}
	name, _, _ = cutVersion(barePURL(name))
	name, err := url.PathUnescape(name)
	if err != nil {
		return ""
	}
	name += "@sha256:" + digest
	if hostOf(name) == "" {
		return ""
	}
	return name
}

// next is the command that goes on with a path or package in an image; empty where there is
// none to go on in, or it is not known with what.
func (w *why) next(h *hop, asked string) string {
	ref := imageReference(h)
	if ref == "" || !strings.HasPrefix(asked, "/") && !strings.HasPrefix(asked, "pkg:") { // no flag
		return ""
	}
	command := "sworn why "
	if m := w.material[h.ID]; m.Platform != "" {
		command += "--platform " + quoted(m.Platform) + " "
	}
	return command + quoted(ref) + " " + quoted(asked)
}

// quoted is a word of a shell's command.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/.,:@%+=_-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// followBase asks the images that an answer leads to, one after the other, until one has no
// statements of Sworn. host is of the registry that the first image is in: what is unsafe
// was asked for there, and not where statements lead.
func (c *cli) followBase(ctx context.Context, host string, out *whyOutput, o whyOptions) error {
	for range maxHops {
		h, asked := out.last()
		if n := len(out.Packages); n > 1 {
			c.say("not going on: %s match; ask for one by its package URL", wording.Count(n, "package"))
		}
		if h == nil || h.Next == "" {
			return nil
		}
		ref := imageReference(h)
		o.platform = out.Platform
		c.say("going on in %s", ref)
		there := *c
		there.plainHTTP = c.plainHTTP && hostOf(ref) == host
		base, err := there.whyOf(ctx, ref, asked, o)
		var none *noStatement
		if errors.As(err, &none) {
			c.say("the way ends there: %v", err)
			return nil
		}
		if err != nil {
			return fmt.Errorf("follow %s into %s: %w", h.ID, ref, err)
		}
		if err := agree(out, base); err != nil {
			return fmt.Errorf("follow %s into %s: %w", h.ID, ref, err)
		}
		out.Base = base
		out = base
	}
	c.say("not going on after %d images", maxHops)
	return nil
}

// hostOf is the registry that an image is in; empty of one in a file or folder.
func hostOf(image string) string {
	if ref, err := repository.Parse(image); err == nil && !strings.HasPrefix(image, localPrefix) {
		return ref.Host()
	}
	return ""
}

// agree fails when a base says other bytes of a file than the image that stands on it.
func agree(out, base *whyOutput) error {
	a, b := out.File, base.File
	if a == nil || b == nil || a.Digest == b.Digest {
		return nil
	}
	return &failure{
		message: fmt.Sprintf("%s is %s there, not %s", string(b.Path), cmp.Or(b.Digest, typeText(b.Type)), cmp.Or(a.Digest, typeText(a.Type))),
		hints:   []string{"the statements of one of them are wrong; verify both with --key"},
	}
}

// last is where an answer leads to, and what to ask there; nil when it leads to several
// places, or none.
func (out *whyOutput) last() (h *hop, asked string) {
	switch {
	case out.File != nil && len(out.File.Chain) > 0:
		h = &out.File.Chain[len(out.File.Chain)-1]
		return h, string(h.Path)
	case len(out.Packages) == 1:
		return out.Packages[0].BroughtBy, out.Packages[0].PURL
	case out.Gone != nil:
		return out.Gone.WrittenBy, string(out.Gone.Path)
	}
	return nil, ""
}

// noStatement is the failure of an image that has no statements of Sworn's own.
type noStatement struct{ *failure }

// Unwrap implements errors.Unwrap.
func (n *noStatement) Unwrap() error { return n.failure }
