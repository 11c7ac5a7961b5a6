package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// assembled is a build as assemble gets it.
type assembled struct {
	plan     step.Plan
	evidence map[step.Place][]byte
}

// BenchmarkAssemble runs the verb over builds of the sizes that make it slow.
func BenchmarkAssemble(b *testing.B) {
	for _, c := range []struct {
		name  string
		build func(testing.TB) assembled
	}{
		{"npm", npm},
		{"npm,rules", func(t testing.TB) assembled {
			a := npm(t)
			a.plan.Rules = &step.Rules{On: step.EvidenceRules(), Sources: []string{"mirror.test/**"}, Licences: []string{"GPL-*"}}
			return a
		}},
		{"step=100000", func(t testing.TB) assembled { return wide(t, 1, 100000) }},
		{"steps=200x500", func(t testing.TB) assembled { return wide(t, 200, 500) }},
		{"steps=200x250", func(t testing.TB) assembled { return wide(t, 200, 250) }},
		{"steps=200x125", func(t testing.TB) assembled { return wide(t, 200, 125) }},
		{"steps=200x500,files", func(t testing.TB) assembled {
			a := wide(t, 200, 500)
			a.plan.Options[step.OptionSBOM] = step.SBOMFiles
			return a
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := saved(b, c.build(b))
			b.ReportAllocs()
			for b.Loop() {
				must(b, dir, "assemble")
			}
			var used unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(used.Maxrss)/1024, "peak-MiB") // of one case, run alone
		})
	}
}

// BenchmarkOrigins classifies the entries of the same images, and of one that was copied
// from stage to stage.
func BenchmarkOrigins(b *testing.B) {
	for _, c := range []struct {
		name  string
		build func(testing.TB) assembled
	}{
		{"npm", npm},
		{"steps=200x500", func(t testing.TB) assembled { return wide(t, 200, 500) }},
		{"steps=200x250", func(t testing.TB) assembled { return wide(t, 200, 250) }},
		{"steps=200x125", func(t testing.TB) assembled { return wide(t, 200, 125) }},
		{"steps=200x500,files", func(t testing.TB) assembled {
			a := wide(t, 200, 500)
			a.plan.Options[step.OptionSBOM] = step.SBOMFiles
			return a
		}},
		{"steps=200x250", func(t testing.TB) assembled { return wide(t, 200, 250) }},
		{"stages=10x10000", func(t testing.TB) assembled { return staged(t, 10, 10000) }},
		{"stages=10x5000", func(t testing.TB) assembled { return staged(t, 10, 5000) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			a := c.build(b)
			g, err := newGraph(a.plan, func(p step.Place) ([]byte, error) { return a.evidence[p], nil })
			if err != nil {
				b.Fatal(err)
			}
			files, in, err := g.fold(a.plan.Image)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				g.account(files, &in)
			}
		})
	}
}

// staged is an image of files that a command made and that were then copied through stages
// on nothing.
func staged(t testing.TB, stages, files int) assembled {
	a := assembled{evidence: map[step.Place][]byte{}}
	a.base(t, distribution(100, 3000))
	a.run(t, paths("/data/out", files), nil)
	for range stages {
		d := wroteFiles(append([]sbom.Entry{{Path: "/data", Type: sbom.TypeDir, Mode: "0755"}}, paths("/data/out", files)...))
		d.Base, d.Inventory = true, &sbom.Inventory{}
		from := a.plan.Image
		a.plan.Image = ""
		a.step(step.Step{
			Kind: step.KindFile, Reads: []string{from}, Actions: []string{"copy " + from + ":/data /data"},
			Copies: []step.Copy{{From: from, Src: "/data", Dest: "/data", Contents: true}}, Evidence: a.put(t, evidence{Delta: d}),
		})
	}
	return a
}

