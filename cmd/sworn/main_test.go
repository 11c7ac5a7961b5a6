package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/sworn-build/sworn/internal/programs"
	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/step"
)

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"sworn": main})
}

// leakless fails when the tests leave goroutines behind.
type leakless struct{ m *testing.M }

func (l leakless) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// TestScript runs the command line of every verb, failures included, against
// registries in this process.
func TestScript(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) {
			if cond == "programs" { // a build without hack/build has none
				return programs.Available() == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(env *testscript.Env) error {
			env.Values["t"] = env.T()
			env.Setenv("SWORN_PASSWORD", "secret")
			env.Setenv("DOCKER_CONFIG", env.WorkDir)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("API", imagetest.Registry(t, true))
			env.Setenv("TAGS", imagetest.Registry(t, false))
			env.Setenv("DOWN", closedPort(t))
			env.Setenv("STEPS", provenance.StepsType)
			env.Setenv("CONTENTS", provenance.ContentsType)
			env.Setenv("SPDX", provenance.SPDXType)
			env.Setenv("GOLDENS", filepath.Join(env.WorkDir, "goldens"))
			if err := os.Mkdir(filepath.Join(env.WorkDir, "goldens"), 0o755); err != nil {
				return err
			}
			for kind, predicate := range goldens(t) {
				if err := os.WriteFile(filepath.Join(env.WorkDir, "goldens", goldenFiles()[kind]), predicate.(json.RawMessage), 0o644); err != nil {
					return err
				}
			}
			env.Setenv("SAMPLES", filepath.Join(here, "..", "..", "sbom", "check", "testdata"))
			env.Setenv("SPDX3", provenance.SPDX3Type)
			env.Setenv("SLSA", provenance.SLSAv1Type)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"image":  func(ts *testscript.TestScript, neg bool, args []string) { imageCommand(t, ts, neg, args) },
			"export": func(ts *testscript.TestScript, neg bool, args []string) { exportCommand(t, ts, neg, args) },
			"status": status,
			"mode":   mode,
			"oneline": func(ts *testscript.TestScript, neg bool, args []string) {
				// Every line on stderr begins with "sworn: ", and there is no trace.
				for line := range strings.Lines(ts.ReadFile("stderr")) {
					if !strings.HasPrefix(line, "sworn: ") {
						ts.Fatalf("line on stderr: %q", line)
					}
				}
			},
		},
	})
}

func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// imageCommand is "image [option...] IMAGE": it makes an image and puts it there.
func imageCommand(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: image [option...] IMAGE")
	}
	var o imagetest.Options
	single := false
	for _, a := range args[:len(args)-1] {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "platforms":
			o.Platforms = strings.Split(value, ",")
		case "without":
			o.Without = strings.Split(value, ",")
		case "no-attestations":
			o.NoAttestations = true
		case "no-subject":
			o.NoSubject = true
		case "other-subject":
			o.Subject = "sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		case "artifact":
			o.Artifact = true
		case "goldens":
			o.Predicates = goldens(t)
		case "base": // REPOSITORY@sha256:HEX in the place of the goldens' base
			o.Predicates[provenance.StepsType] = withBase(t, o.Predicates[provenance.StepsType].(json.RawMessage), value)
		case "twice":
			o.Extra = append(o.Extra, imagetest.Extra{PredicateType: value, Predicate: map[string]any{}})
		case "changed-layer":
			o.Layers = changedLayers(value)
		case "single":
			single = true
		default:
			ts.Fatalf("unknown option %s", a)
		}
	}
	img := imagetest.New(t, o)
	ref := args[len(args)-1]
	if single {
		img.Index = img.Manifests[0]
	}
	switch {
	case strings.HasPrefix(ref, "oci:"):
		img.Write(t, ts.MkAbs(strings.TrimPrefix(ref, "oci:")), "1")
	case strings.HasPrefix(ref, "oci-archive:"):
		img.WriteArchive(t, ts.MkAbs(strings.TrimPrefix(ref, "oci-archive:")), "1")
	default:
		img.Push(t, ref)
	}
	ts.Setenv("DIGEST", img.Index.Descriptor.Digest.String())
}

