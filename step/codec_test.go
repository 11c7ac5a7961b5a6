package step_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

func config() step.Config {
	path := "/usr/bin:/bin"
	return step.Config{
		Version: step.ConfigVersion,
		Observe: true,
		Harden:  step.HardenBaseline,
		PathEnv: &path,
		Env:     []string{"GODEBUG=inittrace=1", "OTEL_X="},
		Mounts: []step.ConfigMount{
			{Target: "/root/.cache", Shared: true},
			{Target: "/run/secrets/token", Ignore: true},
		},
	}
}

func record() step.Record {
	core := uint64(0)
	return step.Record{
		Version: step.RecordVersion,
		Command: []string{"/bin/sh", "-c", "cat /etc/os-release"},
		Exit:    137,
		Process: step.Process{UID: 1, GID: 2, Groups: []uint32{2, 3}, Cwd: "/\xff"},
		Sandbox: step.Sandbox{
			Harden:          step.HardenStrict,
			Kernel:          "6.12.9",
			NoNewPrivileges: true,
			Capabilities: step.CapabilitySets{
				Bounding: []string{"CAP_CHOWN"}, Effective: []string{}, Permitted: []string{},
				Inheritable: []string{}, Ambient: []string{},
			},
			Seccomp:   "filter",
			Filter:    &step.Filter{Name: "strict/1", Digest: "sha256:00"},
			Landlock:  &step.Landlock{ABI: 6, Restricts: []string{step.RestrictWrites}, Writable: []step.Path{"/tmp", "/\xff"}},
			CoreLimit: &core,
		},
		Observation: step.Observation{
			Mode:    step.ObserveInotify,
			Reasons: []string{"queue"},
			Inputs: []step.Input{
				{Path: "/etc/os-release", Digest: "sha256:00", Size: 4},
				{Path: `/a\b`, Changed: true, Mount: "/a", Shared: true},
			},
		},
	}
}

func plan() step.Plan {
	epoch := int64(1)
	return step.Plan{
		Version:  step.PlanVersion,
		Platform: "linux/amd64",
		Options:  map[string]string{"observe": "inotify"},
		Epoch:    &epoch,
		Sources: []step.Source{{
			ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/debian@12",
			Digest: map[string]string{"sha256": "00"}, Pinned: true,
		}},
		Steps: []step.Step{{
			ID: "step1", Kind: step.KindExec, Name: "RUN true", Parent: "source1",
			Lines: []step.Lines{{Start: 2, End: 2}},
			Exec: &step.Exec{
				Args: []string{"true"}, Env: []string{"A=b"}, Cwd: "/", Network: "sandbox", Security: "sandbox",
				Mounts:    []step.Mount{{Type: step.MountSecret, Target: "/run/secrets/token", ID: "token"}},
				SecretEnv: []step.SecretEnv{{ID: "token", Name: "TOKEN"}},
			},
			Evidence: &step.Place{Segment: 1, Item: 2},
		}},
		Image:     "step1",
		ImageName: "image",
		Rules: &step.Rules{
			On: step.EvidenceRules(), Sources: []string{"https://packages.example/**"}, Licences: []string{"GPL-*", step.NoLicence},
			Accepted: map[string][]string{step.RuleSetuidFileAdded: {"/usr/bin/sudo"}},
		},
	}
}

