//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// bindMessage is what a user reads when the evidence is of another run.
const bindMessage = "bind statements to the image: the evidence is not of this image"

// forget deletes the cache records with a description, and fails if there is none.
func forget(t *testing.T, e env, host, description string) {
	t.Helper()
	found := false
	for _, line := range cacheRecords(t, e, host) {
		if id, rest, _ := strings.Cut(line, " "); strings.HasPrefix(rest, description) {
			found = true
			prune(t, e, host, "--all", "--filter", "id=="+id)
		}
	}
	for _, line := range cacheRecords(t, e, host) {
		if _, rest, _ := strings.Cut(line, " "); strings.HasPrefix(rest, description) {
			t.Fatalf("still in the cache: %s", line)
		}
	}
	if !found {
		t.Fatalf("no cache record %q", description)
	}
}

// ownKeys gives the steps of a Dockerfile cache keys that no other case has: BuildKit
// 0.33 keeps the results of some containers that failed, so that a builder cannot be
// emptied for the next one.
func ownKeys(dockerfile, name string) string {
	return strings.Replace(dockerfile, "\nRUN ", "\nENV CASE="+strings.ReplaceAll(name, " ", "-")+"\nRUN ", 1)
}

// The file system of a step is lost from the cache, its evidence is not, and the step
// does not repeat itself.
func TestEvidenceOfAnotherRunIsNotAttached(t *testing.T) {
	e := mustEnv(t)
	host := ownBuilder(t, e)
	for _, tt := range []struct {
		name, dockerfile string
		forgotten        []string
	}{
		{
			"file system", "FROM busybox\nRUN cat " + random + " | tee /random\n",
			[]string{"mount / from exec RUN "},
		},
		{
			"file system and record", "FROM busybox\nRUN cat " + random + " | tee /random\n",
			[]string{"mount / from exec RUN ", "mount /dev/.sworn/record from exec RUN "},
		},
		{
			"same size and time", "FROM busybox\nRUN cat " + random + " | tee /random; touch -d '2020-01-01 00:00:00' /random\n",
			[]string{"mount / from exec RUN "},
		},
		{
			"copied from a stage", "FROM busybox AS build\nRUN cat " + random + " | tee /random; touch -d '2020-01-01 00:00:00' /random\nFROM busybox\nCOPY --from=build /random /random\n",
			[]string{"[stage-1 2/2] COPY", "mount / from exec RUN "},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := files{"Dockerfile": ownKeys(tt.dockerfile, tt.name)}.write(t)
			first := imageName(e.registry, t, "first")
			_, a := buildAccount(t, e, build{dir: dir, host: host, output: push(first)})
			describedTruly(t, first, a, "/random")
			for _, f := range tt.forgotten {
				forget(t, e, host, f)
			}
			// Nothing but the time in whole seconds would tell some runs apart.
			time.Sleep(1100 * time.Millisecond)
			second := imageName(e.registry, t, "second")
			r := build{dir: dir, host: host, output: push(second)}.run(t, e)
			if !r.printed("] RUN ") {
				t.Fatalf("the step did not run again: the test shows nothing\n%s", r.log)
			}
			if r.err == nil {
				a := accountOf(t, second)
				describedTruly(t, second, a, "/random")
				t.Logf("the build passed with statements of the new run")
				return
			}
			if !strings.Contains(r.log, bindMessage) || !strings.Contains(r.log, "bind statements to the image: /random: ") {
				t.Errorf("no clear message:\n%s", r.log)
			}
			third := imageName(e.registry, t, "third")
			_, a = buildAccount(t, e, build{dir: dir, host: host, output: push(third), args: []string{"--no-cache"}})
			describedTruly(t, third, a, "/random")
		})
	}
}