// goldens are statements of one build as the evidence tool made them. Their files are not
// those of the layers.
func goldens(t *testing.T) map[string]any {
	out := map[string]any{}
	for kind, name := range goldenFiles() {
		b, err := os.ReadFile(filepath.Join("..", "sworn-evidence", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = json.RawMessage(bytes.TrimSpace(b))
	}
	return out
}

// withBase returns steps with another base image, named by digest.
func withBase(t *testing.T, steps json.RawMessage, ref string) json.RawMessage {
	t.Helper()
	var s provenance.Steps
	if err := json.Unmarshal(steps, &s); err != nil {
		t.Fatal(err)
	}
	name, digest, _ := strings.Cut(ref, "@sha256:")
	s.Materials[0].URI = "pkg:docker/" + strings.ReplaceAll(name, ":", "%3A") + "@1?platform=linux%2Famd64"
	s.Materials[0].Digest = map[string]string{"sha256": digest}
	out, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func goldenFiles() map[string]string {
	return map[string]string{
		provenance.StepsType: step.StepsFile, provenance.ContentsType: step.ContentsFile,
		provenance.SPDXType: step.SPDXFile, provenance.SPDX3Type: step.SPDX3File,
	}
}

// exportCommand is "export DIR": it writes statements into a folder, as a build with
// -o type=local does.
func exportCommand(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: export DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for kind, predicate := range goldens(t) {
		b, err := json.MarshalIndent(map[string]any{
			"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "predicate": predicate,
			"subject": []any{map[string]any{"name": "bin/sh", "digest": map[string]string{"sha256": strings.Repeat("0", 64)}}},
		}, "", "  ")
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(dir, goldenFiles()[kind]), b, 0o644))
	}
}

// changedLayers returns the usual layers with one entry changed.
func changedLayers(path string) [][]imagetest.Entry {
	layers := imagetest.Layers()
	for _, l := range layers {
		for i := range l {
			if l[i].Name == path {
				l[i].Body = strings.ToUpper(l[i].Body)
			}
		}
	}
	return layers
}

// status is "status CODE sworn args...": it runs sworn and wants the exit code.
// Output is in the files stdout and stderr.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || args[1] != "sworn" {
		ts.Fatalf("usage: status CODE sworn args...")
	}
	var out, errs bytes.Buffer
	dir := ts.MkAbs(".")
	code := runIn(ts, dir, args[2:], &out, &errs)
	ts.Check(os.WriteFile(filepath.Join(dir, "stdout"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(filepath.Join(dir, "stderr"), errs.Bytes(), 0o600))
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s\nstdout:\n%s\nstderr:\n%s", code, args[0], out.Bytes(), errs.Bytes())
	}
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm().String(); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// sworn runs a command line in this process.
func sworn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var out, errs bytes.Buffer
	c := &cli{stdin: stdin, stdout: &out, stderr: &errs}
	code = c.run(context.Background(), args)
	return code, out.String(), errs.String()
}

// keyFiles writes a key pair and returns the paths and the key.
func keyFiles(t *testing.T) (private, public string, key *envelope.Key) {
	t.Helper()
	t.Setenv("SWORN_PASSWORD", "secret")
	prefix := filepath.Join(t.TempDir(), "k")
	if code, _, errs := sworn(t, "key", "generate", "--output-prefix", prefix); code != 0 {
		t.Fatal(errs)
	}
	b, err := os.ReadFile(prefix + ".key")
	if err != nil {
		t.Fatal(err)
	}
	key, err = envelope.ParseKey(b, func() ([]byte, error) { return []byte("secret"), nil })
	if err != nil {
		t.Fatal(err)
	}
	return prefix + ".key", prefix + ".pub", key
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ü 漢":         "plain ü 漢",
		"\x1b[2Jred\x07":    `\x1b[2Jred\x07`,
		"a\nb\tc\r":         `a\nb\tc\x0d`,
		"\u202egnp.exe":     `\u202egnp.exe`,
		"bad\xffbyte\u0085": `bad\xffbyte\u0085`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
	if got := oneLine("a  b\n\tc "+strings.Repeat("x", 100), 10); got != "a b c xxx…" {
		t.Errorf("oneLine = %q", got)
	}
}

func TestEveryVerbHasAScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, s := range scripts {
		b, err := os.ReadFile(s)
		if err != nil {
			t.Fatal(err)
		}
		all += string(b)
	}
	for _, verb := range new(cli).command().Commands() {
		for _, call := range []string{"exec sworn " + verb.Name(), "status 2 sworn " + verb.Name()} {
			if !strings.Contains(all, call) {
				t.Errorf("no script has %q", call)
			}
		}
	}
}