func TestConfigSurvivesTheEnvironment(t *testing.T) {
	s, err := step.EncodeConfig(config())
	if err != nil {
		t.Fatal(err)
	}
	got, err := step.DecodeConfig(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := step.EncodeConfig(got)
	if err != nil || again != s {
		t.Errorf("encoded again: %s, %v; want %s", again, err, s)
	}
}

func TestConfigThatExecveRefusesIsAnError(t *testing.T) {
	c := config()
	c.Env = []string{"X=" + strings.Repeat("x", 128<<10)}
	if s, err := step.EncodeConfig(c); err == nil {
		t.Errorf("%d bytes encoded, want an error", len(s))
	}
}

func TestRecordRoundTrip(t *testing.T) {
	b, err := step.EncodeRecord(record())
	if err != nil {
		t.Fatal(err)
	}
	got, err := step.DecodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(record(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlanRoundTrip(t *testing.T) {
	b, err := step.EncodePlan(plan())
	if err != nil {
		t.Fatal(err)
	}
	got, err := step.DecodePlan(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// decoders are the codecs under one signature; encode undoes decode.
func decoders() map[string]func(b []byte) (again func() ([]byte, error), err error) {
	return map[string]func([]byte) (func() ([]byte, error), error){
		"config": func(b []byte) (func() ([]byte, error), error) {
			c, err := step.DecodeConfig(string(b))
			return func() ([]byte, error) { s, err := step.EncodeConfig(c); return []byte(s), err }, err
		},
		"record": func(b []byte) (func() ([]byte, error), error) {
			r, err := step.DecodeRecord(b)
			return func() ([]byte, error) { return step.EncodeRecord(r) }, err
		},
		"mark": func(b []byte) (func() ([]byte, error), error) {
			m, err := step.DecodeMark(b)
			return func() ([]byte, error) { return step.EncodeMark(m) }, err
		},
		"findings": func(b []byte) (func() ([]byte, error), error) {
			f, err := step.DecodeFindings(b)
			return func() ([]byte, error) { return step.EncodeFindings(f) }, err
		},
		"plan": func(b []byte) (func() ([]byte, error), error) {
			p, err := step.DecodePlan(b)
			return func() ([]byte, error) { return step.EncodePlan(p) }, err
		},
	}
}

func TestDecodersRefuse(t *testing.T) {
	for name, decode := range decoders() {
		for _, tt := range []struct{ in, want string }{
			{``, "EOF"},
			{`null`, "version 0"},
			{`[]`, "cannot unmarshal"},
			{`{}`, "version 0"},
			{`{"version":9}`, "version 9, want "},
			{`{"version":1,"unheardOf":1}`, "unknown field"},
			{`{"version":1} {"version":1}`, "trailing bytes"},
			{`{"version":1}x`, ""},
			{`{"version":1`, "unexpected EOF"},
			{"{\"version\":1}\x00", ""},
		} {
			_, err := decode([]byte(tt.in))
			want := "decode " + name
			if name == "config" {
				want = "decode runner config"
			}
			if err == nil || !strings.HasPrefix(err.Error(), want+": ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s %q: %v, want %s: ...%s...", name, tt.in, err, want, tt.want)
			}
		}
	}
}

func TestRecordsWhoseNetworkContradictsItselfAreRefused(t *testing.T) {
	one := step.Request{Method: "GET", URL: "https://example.test/", Status: 200, Count: 1}
	rootA, rootB := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	for _, c := range []struct {
		network step.Network
		want    string // the error's end; empty: taken
	}{
		{step.Network{Mode: step.NetworkRecord, Requests: []step.Request{one}}, ""},
		{step.Network{Mode: "some", Requests: []step.Request{}}, `network mode "some"`},
		{step.Network{Mode: step.NetworkNone}, "network without requests"},
		{step.Network{Mode: step.NetworkNone, Requests: []step.Request{one}}, `requests in network mode "none"`},
		{step.Network{Mode: step.NetworkDefault, Recorder: step.RecorderBuildKit, Enforced: true, Requests: []step.Request{}}, ""},
		{step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderBuildKit, Requests: []step.Request{one}}, "network recorded by BuildKit, but complete: false, with 1 requests"},
		{step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderBuildKit, Complete: true, Requests: []step.Request{}}, "network recorded by BuildKit, but complete: true, with 0 requests"},
		{step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Roots: []string{rootA, rootB}, Requests: []step.Request{one}}, ""},
		{step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Roots: []string{rootB, rootA}, Requests: []step.Request{one}}, fmt.Sprintf("root %q after %q", rootA, rootB)},
		{step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Roots: []string{"sha256:a"}, Requests: []step.Request{one}}, `root "sha256:a"`},
		{step.Network{Mode: step.NetworkDefault, Roots: []string{rootA}, Requests: []step.Request{}}, `roots of recorder ""`},
		{step.Network{Mode: step.NetworkRecord, Recorder: "other", Requests: []step.Request{}}, `network recorder "other"`},
		{step.Network{Mode: step.NetworkRecord, Complete: true, Reasons: []string{"an upgrade"}, Requests: []step.Request{one}}, "network complete, but an upgrade"},
		{step.Network{Mode: step.NetworkRecord, Requests: []step.Request{{Method: "GET", URL: "https://example.test/"}}}, `request "GET" "https://example.test/", 0 times`},
	} {
		r := record()
		r.Network = &c.network
		b, err := step.EncodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = step.DecodeRecord(b)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasSuffix(err.Error(), "decode record: "+c.want) {
			t.Errorf("%+v: %v, want %s", c.network, err, c.want)
		}
	}
}

