package llb

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/roots"
)

// testRoots is a set of one authority, another one for each seed.
func testRoots(t testing.TB, seed byte) roots.Set {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := roots.Parse(pem.EncodeToMemory(&pem.Block{Type: roots.Block, Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Authorities are part of the cache key of steps whose network is recorded, and of no
// others; the recorder gets the very file that its configuration tells of.
func TestRootsChangeRecordedStepsAlone(t *testing.T) {
	first, second := testRoots(t, 1), testRoots(t, 2)
	record := func(profile step.Profile, set roots.Set) *Graph {
		t.Helper()
		g := execGraph(t, execOp(&pb.ExecOp{Meta: &pb.Meta{Args: []string{"make"}, Cwd: "/"}}), nil)
		tools := testTools(t)
		tools.Roots = set
		n, _, _, err := Record(Harden(g, HardenOpt{Arch: "amd64", Profile: profile, Observe: true}), tools)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, network := range []string{step.NetworkDefault, step.NetworkNone, step.NetworkRecord} {
		profile := step.Profile{Harden: step.HardenBaseline, Network: network}
		none, one, other := record(profile, roots.Set{}), record(profile, first), record(profile, second)
		changed := none.Target() != one.Target() && one.Target() != other.Target()
		same := none.Target() == one.Target() && one.Target() == other.Target()
		if recorded := network == step.NetworkRecord; changed != recorded || same == recorded {
			t.Errorf("network=%s: targets %v, %v and %v", network, none.Target(), one.Target(), other.Target())
		}
	}
	g := record(step.Profile{Harden: step.HardenBaseline, Network: step.NetworkRecord}, first)
	v := g.Vertex(g.Target().Vertex)
	for _, m := range v.Op.GetExec().Mounts {
		if m.Dest != step.RootsDir {
			continue
		}
		file := g.Vertex(v.Inputs()[m.Input].Vertex).Op.GetFile().GetActions()[0].GetMkfile()
		if !m.Readonly || file.Path != "/"+step.RootsName || !bytes.Equal(file.Data, first.PEM()) {
			t.Errorf("mount %v of %v", m, file)
		}
		return
	}
	t.Error("the step has no mount with authorities")
}