// saved is a container with a build. With SWORN_BENCH_INPUTS it stays, in that folder, so
// that other versions of the program can be run over it.
func saved(b *testing.B, a assembled) string {
	dir := assembleRoot(b, a.plan, a.evidence)
	if keep := os.Getenv("SWORN_BENCH_INPUTS"); keep != "" {
		to := filepath.Join(keep, path.Base(b.Name()))
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// put encodes a step's evidence at the next place.
func (a *assembled) put(t testing.TB, e evidence) *step.Place {
	t.Helper()
	b, err := encodeEvidence(e)
	if err != nil {
		t.Fatal(err)
	}
	at := step.Place{Segment: len(a.evidence)}
	a.evidence[at] = b
	return &at
}

// wide is an image of 3,000 files on which steps wrote files of their own.
func wide(t testing.TB, steps, files int) assembled {
	a := assembled{evidence: map[step.Place][]byte{}}
	a.base(t, distribution(100, 3000))
	for i := range steps {
		a.run(t, paths(fmt.Sprintf("/data/%d", i), files), nil)
	}
	return a
}

// npm is an image of a distribution with a compiler, on which `npm ci` and a build ran:
// 500 packages with 40,000 files, 5,000 files of the steps.
func npm(t testing.TB) assembled {
	a := assembled{evidence: map[step.Place][]byte{}}
	a.base(t, distribution(500, 40000))
	app := wroteFiles(paths("/src", 200))
	app.Base, app.Inventory = true, &sbom.Inventory{}
	tree := treeOf(app.Added)
	tree.Base = app
	a.plan.Sources = append(a.plan.Sources, step.Source{ID: "source2", Kind: step.SourceLocal, URI: "local:context", Evidence: a.put(t, evidence{Tree: tree})})
	modules := paths("/app/node_modules", 4300)
	a.copy(t, "copy source2:/package.json /app/", paths("/app/lib", 2))
	a.run(t, modules, modules[:300])
	a.copy(t, "copy source2:/ /app/", paths("/app/src", 200))
	a.run(t, paths("/app/dist", 500), modules)
	return a
}

// base begins the build with an image.
func (a *assembled) base(t testing.TB, d *described) {
	a.plan = step.Plan{Platform: "linux/amd64", Options: map[string]string{}, Image: "source1", ImageName: "image"}
	a.plan.Sources = []step.Source{{ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/base@1", Pinned: true, Evidence: a.put(t, evidence{Delta: d})}}
}

// run adds a step that wrote some files and read others.
func (a *assembled) run(t testing.TB, wrote, read []sbom.Entry) {
	d := wroteFiles(wrote)
	r := aRecord()
	d.Record = &record{Command: []string{"make"}, Process: r.Process, Sandbox: r.Sandbox, Inputs: provenance.Inputs{
		Mode: step.ObserveInotify, Complete: true, Files: []provenance.FileInput{},
		Packages: []provenance.PackageInput{{PURL: purlOf(0), Files: 40}, {PURL: purlOf(1), Files: 2}},
	}}
	for _, e := range read {
		if e.Type == sbom.TypeFile {
			d.Record.Inputs.Files = append(d.Record.Inputs.Files, provenance.FileInput{Path: e.Path, Digest: provenance.NewSHA256(e.SHA256), Size: e.Size})
		}
	}
	a.step(step.Step{Kind: step.KindExec, Name: "RUN make", Exec: &step.Exec{Args: []string{"make"}, Cwd: "/"}, Evidence: a.put(t, evidence{Delta: d})})
}

// copy adds a step that copied files of source2.
func (a *assembled) copy(t testing.TB, action string, wrote []sbom.Entry) {
	a.step(step.Step{Kind: step.KindFile, Reads: []string{"source2"}, Actions: []string{action}, Evidence: a.put(t, evidence{Delta: wroteFiles(wrote)})})
}

// step adds a step to the end of the image.
func (a *assembled) step(s step.Step) {
	s.ID, s.Parent = fmt.Sprintf("step%d", len(a.plan.Steps)+1), a.plan.Image
	a.plan.Steps, a.plan.Image = append(a.plan.Steps, s), s.ID
}

func wroteFiles(es []sbom.Entry) *described {
	return &described{Delta: sbom.Delta{Added: es, Changed: []sbom.Entry{}, Removed: []step.Path{}}, PackagesAdded: []string{}, PackagesRemoved: []string{}}
}

func purlOf(i int) string {
	return fmt.Sprintf("pkg:deb/debian/lib%03d@1.2.%d-3?arch=amd64&distro=debian-12", i, i)
}

// distribution is a base image of packages, which own nine of ten files.
func distribution(packages, files int) *described {
	d := wroteFiles(nil)
	d.Base, d.Inventory = true, &sbom.Inventory{Distro: sbom.Distro{ID: "debian", Version: "12"}}
	for _, p := range []step.Path{"/app", "/data", "/usr", "/usr/share"} {
		d.Added = append(d.Added, sbom.Entry{Path: p, Type: sbom.TypeDir, Mode: "0755"})
	}
	for i := range packages {
		own := paths(fmt.Sprintf("/usr/share/lib%03d", i), files/packages)
		p := sbom.Package{
			PURL: purlOf(i), Type: "deb", Name: fmt.Sprintf("lib%03d", i), Version: fmt.Sprintf("1.2.%d-3", i), Arch: "amd64",
			Source: fmt.Sprintf("lib%03d", i), SourceVersion: "1.2-3", Maintainer: "Someone <someone@example.org>", Homepage: "https://example.org/",
		}
		for k, e := range own {
			if k%10 != 9 {
				p.Files = append(p.Files, e.Path)
			}
		}
		d.Added = append(d.Added, own...)
		d.Inventory.Packages = append(d.Inventory.Packages, p)
		d.PackagesAdded = append(d.PackagesAdded, p.PURL)
	}
	sortByPath(d.Added)
	d.Inventory.Owners().Attribute(d.Added)
	return d
}

func sortByPath(es []sbom.Entry) {
	slices.SortFunc(es, func(a, b sbom.Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
}

// paths are a folder and n files in folders of it, sorted.
func paths(dir string, n int) []sbom.Entry {
	var out []sbom.Entry
	folder := func(p string) { out = append(out, sbom.Entry{Path: step.Path(p), Type: sbom.TypeDir, Mode: "0755"}) }
	folder(dir)
	for i := range n {
		if i%50 == 0 {
			folder(fmt.Sprintf("%s/part%d", dir, i/50))
		}
		p := fmt.Sprintf("%s/part%d/module-%d.js", dir, i/50, i)
		sum := sha1.Sum([]byte(p))
		e := sbom.Entry{Path: step.Path(p), Type: sbom.TypeFile, Mode: "0644", Size: int64(i), SHA256: hexSum(p), SHA1: hex.EncodeToString(sum[:])}
		if i%20 == 19 {
			e = sbom.Entry{Path: e.Path, Type: sbom.TypeSymlink, Mode: "0777", Target: "../other"}
		}
		out = append(out, e)
	}
	sortByPath(out)
	return out
}
