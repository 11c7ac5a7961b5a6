package main

import (
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// TestOnlyWhatReadersTakeIsWritten compares what is refused with what a reader says of
// the same bytes.
func TestOnlyWhatReadersTakeIsWritten(t *testing.T) {
	steps := func(edit func(*provenance.Steps)) provenance.Steps {
		s := provenance.Steps{
			Platform: "linux/amd64", Options: map[string]string{"observe": "on"},
			Materials: []provenance.Material{{ID: "source1", Kind: "image", URI: "pkg:x", Digest: map[string]string{"sha256": hexSum("x")}}},
			Steps:     []provenance.Step{{ID: "step1", Kind: "exec", Parent: "source1", Outputs: (&graph{}).outputs("step1", nil)}},
			Image:     "step1",
		}
		edit(&s)
		return s
	}
	for name, s := range map[string]provenance.Steps{
		"good":          steps(func(*provenance.Steps) {}),
		"two ids":       steps(func(s *provenance.Steps) { s.Steps[0].ID = "source1" }),
		"no options":    steps(func(s *provenance.Steps) { s.Options = nil }),
		"options alike": steps(func(s *provenance.Steps) { s.Options["OBSERVE"] = "off" }),
		"digests alike": steps(func(s *provenance.Steps) { s.Materials[0].Digest["SHA256"] = "x" }),
		"no UTF-8":      steps(func(s *provenance.Steps) { s.Steps[0].Command = []string{"\xff"} }),
		"ids no UTF-8, made one": steps(func(s *provenance.Steps) {
			s.Materials[0].ID, s.Steps[0].Parent, s.Steps[0].ID, s.Image = "\xff", "\xff", "\xfe", "\xfe"
		}),
		"packages no UTF-8":       steps(func(s *provenance.Steps) { s.Steps[0].Outputs.PackagesAdded = []string{"a\xfe", "a\xff"} }),
		"a lone replacement":      steps(func(s *provenance.Steps) { s.Steps[0].Command = []string{"\ufffd"} }),
		"it written with escapes": steps(func(s *provenance.Steps) { s.Steps[0].Command = []string{`\ufffd`} }),
	} {
		b, err := provenance.EncodeSteps(s)
		if err != nil {
			t.Fatal(err)
		}
		_, want := provenance.DecodeSteps(b)
		if got := readableSteps(s, b); (got == nil) != (want == nil) {
			t.Errorf("%s: %v, a reader says %v", name, got, want)
		}
	}
	contents := func(edit func(*provenance.Contents)) provenance.Contents {
		c := provenance.Contents{
			Platform: "linux/amd64", Packages: []string{},
			Files:   []provenance.File{{Path: "/a", Type: "dir", Mode: "0755", Step: "step1"}},
			Origins: []provenance.Origin{{Class: provenance.OriginStep, From: "step1"}},
		}
		edit(&c)
		c.OriginCounts = provenance.CountOrigins(c.Files, c.Origins)
		c.Digest, c.MerkleRoot = provenance.ContentsDigest(c.Files), c.Root()
		return c
	}
	for name, c := range map[string]provenance.Contents{
		"good":              contents(func(*provenance.Contents) {}),
		"odd path":          contents(func(c *provenance.Contents) { c.Files[0].Path = step.Path("/a\xff") }),
		"no step":           contents(func(c *provenance.Contents) { c.Files[0].Step = "" }),
		"packages no UTF-8": contents(func(c *provenance.Contents) { c.Packages = []string{"a\xfe", "a\xff"} }),
		"packages unsorted": contents(func(c *provenance.Contents) { c.Packages = []string{"b", "a"} }),
	} {
		b, err := provenance.EncodeContents(c)
		if err != nil {
			t.Fatal(err)
		}
		_, want := provenance.DecodeContents(b)
		if got := readableContents(c, b); (got == nil) != (want == nil) {
			t.Errorf("%s: %v, a reader says %v", name, got, want)
		}
	}
}