// craftedLedger is a ledger for the tree of TestBindRefusesATamperedTree.
func craftedLedger(t *testing.T, edit func([]sbom.Entry) []sbom.Entry) string {
	t.Helper()
	entries := []sbom.Entry{
		{Path: "/d", Type: sbom.TypeDir, Mode: "0755"},
		{Path: "/d/file", Type: sbom.TypeFile, Mode: "0644", Size: 5, SHA256: sha256Of([]byte("file\n")).Hex},
		{Path: "/d/link", Type: sbom.TypeSymlink, Mode: "0777", Target: "file"},
	}
	if edit != nil {
		entries = edit(entries)
	}
	b, err := json.Marshal(struct {
		Version int          `json:"version"`
		Entries []sbom.Entry `json:"entries"`
		Removed []step.Path  `json:"removed"`
	}{2, entries, []step.Path{}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

// The evidence tool itself, in the container that the frontend gives it.
func TestBindRefusesATamperedTree(t *testing.T) {
	e := mustEnv(t)
	at := func(i int, f func(*sbom.Entry)) func([]sbom.Entry) []sbom.Entry {
		return func(es []sbom.Entry) []sbom.Entry { f(&es[i]); return es }
	}
	for _, tt := range []struct {
		name    string
		edit    func([]sbom.Entry) []sbom.Entry
		message string // none: it passes
	}{
		{"untouched", nil, ""},
		{"size", at(1, func(f *sbom.Entry) { f.Size = 6 }), "/d/file: size 5, evidence says 6"},
		{"bytes", at(1, func(f *sbom.Entry) { f.SHA256 = sha256Of([]byte("fool\n")).Hex }), "/d/file: sha256 "},
		{"mode", at(1, func(f *sbom.Entry) { f.Mode = "4755" }), "/d/file: mode 0644, evidence says 4755"},
		{"owner", at(0, func(f *sbom.Entry) { f.UID = 7 }), "/d: uid 0, evidence says 7"},
		{"target", at(2, func(f *sbom.Entry) { f.Target = "/etc/shadow" }), "/d/link: target file, evidence says /etc/shadow"},
		{"type", at(2, func(f *sbom.Entry) { f.Type = sbom.TypeFifo }), "/d/link: type symlink, evidence says fifo"},
		{"missing", func(es []sbom.Entry) []sbom.Entry { return es[:2] }, "/d/link: in the image, not in the evidence"},
		{"made up", func(es []sbom.Entry) []sbom.Entry {
			return append(es, sbom.Entry{Path: "/z", Type: sbom.TypeDir, Mode: "0755"})
		}, "/z: in the evidence, not in the image"},
		{"unsorted", func(es []sbom.Entry) []sbom.Entry { es[0], es[1] = es[1], es[0]; return es }, "decode ledger: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := files{
				"Dockerfile":  "FROM scratch\nCOPY tool " + step.EvidencePath + "\nCOPY in /in\nRUN [\"" + step.EvidencePath + "\", \"bind\"]\n",
				"ledger.json": craftedLedger(t, tt.edit),
			}.write(t)
			placeTree(t, e, dir)
			r := build{dir: dir, frontend: upstream}.run(t, e)
			if tt.message == "" {
				if r.err != nil {
					t.Fatalf("bind refuses what is true: %v\n%s", r.err, r.log)
				}
				return
			}
			if r.err == nil || !strings.Contains(r.log, "exit code: 1") || !strings.Contains(r.log, "sworn: bind statements to the image: "+tt.message) {
				t.Errorf("error %v, want exit code 1 and %q:\n%s", r.err, tt.message, r.log)
			}
		})
	}
}

// placeTree lays the tool, the ledger and the file system out as bind finds them.
func placeTree(t *testing.T, e env, dir string) {
	t.Helper()
	ledger, rootfs := filepath.Join(dir, "in/ledger"), filepath.Join(dir, "in/rootfs/d")
	tool, err := os.ReadFile(e.tool("sworn-evidence"))
	if err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1000, 0)
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "tool"), tool, 0o755),
		os.MkdirAll(ledger, 0o755), os.MkdirAll(rootfs, 0o755),
		os.Rename(filepath.Join(dir, "ledger.json"), filepath.Join(ledger, step.LedgerFile)),
		os.WriteFile(filepath.Join(rootfs, "file"), []byte("file\n"), 0o644),
		os.Chtimes(filepath.Join(rootfs, "file"), old, old),
		os.Symlink("file", filepath.Join(rootfs, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
