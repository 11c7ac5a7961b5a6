package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// told is a step with what evidence says of it. Lists hold "PATH=CONTENT",
// "PATH->TARGET" and "PATH/".
type told struct {
	step.Step
	added, changed []string
	removed        []step.Path
	read           []provenance.FileInput
}

func entries(list []string) []sbom.Entry {
	out := []sbom.Entry{}
	for _, s := range list {
		e := sbom.Entry{Type: sbom.TypeDir, Mode: "0755", Path: step.Path(strings.TrimSuffix(s, "/"))}
		if p, content, ok := strings.Cut(s, "="); ok {
			e = sbom.Entry{Type: sbom.TypeFile, Mode: "0644", Path: step.Path(p), Size: int64(len(content)), SHA256: hexSum(content), SHA1: strings.Repeat("a", 40)}
		} else if p, target, ok := strings.Cut(s, "->"); ok {
			e = sbom.Entry{Type: sbom.TypeSymlink, Mode: "0777", Path: step.Path(p), Target: step.Path(target)}
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b sbom.Entry) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return out
}

// agree assembles a build of the steps on top of source1, which was not described;
// the image is another, empty one.
func agree(t *testing.T, steps []told) error {
	t.Helper()
	p := step.Plan{
		Platform: "linux/amd64", Options: map[string]string{}, Image: "source2",
		Sources: []step.Source{
			{ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/x"},
			{ID: "source2", Kind: step.SourceImage, URI: "pkg:docker/y", Evidence: &step.Place{Segment: 99}},
		},
	}
	evidences := map[step.Place][]byte{}
	put := func(at step.Place, d described) {
		b, err := encodeEvidence(evidence{Delta: &d})
		if err != nil {
			t.Fatal(err)
		}
		evidences[at] = b
	}
	put(step.Place{Segment: 99}, described{Base: true, Inventory: &sbom.Inventory{}})
	for i, s := range steps {
		s.Evidence = &step.Place{Segment: i, Item: 1}
		d := described{Base: s.Parent == "", Delta: sbom.Delta{Added: entries(s.added), Changed: entries(s.changed), Removed: s.removed}}
		if d.Base {
			d.Inventory = &sbom.Inventory{}
		}
		if s.Kind == step.KindExec {
			if s.Exec == nil {
				s.Exec = &step.Exec{}
			}
			d.Record = &record{Inputs: provenance.Inputs{Mode: step.ObserveInotify, Packages: []provenance.PackageInput{}, Files: s.read}}
			if d.Record.Inputs.Files == nil {
				d.Record.Inputs.Files = []provenance.FileInput{}
			}
		}
		for _, c := range s.Copies {
			s.Reads = append(s.Reads, c.From)
			s.Actions = append(s.Actions, fmt.Sprintf("copy %s:%s %s", c.From, c.Src, c.Dest))
		}
		slices.Sort(s.Reads)
		s.Reads = slices.Compact(s.Reads)
		put(*s.Evidence, d)
		p.Steps = append(p.Steps, s.Step)
	}
	_, err := statements(p, func(at step.Place) ([]byte, error) { return evidences[at], nil })
	return err
}

func ran(id, parent string, added ...string) told {
	return told{Step: step.Step{ID: id, Kind: step.KindExec, Parent: parent}, added: added}
}

func copied(id, parent string, copies []step.Copy, added ...string) told {
	return told{Step: step.Step{ID: id, Kind: step.KindFile, Parent: parent, Copies: copies}, added: added}
}

func one(from, src, dest string) []step.Copy {
	return []step.Copy{{From: from, Src: src, Dest: dest, Contents: true}}
}

func with(c []step.Copy, edit func(*step.Copy)) []step.Copy { edit(&c[0]); return c }

func differ(path, wrote, was, taker, verb, is string) string {
	return fmt.Sprintf("evidence of %s and %s are of different builds: %s was sha256:%s when %s wrote it, sha256:%s when %s %s it",
		wrote, taker, path, hexSum(was), wrote, hexSum(is), taker, verb)
}

func TestCopiesMatchTheirSources(t *testing.T) {
	build := ran("step1", "source1", "/out/", "/out/a=1", "/out/sub/", "/out/sub/b=2", "/link->out/a", "/dir->/out")
	bare := ran("step1", "source1", "/usr/lib/x=1")
	pattern := func(c *step.Copy) { c.Pattern = true }
	for _, c := range []struct {
		name  string
		steps []told
		want  string
	}{
		{"a file", []told{build, copied("step2", "source1", one("step1", "/out/a", "/one"), "/one=1")}, ""},
		{"another file", []told{build, copied("step2", "source1", one("step1", "/out/a", "/one"), "/one=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"another file over one", []told{build, {Step: copied("step2", "source1", one("step1", "/out/a", "/one")).Step, changed: []string{"/one=9"}}}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"into a folder", []told{build, copied("step2", "source1", one("step1", "/out/a", "/d/"), "/d/", "/d/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"into a folder that is there", []told{build, copied("step2", "source1", one("step1", "/out/a", "/d"), "/d/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"through a link", []told{build, copied("step2", "source1", one("step1", "/link", "/one"), "/one=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"through a link to a folder", []told{build, copied("step2", "source1", one("step1", "/dir/sub/../a", "/d/"), "/d/", "/d/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"to where a link leads", []told{build, copied("step2", "", nil, "/d->e", "/e/"), copied("step3", "step2", one("step1", "/out/a", "/d/"), "/e/a=9")}, differ("/out/a", "step1", "1", "step3", "copied", "9")},
		{"a loop of links", []told{ran("step1", "source1", "/l->l"), copied("step2", "source1", one("step1", "/l", "/one"), "/one=9")}, ""},
		{"a folder", []told{build, copied("step2", "source1", one("step1", "/out", "/app"), "/app/", "/app/a=1", "/app/sub/", "/app/sub/b=2")}, ""},
		{"a folder with another file", []told{build, copied("step2", "source1", one("step1", "/out", "/app"), "/app/", "/app/a=1", "/app/sub/", "/app/sub/b=9")}, differ("/out/sub/b", "step1", "2", "step2", "copied", "9")},
		{"a folder without a file", []told{build, copied("step2", "source1", one("step1", "/out", "/app"), "/app/", "/app/a=1", "/app/sub/")}, "evidence of step1 and step2 are of different builds: /out/sub/b was there when step1 wrote it, not when step2 copied it"},
		{"a folder without a file, filtered", []told{build, copied("step2", "source1", with(one("step1", "/out", "/app"), func(c *step.Copy) { c.Filtered = true }), "/app/", "/app/a=1", "/app/sub/")}, ""},
		{"a folder over one that had the file", []told{build, copied("step2", "source1", one("step1", "/out", "/app"), "/app/a=1")}, ""},
		{"a folder, filtered, with another file", []told{build, copied("step2", "source1", with(one("step1", "/out", "/app"), func(c *step.Copy) { c.Filtered = true }), "/app/", "/app/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"a folder by its name", []told{build, copied("step2", "source1", with(one("step1", "/out", "/app"), func(c *step.Copy) { c.Contents = false }), "/app/out/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"all of a state", []told{copied("step1", "", nil, "/a=1"), copied("step2", "source1", one("step1", "/", "/"), "/a=9")}, differ("/a", "step1", "1", "step2", "copied", "9")},
		{"a pattern", []told{build, copied("step2", "source1", with(one("step1", "/out/*", "/d/"), pattern), "/d/", "/d/a=9")}, differ("/out/a", "step1", "1", "step2", "copied", "9")},
		{"a pattern that matches a folder", []told{build, copied("step2", "source1", with(one("step1", "/out/s*", "/d/"), pattern), "/d/", "/d/b=9")}, differ("/out/sub/b", "step1", "2", "step2", "copied", "9")},
		{"a pattern of two elements", []told{build, copied("step2", "source1", with(one("step1", "/o[u]t/*/b", "/d/"), pattern), "/d/b=9")}, ""},
		{"a pattern over what is not known", []told{bare, copied("step2", "source1", with(one("step1", "/usr/*/x", "/d/"), pattern), "/d/x=9")}, ""},
		{"what is not known", []told{bare, copied("step2", "source1", one("step1", "/etc/passwd", "/d/"), "/d/passwd=9")}, ""},
		{"a known file in a folder that is not", []told{bare, copied("step2", "source1", one("step1", "/usr", "/usr"), "/usr/lib/x=9")}, differ("/usr/lib/x", "step1", "1", "step2", "copied", "9")},
		{"from a source", []told{copied("step1", "source1", one("source1", "/a", "/a"), "/a=9")}, ""},
		{"unpacked", []told{build, copied("step2", "source1", with(one("step1", "/out/a", "/d/"), func(c *step.Copy) { c.Unpack = true }), "/d/a=9")}, ""},
		{"changed later", []told{build, {Step: ran("step2", "step1").Step, changed: []string{"/out/a=3"}}, copied("step3", "source1", one("step2", "/out/a", "/one"), "/one=1")}, differ("/out/a", "step2", "3", "step3", "copied", "1")},
		{"removed later", []told{build, {Step: ran("step2", "step1").Step, removed: []step.Path{"/out/a"}}, copied("step3", "source1", one("step2", "/out/a", "/one"), "/one=1")}, ""},
		{"a hostile name", []told{ran("step1", "source1", "/a b=1"), copied("step2", "source1", one("step1", "/a b", "/one"), "/one=9")}, differ(`"/a b"`, "step1", "1", "step2", "copied", "9")},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, agree(t, c.steps), c.want) })
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Two actions of one step may write the same place.
func TestTheLastOfSeveralCopiesCounts(t *testing.T) {
	one1, other := ran("step1", "source1", "/o/", "/o/a=1"), ran("step2", "source1", "/p/", "/p/a=2", "/p/b=3")
	both := func(second string) []step.Copy {
		return []step.Copy{{From: "step1", Src: "/o", Dest: "/d", Contents: true}, {From: "step2", Src: second, Dest: "/d/", Contents: true}}
	}
	mkfile := copied("step3", "source1", one("step1", "/o/a", "/d/"), "/d/a=9")
	mkfile.Actions = []string{"mkfile /d/a"}
	context := copied("step3", "source1", one("step1", "/o/a", "/d/"), "/d/a=9")
	context.Actions = []string{"copy source1:/some where /d/"}
	elsewhere := copied("step3", "source1", one("step1", "/o/a", "/d/"), "/d/a=9")
	elsewhere.Actions = []string{"mkdir /d", "mkfile /e/a"}
	for _, c := range []struct {
		name string
		last told
		want string
	}{
		{"the second", copied("step3", "source1", both("/p"), "/d/", "/d/a=2", "/d/b=3"), ""},
		{"the first", copied("step3", "source1", both("/p/b"), "/d/", "/d/a=1", "/d/b=3"), ""},
		{"neither", copied("step3", "source1", both("/p"), "/d/", "/d/a=9", "/d/b=3"), differ("/p/a", "step2", "2", "step3", "copied", "9")},
		{"one that is not known", copied("step3", "source1", both("/unknown"), "/d/", "/d/a=9"), ""},
		{"a file", mkfile, ""},
		{"the context", context, ""},
		{"elsewhere", elsewhere, differ("/o/a", "step1", "1", "step3", "copied", "9")},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, agree(t, []told{one1, other, c.last}), c.want) })
	}
}

func TestMergesMatchTheirInputs(t *testing.T) {
	link := copied("step1", "", nil, "/a=1")
	other := copied("step2", "", nil, "/a=2")
	merge := func(content string) told {
		return told{Step: step.Step{ID: "step3", Kind: step.KindMerge, Parent: "source1", Reads: []string{"step1", "step2"}}, added: []string{"/a=" + content}}
	}
	for content, want := range map[string]string{"1": "", "2": "", "9": differ("/a", "step2", "2", "step3", "merged", "9")} {
		wantError(t, agree(t, []told{link, other, merge(content)}), want)
	}
	unknown := ran("step2", "source1", "/a=2")
	wantError(t, agree(t, []told{link, unknown, merge("9")}), "")
}

func TestReadsMatchWhatIsMounted(t *testing.T) {
	build := ran("step1", "source1", "/out/", "/out/a=1", "/dir->out", "/out/l->a")
	saw := func(p step.Path, mount, content string) provenance.FileInput {
		return provenance.FileInput{Path: p, Mount: mount, Size: 1, Digest: provenance.NewSHA256(hexSum(content))}
	}
	mounted := func(m step.Mount, files ...provenance.FileInput) told {
		s := ran("step2", "source1")
		m.Type = step.MountBind
		s.Exec, s.read = &step.Exec{Mounts: []step.Mount{m}}, files
		s.Reads = []string{"step1"}
		return s
	}
	mismatch := differ("/out/a", "step1", "1", "step2", "read", "9")
	for _, c := range []struct {
		name string
		last told
		want string
	}{
		{"the same", mounted(step.Mount{Target: "/m", From: "step1", ReadOnly: true}, saw("/m/out/a", "/m", "1")), ""},
		{"other bytes", mounted(step.Mount{Target: "/m/", From: "step1", ReadOnly: true}, saw("/m/out/a", "/m", "9")), mismatch},
		{"a folder", mounted(step.Mount{Target: "/m", From: "step1", Path: "dir", ReadOnly: true}, saw("/m/a", "/m", "9")), mismatch},
		{"a file", mounted(step.Mount{Target: "/m", From: "step1", Path: "/dir/l", ReadOnly: true}, saw("/m", "/m", "9")), mismatch},
		{"writable", mounted(step.Mount{Target: "/m", From: "step1"}, saw("/m/out/a", "/m", "9")), ""},
		{"not known", mounted(step.Mount{Target: "/m", From: "step1", ReadOnly: true}, saw("/m/etc/passwd", "/m", "9")), ""},
		{"another mount", mounted(step.Mount{Target: "/m", From: "step1", ReadOnly: true}, saw("/n/out/a", "/n", "9")), ""},
		{"a source", mounted(step.Mount{Target: "/m", From: "source1", ReadOnly: true}, saw("/m/out/a", "/m", "9")), ""},
		{"its own file system", told{Step: ran("step2", "step1").Step, read: []provenance.FileInput{saw("/out/a", "", "9")}}, mismatch},
		{"its own file system, the same", told{Step: ran("step2", "step1").Step, read: []provenance.FileInput{saw("/out/a", "", "1")}}, ""},
		{"no digest", mounted(step.Mount{Target: "/m", From: "step1", ReadOnly: true}, provenance.FileInput{Path: "/m/out/a", Mount: "/m", Reason: "x"}), ""},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, agree(t, []told{build, c.last}), c.want) })
	}
}
