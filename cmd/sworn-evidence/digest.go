package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/licence"
	"github.com/sworn-build/sworn/step"
)

// digest writes the digest of each local source.
func (t tool) digest() error {
	ks, err := t.numbered(step.SourceDir)
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	if len(ks) == 0 {
		return errors.New("digest: no sources")
	}
	for _, k := range ks {
		if err := t.source(k); err != nil {
			return fmt.Errorf("digest source %d: %w", k, err)
		}
	}
	return t.finish()
}

func (t tool) source(k int) error {
	src, err := sbom.OpenTree(t.path(step.SourceDir, strconv.Itoa(k)))
	if err != nil {
		return err
	}
	defer src.Close()
	inv, err := sbom.Load(src)
	if err != nil {
		return err
	}
	c, err := sbom.CompareSums(nil, src, &inv)
	if err != nil {
		return err
	}
	licences := licence.NewReader()
	if err := inv.ReadLicences(licences, src, sbom.Inventory{}, c.Delta); err != nil {
		return err
	}
	if err := sbom.DeclareLicences(licences, src, c.Manifests); err != nil {
		return err
	}
	md5, err := sbom.MD5s(src, &sbom.Inventory{}, &inv, c)
	if err != nil {
		return err
	}
	out := treeOf(c.Added)
	out.Base = &described{
		Base: true, Delta: c.Delta, Inventory: &inv, Manifests: c.Manifests, MD5: md5,
		PackagesAdded: purls(inv.Packages), PackagesRemoved: []string{},
	}
	b, err := encodeEvidence(evidence{Tree: out})
	if err != nil {
		return err
	}
	return t.write(strconv.Itoa(k)+".json", b)
}

// treeOf sums up a source's entries, which are sorted.
func treeOf(es []sbom.Entry) *tree {
	out := &tree{}
	files := make([]provenance.File, 0, len(es))
	for _, e := range es {
		files = append(files, contentsFile(&e))
		if e.Type == sbom.TypeFile {
			out.Files++
			out.Bytes += e.Size
		}
	}
	out.Digest = provenance.TreeDigest(files)
	return out
}

// contentsFile makes a file of the contents, without package and step.
func contentsFile(e *sbom.Entry) provenance.File {
	return provenance.File{
		Path: e.Path, Type: e.Type, Mode: e.Mode, UID: e.UID, GID: e.GID, Size: e.Size,
		Digest: provenance.NewSHA256(e.SHA256), Target: e.Target, Device: e.Device, Capability: e.Capability,
	}
}
