package llb

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	bk "github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

func TestPinnedReadsWhatBuildKitVerifies(t *testing.T) {
	sha := digest.FromString("x")
	commit := strings.Repeat("ab", 20)
	for _, c := range []struct {
		id    string
		attrs map[string]string
		want  [2]string // zero: not pinned
	}{
		{"docker-image://a.test/b@" + sha.String(), nil, [2]string{"sha256", sha.Encoded()}},
		{"docker-image://a.test/b:1", nil, [2]string{}},
		{"docker-image://a.test/b:1", map[string]string{pb.AttrImageChecksum: sha.String()}, [2]string{"sha256", sha.Encoded()}},
		{"oci-layout://a@" + sha.String(), nil, [2]string{"sha256", sha.Encoded()}},
		{"docker-image://a.test/b@sha256:short", nil, [2]string{}},
		{"git://a.test/b.git#v1", nil, [2]string{}},
		{"git://a.test/b.git#" + commit, nil, [2]string{}},
		{"git://a.test/b.git#v1", map[string]string{pb.AttrGitChecksum: commit}, [2]string{"gitCommit", commit}},
		{"git://a.test/b.git#v1", map[string]string{pb.AttrGitChecksum: sha.Encoded()}, [2]string{"gitCommit", sha.Encoded()}},
		{"git://a.test/b.git#v1", map[string]string{pb.AttrGitChecksum: commit[:7]}, [2]string{}},
		{"https://a.test/b", nil, [2]string{}},
		{"http://a.test/b", map[string]string{pb.AttrHTTPChecksum: sha.String()}, [2]string{"sha256", sha.Encoded()}},
		{"https://a.test/b", map[string]string{pb.AttrHTTPChecksum: "md5:00"}, [2]string{}},
		{"local://context", nil, [2]string{}},
		{"no scheme", nil, [2]string{}},
	} {
		v := &Vertex{Op: &pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: c.id, Attrs: c.attrs}}}}
		alg, hex, ok := v.Pinned()
		if d := cmp.Diff(c.want, [2]string{alg, hex}); d != "" || ok != (alg != "") {
			t.Errorf("%s %v: ok %v (-want +got):\n%s", c.id, c.attrs, ok, d)
		}
	}
}

func TestPinRefusesSourcesWithoutAChecksum(t *testing.T) {
	g := decode(t, convert(t, dockerfile{name: "multistage"}))
	for v := range g.Vertices() {
		scheme, _ := v.Scheme()
		if _, _, pinned := v.Pinned(); scheme == schemeImage && !pinned || scheme != schemeImage && scheme != schemeLocal && v.Kind() != "exec" {
			continue
		}
		_, _, err := Pin(g, map[digest.Digest]string{v.Digest: "sha256:00"})
		if want := "pin " + v.Digest.String() + ": not a git or http source, nor an image without a digest"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestPinHoldsImagesToADigest(t *testing.T) {
	def, err := bk.Image("a.test/b:1").Run(bk.Shlex("true"), bk.AddMount("/m", bk.Image("a.test/c@"+digest.FromString("c").String()))).Root().Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := decode(t, def.ToPB())
	unpinned := g.Unpinned()
	if len(unpinned) != 1 {
		t.Fatalf("%d images without a digest, want 1", len(unpinned))
	}
	pin := digest.FromString("b").String()
	n, _, err := Pin(g, map[digest.Digest]string{unpinned[0].Digest: pin})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for v := range n.Vertices() {
		if v.Kind() == KindSource {
			ids = append(ids, v.Op.GetSource().Identifier)
		}
	}
	slices.Sort(ids)
	if d := cmp.Diff([]string{"docker-image://a.test/b:1@" + pin, "docker-image://a.test/c@" + digest.FromString("c").String()}, ids); d != "" || len(n.Unpinned()) > 0 {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestMutableLeavesOutWhatIsPinnedOrExternal(t *testing.T) {
	g := decode(t, convert(t, dockerfile{name: "remote"}))
	ids := func(vs []*Vertex) (out []string) {
		for _, v := range vs {
			out = append(out, v.Op.GetSource().Identifier)
		}
		return out
	}
	all := g.Mutable(nil)
	want := []string{"git://github.com/example/tool.git#v1.2.3:sub", "https://user:secret@example.test/loose.tgz", "git://example.test/team/repo.git"}
	if d := cmp.Diff(want, ids(all)); d != "" {
		t.Errorf("mutable sources (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want[1:], ids(g.Mutable(map[digest.Digest]bool{all[0].Digest: true}))); d != "" {
		t.Errorf("less an external one (-want +got):\n%s", d)
	}
}