func fuzzCodec(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	decode := decoders()[name]
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := decode(b)
		if err != nil {
			return
		}
		one, err := again()
		if err != nil {
			return // too large for the environment
		}
		back, err := decode(one)
		if err != nil {
			t.Fatalf("%q: its own encoding %q is refused: %v", b, one, err)
		}
		if two, err := back(); err != nil || string(two) != string(one) {
			t.Fatalf("encoded %q, then %q, %v", one, two, err)
		}
	})
}

func FuzzDecodeConfig(f *testing.F) {
	s, err := step.EncodeConfig(config())
	if err != nil {
		f.Fatal(err)
	}
	fuzzCodec(f, "config", []byte(s), []byte(`{"version":1}`), []byte(`{"version":1,"pathEnv":null}`))
}

func FuzzDecodeRecord(f *testing.F) {
	b, err := step.EncodeRecord(record())
	if err != nil {
		f.Fatal(err)
	}
	fuzzCodec(f, "record", b, []byte(`{"version":1,"observation":{"inputs":[{"path":"\\xff"}]}}`))
}

// plans are those of package frontend's corpus of Dockerfiles.
func plans(f *testing.F) [][]byte {
	f.Helper()
	names, err := filepath.Glob("../frontend/testdata/plan-*.json")
	if err != nil || len(names) == 0 {
		f.Fatalf("no plans: %v", err)
	}
	var out [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func FuzzDecodeMark(f *testing.F) {
	b, err := step.EncodeMark(step.Mark{Files: []step.MarkedFile{{Path: "/a\xff", Size: 1, Seconds: 2, Nanoseconds: 3, Digest: "sha256:00"}}})
	if err != nil {
		f.Fatal(err)
	}
	fuzzCodec(f, "mark", b, []byte(`{"version":1,"files":null}`))
}

func FuzzDecodePlan(f *testing.F) {
	b, err := step.EncodePlan(plan())
	if err != nil {
		f.Fatal(err)
	}
	fuzzCodec(f, "plan", append(plans(f), b, []byte(`{"version":1,"steps":[{"exec":{}}]}`))...)
}

func TestPlansAreUnpackedAsTheyWere(t *testing.T) {
	b, err := step.EncodePlan(plan())
	if err != nil {
		t.Fatal(err)
	}
	packed := step.PackPlan(b)
	if got, err := step.UnpackPlan(packed); err != nil || !bytes.Equal(got, b) {
		t.Errorf("got %q, %v, want %q", got, err, b)
	}
	for name, broken := range map[string][]byte{"plain": b, "cut": packed[:len(packed)-4]} {
		if _, err := step.UnpackPlan(broken); err == nil || !strings.HasPrefix(err.Error(), "unpack plan: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := step.UnpackPlan(step.PackPlan(make([]byte, step.MaxPlan+1))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a long one: %v", err)
	}
}

func TestReservedNames(t *testing.T) {
	for name, want := range map[string]bool{
		"GODEBUG": true, "GOGC": true, "SWORN_STEP": true, "OTEL_EXPORTER_OTLP_ENDPOINT": true,
		"TRACEPARENT": true, "GOFLAGS": false, "OTEL": false, "PATH": false, "godebug": false,
	} {
		if got := step.Reserved(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
