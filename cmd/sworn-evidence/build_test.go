package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	goleak.VerifyTestMain(m)
}

// golden compares b, JSON, with a file of testdata.
func golden(t *testing.T, name string, b []byte) {
	t.Helper()
	p := filepath.Join("testdata", name)
	if update() {
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(indent(t, want), indent(t, b)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func indent(t *testing.T, b []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", " "); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// status is dpkg's status with two packages.
func status(dash string) string {
	return "Package: base-files\nStatus: install ok installed\nArchitecture: amd64\nVersion: 12.4+deb12u5\nMaintainer: Santiago Vila <sanvila@debian.org>\n\n" +
		"Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: " + dash + "\nMaintainer: Andrej Shadura <andrewsh@debian.org>\nHomepage: http://gondor.apana.org.au/~herbert/dash/\n"
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// A small build: a base, a RUN that upgrades a package, writes a file, removes
// one and changes one that it read, and a COPY of a local context over it.
//
//	FROM base                                  source1, segment 0 item 1
//	RUN apt-get install dash && ...            step1,   segment 1 item 1
//	COPY app /app                              step2,   segment 1 item 2
//	local context                              source2, segment 2 item 0
func base() []string {
	return []string{
		"file 0644 /etc/os-release ID=debian\nVERSION_ID=\"12\"\n",
		"file 0644 /etc/motd welcome", "file 0644 /etc/issue issue", "file 0644 /etc/unowned u",
		"file 0755 /usr/bin/dash dash1", "link /bin usr/bin", "link /usr/bin/sh dash",
		"file 0644 /var/lib/dpkg/status " + status("0.5.12-2"),
		"file 0644 /var/lib/dpkg/info/base-files.list /.\n/etc\n/etc/motd\n/etc/issue\n",
		"file 0644 /var/lib/dpkg/info/dash.list /bin\n/bin/dash\n/bin/sh\n",
	}
}

func changed() []string {
	return []string{
		"file 0644 /etc/motd changed", "file 4755 /usr/bin/dash dash2", "file 0600 /root/made by the step",
		"file 0644 /var/lib/dpkg/status " + status("0.5.12-3"),
	}
}

func aRecord() step.Record {
	digest := func(s string) string { return "sha256:" + hexSum(s) }
	return step.Record{
		Version: step.RecordVersion,
		Command: []string{"/bin/sh", "-c", "apt-get install dash && make"},
		Process: step.Process{Groups: []uint32{}, Cwd: "/"},
		Sandbox: step.Sandbox{
			Harden: step.HardenStrict, Kernel: "6.12.9", NoNewPrivileges: true, Seccomp: "filter",
			Capabilities: step.CapabilitySets{
				Bounding: []string{"CAP_CHOWN"}, Effective: []string{}, Permitted: []string{}, Inheritable: []string{}, Ambient: []string{},
			},
			Filter: &step.Filter{Name: "strict/1", Digest: digest("filter")},
			Landlock: &step.Landlock{
				ABI: 6, Restricts: []string{step.RestrictSockets, step.RestrictSignals, step.RestrictWrites}, Writable: []step.Path{"/tmp"},
			},
		},
		Network: &step.Network{
			Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Enforced: true, Complete: true,
			Requests: []step.Request{
				{Method: "GET", URL: "http://mirror.test/Release", Status: 304, Count: 1},
				{Method: "GET", URL: "http://mirror.test/pool/dash_0.5.12-3_amd64.deb", Status: 200, Digest: digest("deb"), Size: 3, Count: 2},
				{Method: "GET", URL: "http://mirror.test/part", Status: 206, Digest: digest("p"), Size: 1, Range: "bytes=0-0", Count: 1},
				{Method: "GET", URL: "https://evil.test/", Refused: true, Reason: "no pattern allows it", Count: 1},
				{Method: "POST", URL: "https://api.test/", Status: 200, Digest: digest("answer"), Size: 6, Sent: digest("q"), SentSize: 1, Count: 1},
			},
		},
		Observation: step.Observation{Mode: step.ObserveInotify, Complete: true, Inputs: []step.Input{
			{Path: "/etc/issue", Digest: digest("issue"), Size: 5},
			{Path: "/etc/motd", Changed: true, Size: 7},
			{Path: "/etc/unowned", Digest: digest("u"), Size: 1},
			{Path: "/mnt/cache/x", Digest: digest("x"), Size: 1, Mount: "/mnt/cache", Shared: true},
			{Path: "/root/made", Changed: true, Size: 11},
			{Path: "/usr/bin/dash", Changed: true, Size: 5},
			{Path: "/usr/bin/nosuch", Digest: digest("x"), Size: 1},
		}},
	}
}

func app() []string {
	return []string{"file 0755 /app/run #!/bin/sh\n", `link /app/"latest" run`, `file 0644 "/app/a\xff\nb\\c" odd`}
}

func aPlan() step.Plan {
	place := func(s, i int) *step.Place { return &step.Place{Segment: s, Item: i} }
	return step.Plan{
		Version: step.PlanVersion, Platform: "linux/amd64", Options: map[string]string{"observe": "on", "harden": "off"},
		Sources: []step.Source{
			{ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/debian@12", Digest: map[string]string{"sha256": hexSum("base")}, Platform: "linux/amd64", Pinned: true, Evidence: place(0, 1),
				Verified: &step.Verified{
					Identity: "https://ci.test/base/release.yml", Issuer: "https://issuer.test",
					Attestations: map[string]string{"sha256": hexSum("attestations")}, PredicateTypes: []string{"https://slsa.dev/provenance/v1"},
				},
				Carried: &step.Carried{Unknown: "the registry gave the builder no statement sha256:" + hexSum("gone"), Documents: []step.Document{{
					PredicateType: "https://spdx.dev/Document", Namespace: "https://example.test/debian",
					Digest: map[string]string{"sha256": hexSum("document")}, Statement: map[string]string{"sha256": hexSum("statement")},
				}}}},
			{ID: "source2", Kind: step.SourceLocal, URI: "local:context", Evidence: place(2, 0)},
		},
		Steps: []step.Step{
			{
				ID: "step1", Kind: step.KindExec, Name: "[2/3] RUN apt-get install dash && make", Lines: []step.Lines{{Start: 2, End: 3}}, Parent: "source1",
				Exec: &step.Exec{
					Args: aRecord().Command, Env: []string{"PATH=/usr/bin"}, Cwd: "/", Network: "sandbox", Security: "sandbox",
					Mounts: []step.Mount{{Type: step.MountCache, Target: "/mnt/cache", ID: "c", Sharing: "shared"}, {Type: step.MountSecret, Target: "/run/secrets/token", ID: "token"}},
				},
				Evidence: place(1, 1),
			},
			{
				ID: "step2", Kind: step.KindFile, Name: "[3/3] COPY app /app", Lines: []step.Lines{{Start: 4, End: 4}}, Parent: "step1", Reads: []string{"source2"},
				Actions: []string{"copy source2:/app /app"}, Evidence: place(1, 2),
			},
		},
		Image: "step2", ImageName: "image",
	}
}

// container makes the root of one of the tool's containers.
func container(t testing.TB) string {
	dir := t.TempDir()
	for _, sub := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func must(t testing.TB, dir, verb string) {
	t.Helper()
	var stderr bytes.Buffer
	if code := run([]string{verb}, tool{root: dir}, &stderr); code != 0 {
		t.Fatalf("%s: exit %d: %s", verb, code, stderr.String())
	}
}

// afterStep is the state after step1.
func afterStep() []string {
	var out []string
	for _, e := range base() {
		switch {
		case e == "file 0644 /etc/unowned u", e == "file 0644 /etc/motd welcome", e == "file 0755 /usr/bin/dash dash1", e == base()[7]:
		default:
			out = append(out, e)
		}
	}
	return append(out, changed()...)
}

// describeBuild runs describe and digest and returns the evidence by place,
// owners set to root whoever ran the test.
func describeBuild(t testing.TB) map[step.Place][]byte {
	out := map[step.Place][]byte{}
	collect := func(dir string, segment int, items ...int) {
		for _, k := range items {
			b, err := os.ReadFile(filepath.Join(dir, step.OutDir, fmt.Sprintf("%d.json", k)))
			if err != nil {
				t.Fatal(err)
			}
			out[step.Place{Segment: segment, Item: k}] = rooted(t, b)
		}
	}
	dir := container(t)
	treetest.Make(t, filepath.Join(dir, step.StateDir, "1"), base()...)
	must(t, dir, "describe")
	collect(dir, 0, 1)

	dir = container(t)
	treetest.Make(t, filepath.Join(dir, step.StateDir, "0"), base()...)
	treetest.Make(t, filepath.Join(dir, step.StateDir, "1"), afterStep()...)
	treetest.Make(t, filepath.Join(dir, step.StateDir, "2"), append(afterStep(), app()...)...)
	for k := range 2 {
		treetest.Share(t, filepath.Join(dir, step.StateDir, fmt.Sprint(k)), filepath.Join(dir, step.StateDir, fmt.Sprint(k+1)))
	}
	b, err := step.EncodeRecord(aRecord())
	if err != nil {
		t.Fatal(err)
	}
	treetest.Make(t, filepath.Join(dir, step.RecordDirIn, "1"), "file 0644 /"+step.RecordFile+" "+string(b), `file 0644 /`+step.MarkFile+` {"version":1,"files":[]}`)
	must(t, dir, "describe")
	collect(dir, 1, 1, 2)

	dir = container(t)
	treetest.Make(t, filepath.Join(dir, step.SourceDir, "0"), app()...)
	must(t, dir, "digest")
	collect(dir, 2, 0)
	return out
}

func rooted(t testing.TB, b []byte) []byte {
	e, err := decodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	d := e.Delta
	if d == nil {
		d = e.Tree.Base
	}
	for _, es := range [][]sbom.Entry{d.Added, d.Changed} {
		for i := range es {
			es[i].UID, es[i].GID, es[i].Inode = 0, 0, ""
		}
	}
	if b, err = encodeEvidence(e); err != nil {
		t.Fatal(err)
	}
	return b
}

// assembleRoot is a container with the plan and evidence.
func assembleRoot(t testing.TB, p step.Plan, evidence map[step.Place][]byte) string {
	dir := container(t)
	b, err := step.EncodePlan(p)
	if err != nil {
		t.Fatal(err)
	}
	treetest.Make(t, filepath.Join(dir, step.PlanDir), "file 0644 /"+step.PlanFile+" "+string(step.PackPlan(b)))
	for at, b := range evidence {
		treetest.Make(t, filepath.Join(dir, step.EvidenceDir), fmt.Sprintf("file 0644 /%d/%d.json %s", at.Segment, at.Item, b))
	}
	return dir
}
