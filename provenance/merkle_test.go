package provenance_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// TestAFileIsProvenToBeInTheImage: whoever has the root, one leaf and the hashes on its
// way checks with the library that the file is in the image, and that no other is.
func TestAFileIsProvenToBeInTheImage(t *testing.T) {
	c, err := provenance.DecodeContents(golden(t, "sworn-contents.json"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := hex.DecodeString(c.MerkleRoot["sha256"])
	if err != nil {
		t.Fatal(err)
	}
	h := rfc6962.DefaultHasher
	for n := range c.Files {
		size := uint64(len(c.Files))
		nodes, err := proof.Inclusion(uint64(n), size)
		if err != nil {
			t.Fatal(err)
		}
		var hashes [][]byte
		for _, id := range nodes.IDs {
			// The node's own hash, from the leaves below it.
			first, end := id.Coverage()
			hashes = append(hashes, treeHash(&c, int(first), min(int(end), len(c.Files))))
		}
		hashes, err = nodes.Rehash(hashes, h.HashChildren)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(h, uint64(n), size, h.HashLeaf(c.Leaf(n)), hashes, root); err != nil {
			t.Errorf("%q: %v", c.Files[n].Path, err)
		}
		forged := bytes.Replace(c.Leaf(n), []byte(`"uid":0`), []byte(`"uid":1`), 1)
		if err := proof.VerifyInclusion(h, uint64(n), size, h.HashLeaf(forged), hashes, root); err == nil {
			t.Errorf("%q: a leaf that is not in the tree is proven", c.Files[n].Path)
		}
	}
}

// treeHash is the Merkle tree hash of some leaves, as RFC 6962 writes it down.
func treeHash(c *provenance.Contents, first, end int) []byte {
	h := rfc6962.DefaultHasher
	if end-first == 1 {
		return h.HashLeaf(c.Leaf(first))
	}
	k := 1
	for k*2 < end-first {
		k *= 2
	}
	return h.HashChildren(treeHash(c, first, first+k), treeHash(c, first+k, end))
}

func TestTheRootOfNothingIsThatOfRFC6962(t *testing.T) {
	got := (&provenance.Contents{}).Root()["sha256"]
	if want := hex.EncodeToString(rfc6962.DefaultHasher.EmptyRoot()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestALeafIsTheFileInCanonicalForm makes the leaves from the statement itself, as
// somebody else would: fields in the order of their names, indexes followed.
func TestALeafIsTheFileInCanonicalForm(t *testing.T) {
	raw := golden(t, "sworn-contents.json")
	c, err := provenance.DecodeContents(raw)
	if err != nil {
		t.Fatal(err)
	}
	zero, odd := 0, c
	odd.Packages, odd.Origins = []string{"pkg:deb/a@1?arch=b&c=<d>"}, []provenance.Origin{{Class: provenance.OriginStage, From: "step1", Of: provenance.OriginStep}}
	odd.Files = []provenance.File{{
		Path: "/a\xff\\\"\t\n\r\b\f\x01\x7f\u2028<&>é", Type: provenance.TypeSymlink, Target: "\x00é\\", Mode: "0777", UID: 4294967295, GID: 7,
		Package: &zero, Step: "step2", OriginPath: step.Path("/b\xfe"), Capability: "00", Device: "1:2", Size: 9,
	}}
	b, err := provenance.EncodeContents(odd)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		raw []byte
		c   provenance.Contents
	}{{raw, c}, {b, odd}} {
		for n, want := range leaves(t, one.raw) {
			if diff := cmp.Diff(want, string(one.c.Leaf(n))); diff != "" {
				t.Errorf("%d (-want +got):\n%s", n, diff)
			}
		}
	}
}

// leaves are made as docs/statements.md says. encoding/json sorts the names of maps and
// writes what RFC 8785 wants but for two line separators.
func leaves(t *testing.T, raw []byte) []string {
	t.Helper()
	var c struct {
		Files    []map[string]any
		Packages []string
		Origins  []map[string]any
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	index := func(v any) int64 {
		n, err := v.(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var out []string
	for _, f := range c.Files {
		if p, ok := f["package"]; ok {
			f["package"] = c.Packages[index(p)]
		}
		origin := map[string]any{}
		for k, v := range c.Origins[index(f["origin"])] {
			origin[k] = v
		}
		if p, ok := f["originPath"]; ok {
			origin["path"] = p
			delete(f, "originPath")
		}
		f["origin"] = origin
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(f); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(b.String())
		out = append(out, strings.TrimSuffix(text, "\n"))
	}
	return out
}
