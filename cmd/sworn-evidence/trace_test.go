package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// contents assembles and reads the statement of the files.
func (b *played) contents() provenance.Contents {
	b.t.Helper()
	out, err := statements(b.plan, func(p step.Place) ([]byte, error) { return b.evidence[p], nil })
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range out {
		if f.name == step.ContentsFile {
			c, err := provenance.DecodeContents(f.data)
			if err != nil {
				b.t.Fatal(err)
			}
			return c
		}
	}
	b.t.Fatal("no contents")
	return provenance.Contents{}
}

// wantOrigins compares origins of paths, written "CLASS FROM [of CLASS] [at PATH] [(REASON)]".
func (b *played) wantOrigins(want map[string]string) {
	b.t.Helper()
	c := b.contents()
	got := map[string]string{}
	for _, f := range c.Files {
		o := c.Origins[f.Origin]
		text := o.Class + " " + o.From
		if o.Of != "" {
			text += " of " + o.Of
		}
		if f.OriginPath != "" {
			text += " at " + string(f.OriginPath)
		}
		if o.Reason != "" {
			text += " (" + o.Reason + ")"
		}
		if _, ok := want[string(f.Path)]; ok {
			got[string(f.Path)] = text
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("origins (-want +got):\n%s", diff)
	}
}

// source is a source that is not described.
func (b *played) source(kind, uri string) string {
	src := step.Source{ID: "source" + string(rune('1'+len(b.plan.Sources))), Kind: kind, URI: uri, Pinned: true}
	b.plan.Sources = append(b.plan.Sources, src)
	return src.ID
}

// file adds a step of file actions. Those that copy from a step are its copies, as the
// frontend has it.
func (b *played) file(name, parent, actions string, edits ...string) string {
	s := step.Step{Kind: step.KindFile, Name: name, Parent: parent}
	seen := map[string]bool{}
	for a := range strings.SplitSeq(actions, "; ") {
		s.Actions = append(s.Actions, a)
		from, rest, ok := strings.Cut(strings.TrimPrefix(a, "copy "), ":")
		if !ok || !strings.HasPrefix(a, "copy ") {
			continue
		}
		if !seen[from] {
			seen[from] = true
			s.Reads = append(s.Reads, from)
		}
		if strings.HasPrefix(from, "step") {
			src, dest, _ := strings.Cut(rest, " ")
			s.Copies = append(s.Copies, step.Copy{From: from, Src: src, Dest: dest, Contents: true, Pattern: strings.Contains(src, "*")})
		}
	}
	slices.Sort(s.Reads)
	return b.step(s, nil, edits...)
}

// merge adds a merge of a state with others: COPY --link.
func (b *played) merge(parent, from string, edits ...string) string {
	return b.step(step.Step{Kind: step.KindMerge, Name: "COPY --link", Parent: parent, Reads: []string{from}}, nil, edits...)
}

// none is a RUN without a network.
func (b *played) none(parent string, inputs []step.Input, edits ...string) string {
	return b.run(parent, observed(step.NetworkNone, inputs...), edits...)
}

func TestOriginsAreFollowed(t *testing.T) {
	debian := base()
	for _, c := range []struct {
		name string
		play func(b *played, base, context string)
		want map[string]string
	}{
		{"a base and a context", func(b *played, base, context string) {
			b.file("COPY", base, "copy "+context+":/src /app", "file 0644 /app/a.c a", "file 0644 /app/sub/b.c b", "link /app/l a.c", "file 0644 /app/none ")
		}, map[string]string{
			"/etc/unowned": "base source1", "/etc": "package source1", "/etc/issue": "package source1", "/usr": "base source1",
			"/app": "context source2 at /src", "/app/a.c": "context source2 at /src/a.c", "/app/sub/b.c": "context source2 at /src/sub/b.c",
			"/app/sub": "context source2 at /src/sub", "/app/l": "context source2 at /src/l", "/app/none": "context source2 at /src/none",
		}},
		{"a mode and an owner", func(b *played, base, context string) {
			one := b.file("COPY --chown --chmod", base, "copy "+context+":/src/a.c /app/", "file 0640 /app/a.c a")
			b.none(one, nil, "file 4755 /app/a.c a", "file 0600 /etc/unowned u", "dir 0700 /app", "file 4755 /usr/bin/dash dash1")
		}, map[string]string{
			"/app": "step step1", "/app/a.c": "context source2 at /src/a.c", "/etc/unowned": "base source1", "/usr/bin/dash": "package source1",
		}},
		{"a whiteout and a file in its place", func(b *played, base, context string) {
			one := b.none(base, nil, "rm /etc/unowned")
			b.file("COPY", one, "copy "+context+":/src/a.c /etc/unowned", "file 0644 /etc/unowned a")
		}, map[string]string{"/etc/unowned": "context source2 at /src/a.c"}},
		{"an opaque folder", func(b *played, base, _ string) {
			one := b.none(base, nil, "file 0644 /opt/d/one 1", "file 0644 /opt/d/two 2")
			b.none(one, nil, "rm /opt/d/one", "rm /opt/d/two", "file 0644 /opt/d/three 2")
		}, map[string]string{"/opt/d": "step step1", "/opt/d/three": "step step1 at /opt/d/two"}},
		{"hard links", func(b *played, base, _ string) {
			b.none(base, []step.Input{read("/etc/unowned", "u")}, "file 0644 /srv/a made", "hard /srv/b /srv/a", "file 0644 /srv/c u", "hard /srv/d /srv/c")
		}, map[string]string{
			"/srv/a": "step step1", "/srv/b": "step step1", "/srv/c": "base source1 at /etc/unowned", "/srv/d": "base source1 at /etc/unowned",
		}},
		{"a folder that is a link", func(b *played, base, context string) {
			b.file("COPY", base, "copy "+context+":/src/a.c /bin/tool", "file 0755 /usr/bin/tool a")
		}, map[string]string{"/usr/bin/tool": "context source2 at /src/a.c", "/bin": "package source1"}},
		{"a file that becomes a folder and one again", func(b *played, base, _ string) {
			one := b.none(base, nil, "rm /etc/unowned", "file 0644 /etc/unowned/in it")
			two := b.none(one, nil, "rm /etc/unowned/in", "link /etc/unowned issue")
			b.none(two, nil, "file 0644 /etc/unowned it")
		}, map[string]string{"/etc/unowned": "step step3"}},
		{"a name in capitals, another folder", func(b *played, base, _ string) {
			one := b.none(base, nil, "rm /etc/unowned", "file 0644 /etc/Unowned u")
			b.none(one, nil, "rm /etc/Unowned", "file 0644 /srv/x/Unowned u")
		}, map[string]string{"/srv/x/Unowned": "base source1 at /etc/unowned", "/srv/x": "step step2"}},
		{"COPY --link", func(b *played, base, context string) {
			linked := b.file("COPY --link", "", "copy "+context+":/src/a.c /opt/app/", "file 0644 /opt/app/a.c a")
			b.merge(base, linked, "file 0644 /opt/app/a.c a")
		}, map[string]string{"/opt": "step step1", "/opt/app": "step step1", "/opt/app/a.c": "context source2 at /src/a.c"}},
		{"text of the Dockerfile", func(b *played, base, _ string) {
			text := b.file("mkfile", "", "mkfile /EOF", "file 0644 /EOF text")
			b.file("COPY <<EOF", base, "copy "+text+":/EOF /etc/text", "file 0644 /etc/text text")
		}, map[string]string{"/etc/text": "context step1 at /EOF"}},
		{"WORKDIR", func(b *played, base, _ string) { b.file("WORKDIR", base, "mkdir /work/dir", "dir 0755 /work/dir") },
			map[string]string{"/work": "step step1", "/work/dir": "step step1"}},
		{"an archive of the context", func(b *played, base, context string) {
			b.file("ADD x.tar /", base, "copy "+context+":/src/a.c /opt/", "file 0644 /opt/un/packed p", "dir 0755 /opt/empty")
		}, map[string]string{"/opt": "step step1", "/opt/un": "context source2", "/opt/un/packed": "context source2", "/opt/empty": "context source2"}},
		{"a URL, a repository, an image", func(b *played, base, _ string) {
			url, repo, image := b.source(step.SourceHTTP, "https://a.test/x.tgz"), b.source(step.SourceGit, "git+https://b.test/r.git#v1"), b.source(step.SourceImage, "pkg:docker/tools@1")
			one := b.file("ADD https://a.test/x.tgz /x.tgz", base, "copy "+url+":/x.tgz /x.tgz", "file 0600 /x.tgz z")
			two := b.file("ADD https://b.test/r.git /r", one, "copy "+repo+":/ /r", "file 0644 /r/f f")
			b.file("COPY --from=tools", two, "copy "+image+":/usr/bin/tool /bin/", "file 0755 /usr/bin/tool t")
		}, map[string]string{
			"/x.tgz": "download source3", "/r/f": "download source4", "/usr/bin/tool": "base source5",
		}},
		{"a repository as the context", func(b *played, base, _ string) {
			repo := b.source(step.SourceGit, "git+https://b.test/r.git#v1")
			b.file("COPY . /r", base, "copy "+repo+":/ /r", "file 0644 /r/f f")
		}, map[string]string{"/r/f": "context source3"}},
		{"three stages", func(b *played, base, context string) {
			image := b.source(step.SourceImage, "pkg:docker/golang@1")
			b.states[image] = []string{"file 0755 /usr/bin/gcc gcc"}
			one := b.file("COPY", image, "copy "+context+":/src /src", "file 0644 /src/a.c a", "file 0644 /src/sub/b.c b")
			two := b.none(one, []step.Input{read("/src/a.c", "a"), read("/usr/bin/gcc", "gcc")}, "file 0755 /out/app binary", "file 0644 /out/cfg b")
			three := b.file("COPY --from=1", "", "copy "+two+":/out /dist", "file 0755 /dist/app binary", "file 0644 /dist/cfg b")
			four := b.none(three, nil, "rm /dist/app", "file 0755 /dist/renamed binary", "file 0644 /dist/notes notes")
			b.file("COPY --from=2", base, "copy "+four+":/dist/* /opt/; copy "+two+":/usr/bin/gcc /usr/bin/gcc",
				"file 0755 /opt/renamed binary", "file 0644 /opt/cfg b", "file 0644 /opt/notes notes", "file 0755 /usr/bin/gcc gcc")
		}, map[string]string{
			"/opt/renamed": "stage step2 of step at /out/app", "/opt/cfg": "stage step2 of step at /out/cfg", "/opt/notes": "stage step4 of step at /dist/notes",
			"/usr/bin/gcc": "base source3",
		}},
		{"a program of an image that was not described", func(b *played, base, _ string) {
			one := b.none(b.image(false, debian...), []step.Input{read("/etc/unowned", "u"), read("/usr/bin/dash", "dash1")}, "file 0755 /out/sh dash1", "file 0644 /out/u u", "file 0644 /out/issue issue")
			b.file("COPY --from=0", base, "copy "+one+":/out /opt", "file 0755 /opt/sh dash1", "file 0644 /opt/u u", "file 0644 /opt/issue issue")
		}, map[string]string{
			"/opt/sh": "base source3 at /usr/bin/dash", "/opt/u": "base source3 at /etc/unowned", "/opt/issue": "stage step1 of step at /out/issue", // nobody read it
		}},
		{"a download", func(b *played, base, _ string) {
			const url = "https://a.test/tool"
			one := b.run(base, fetched(observed(step.NetworkRecord), url), "file 0755 /opt/tool "+url, "file 0644 /opt/made made")
			b.none(one, nil, "rm /opt/tool", "file 0755 /usr/bin/tool "+url)
		}, map[string]string{"/usr/bin/tool": "download download1", "/opt/made": "step step1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, step.Rules{})
			base := b.image(true, base()...)
			context := b.context("file 0644 /src/a.c a", "file 0644 /src/sub/b.c b", "link /src/l a.c", "file 0644 /src/none ")
			c.play(b, base, context)
			b.wantOrigins(c.want)
		})
	}
}

// TestManyWaysAreGoneOnce: of a file that nobody can explain every way is tried. In each of
// these stages there are several, so that together there are more than could be.
func TestManyWaysAreGoneOnce(t *testing.T) {
	b := play(t, step.Rules{})
	state := b.run(b.image(true, base()...), observed(""), "file 0644 /d/a same", "file 0644 /d/b same")
	for range 40 {
		state = b.file("COPY --from", "", "copy "+state+":/d/a /d/; copy "+state+":/d/* /d/; copy "+state+":/d /d", "file 0644 /d/a same", "file 0644 /d/b same")
		state = b.merge(state, state, "file 0600 /d/a same")
	}
	b.wantOrigins(map[string]string{
		"/d/a": "unexplained step1 (the network of line 2 was not recorded, network=record does)",
		"/d/b": "unexplained step1 (the network of line 2 was not recorded, network=record does)",
	})
}

func TestOriginsOfAnImageWithoutSteps(t *testing.T) {
	b := play(t, step.Rules{})
	b.plan.Image = b.image(true, base()...)
	b.wantOrigins(map[string]string{
		"/etc/issue": "package source1", "/etc/unowned": "base source1", "/var/lib/dpkg/status": "package-manager-state source1",
	})
}

// TestOriginsAreTheSameEveryTime: maps have no order, origins must not show it.
func TestOriginsAreTheSameEveryTime(t *testing.T) {
	b := play(t, step.Rules{})
	one := b.run(b.image(true, base()...), fetched(observed(step.NetworkRecord), "https://b.test/x", "https://a.test/x"),
		"file 0644 /srv/a https://a.test/x", "file 0644 /srv/b https://b.test/x", "file 0644 /srv/c https://b.test/x")
	two := b.none(one, nil, "rm /srv/a", "rm /srv/b", "file 0644 /opt/x https://a.test/x", "file 0644 /opt/y https://b.test/x")
	b.file("COPY", "", "copy "+two+":/* /", b.states[two]...)
	want := b.contents()
	for range 20 {
		if diff := cmp.Diff(want, b.contents()); diff != "" {
			t.Fatalf("(-first +again):\n%s", diff)
		}
	}
}

func TestOriginsThroughAStepWithoutEvidence(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(true, base()...)
	one := b.none(b.image(false, "file 0644 /etc/x x"), nil, "file 0644 /out/a a")
	b.file("COPY --from=0", base, "copy "+one+":/out /opt", "file 0644 /opt/a a", "file 0644 /opt/empty ")
	s := &b.plan.Steps[0]
	s.Evidence, s.Unobserved = nil, "the builder did not say"
	b.wantOrigins(map[string]string{"/opt/a": "unexplained step1 (nothing tells what line 2 wrote)", "/opt": "step step2"})
}

func TestOriginsOfADifference(t *testing.T) {
	b := play(t, step.Rules{})
	base := b.image(true, base()...)
	one := b.none(base, nil, "file 0644 /opt/made made", "file 0600 /etc/unowned u")
	two := b.step(step.Step{Kind: step.KindDiff, Name: "diff", Reads: []string{base, one}}, nil, "file 0644 /opt/made made", "file 0600 /etc/unowned u")
	b.merge(base, two, "file 0644 /opt/made made", "file 0600 /etc/unowned u")
	b.wantOrigins(map[string]string{"/opt/made": "stage step1 of step", "/etc/unowned": "base source1", "/etc/issue": "package source1"})
}
