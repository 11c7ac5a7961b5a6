package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

const offRecord = "the network of line 2 was not recorded, network=record does"

// read is an input as the runner saw it.
func read(path, content string) step.Input {
	return step.Input{Path: step.Path(path), Digest: "sha256:" + hexSum(content), Size: int64(len(content))}
}

func TestFilesOfAnOpenNetworkAreUnexplained(t *testing.T) {
	b := play(t, only(step.RuleUnexplainedFile))
	b.run(b.image(true, base()...), installing(),
		"file 0644 /var/lib/dpkg/status "+status("0.5.12-3"), "file 0755 /usr/bin/dash dash2", // an upgrade
		"file 0644 /etc/motd changed", // of a package that it did not install
		"file 0755 /opt/tool downloaded", "file 0644 /opt/empty ", "link /opt/link tool",
		"file 0755 /etc/issue issue", // another mode
		"rm /etc/unowned", "file 0644 /etc/moved u")
	want := []string{"UnexplainedFile step1 2; /etc/motd base-files (" + offRecord + "); /opt/tool (" + offRecord + ")"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFilesOnRecordAreExplained(t *testing.T) {
	for _, mode := range []string{step.NetworkRecord, step.NetworkNone} {
		b := play(t, only(step.RuleUnexplainedFile))
		context := b.context("file 0644 /app.c c")
		one := b.copy(b.image(true, base()...), context, "file 0644 /app.c c")
		two := b.run(one, observed(mode, read("/app.c", "c")), "file 0755 /app binary", "rm /app.c")
		b.copy("", two, "file 0755 /app binary")
		if got := b.findings(); len(got) > 0 {
			t.Errorf("%s: %q", mode, summary(got))
		}
	}
}

// What cannot be told of one step cannot be told of what others made of its files.
func TestGapsAreFollowed(t *testing.T) {
	type build func(b *played, off string) (image string)
	stage := func(edits ...string) build {
		return func(b *played, off string) string { return b.copy("", off, edits...) }
	}
	made := func(r *step.Record, edits ...string) build {
		return func(b *played, off string) string { return b.run(off, r, edits...) }
	}
	for _, c := range []struct {
		name string
		then build
		want []string
	}{
		{"copied from a stage", stage("file 0755 /elsewhere downloaded"), []string{"UnexplainedFile step2 1; /elsewhere (" + offRecord + ")"}},
		{"another file of the stage", stage("file 0644 /etc/issue issue"), nil},
		{"compiled", made(observed(step.NetworkNone, read("/opt/tool", "downloaded")), "file 0755 /made x", "rm /opt/tool"), []string{"UnexplainedFile step2 1; /made (" + offRecord + ")"}},
		{"made without it", made(observed(step.NetworkNone, read("/etc/issue", "issue")), "file 0755 /made x", "rm /opt/tool"), nil},
		{"moved", made(observed(step.NetworkNone), "rm /opt/tool", "file 0755 /usr/bin/tool downloaded"), []string{"UnexplainedFile step2 1; /usr/bin/tool (" + offRecord + ")"}},
		{"another mode", made(observed(step.NetworkNone), "file 4755 /opt/tool downloaded"), []string{"UnexplainedFile step2 1; /opt/tool (" + offRecord + ")"}},
		{"changed", made(observed(step.NetworkNone, step.Input{Path: "/opt/tool", Changed: true, Size: 9}), "file 0755 /opt/tool downloaded+1"), []string{"UnexplainedFile step2 1; /opt/tool (" + offRecord + ")"}},
		{"removed", made(observed(step.NetworkNone), "rm /opt/tool"), nil},
		{"through a mount", func(b *played, off string) string {
			r := observed(step.NetworkNone, step.Input{Path: "/mnt/tool", Mount: "/mnt", Shared: true, Digest: "sha256:" + hexSum("downloaded"), Size: 10})
			return b.step(step.Step{Kind: step.KindExec, Name: "RUN make", Parent: "source1", Reads: []string{off}, Exec: &step.Exec{
				Args: r.Command, Mounts: []step.Mount{{Type: step.MountBind, Target: "/mnt", From: off, Path: "/opt", ReadOnly: true}},
			}}, r, "file 0755 /made x")
		}, []string{"UnexplainedFile step2 1; /made (" + offRecord + ")"}},
		{"copied from a mount", func(b *played, off string) string {
			r := observed("", step.Input{Path: "/mnt/issue", Mount: "/mnt", Shared: true, Digest: "sha256:" + hexSum("issue"), Size: 5})
			return b.step(step.Step{Kind: step.KindExec, Name: "RUN make", Parent: "source1", Reads: []string{off}, Exec: &step.Exec{
				Args: r.Command, Mounts: []step.Mount{{Type: step.MountBind, Target: "/mnt", From: off, Path: "/etc", ReadOnly: true}},
			}}, r, "file 0755 /copy issue")
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, only(step.RuleUnexplainedFile))
			off := b.run(b.image(true, base()...), observed(""), "file 0755 /opt/tool downloaded")
			c.then(b, off)
			if diff := cmp.Diff(c.want, summary(b.findings())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNotOnRecord(t *testing.T) {
	cache := step.Exec{Args: []string{"make"}, Mounts: []step.Mount{{Type: step.MountCache, Target: "/cache", ID: "c", Sharing: "shared"}}}
	for _, c := range []struct {
		name string
		edit func(*step.Step, *step.Record)
		want string
	}{
		{"all", func(*step.Step, *step.Record) {}, ""},
		{"not observed", func(_ *step.Step, r *step.Record) {
			r.Observation = step.Observation{Mode: step.ObserveOff, Reasons: []string{"observe=off"}}
		}, "not all that line 2 read is on record: observe=off"},
		{"an upgrade", func(_ *step.Step, r *step.Record) {
			r.Network = &step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Enforced: true, Reasons: []string{"websocket"}, Requests: []step.Request{}}
		}, "not all that line 2 did on the network is on record: websocket"},
		{"a cache mount", func(s *step.Step, r *step.Record) {
			s.Exec = &cache
			r.Observation.Inputs = []step.Input{{Path: "/cache/o", Mount: "/cache", Shared: true, Digest: "sha256:" + hexSum("o"), Size: 1}}
		}, "line 2 read /cache/o in a cache mount, which other builds write to"},
		{"a cache mount that it only wrote to", func(s *step.Step, _ *step.Record) { s.Exec = &cache }, ""},
		{"a mount of nobody", func(_ *step.Step, r *step.Record) {
			r.Observation.Inputs = []step.Input{{Path: "/x/o", Mount: "/x", Digest: "sha256:" + hexSum("o"), Size: 1}}
		}, "line 2 read /x/o in a mount that the plan does not have"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := play(t, only(step.RuleUnexplainedFile))
			r := observed(step.NetworkNone)
			s := step.Step{Kind: step.KindExec, Name: "RUN make", Parent: b.image(true, base()...), Exec: &step.Exec{Args: r.Command}}
			c.edit(&s, r)
			b.step(s, r, "file 0755 /made x")
			var want []string
			if c.want != "" {
				want = []string{"UnexplainedFile step1 1; /made (" + c.want + ")"}
			}
			if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilesOfAStepWithoutARecordAreUnexplained(t *testing.T) {
	b := play(t, only(step.RuleUnexplainedFile))
	b.step(step.Step{
		Kind: step.KindExec, Name: "RUN make", Parent: b.image(true, base()...), Exec: &step.Exec{Args: []string{"make"}},
		Unobserved: "security=insecure",
	}, nil, "file 0755 /made x")
	want := []string{"UnexplainedFile step1 1; /made (line 2 ran without a record: security=insecure)"}
	if diff := cmp.Diff(want, summary(b.findings())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
