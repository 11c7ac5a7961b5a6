package runner

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// asked is a Recorder that only says what it was asked for.
type asked struct{ way *Way }

func (a asked) Start(way Way) (Access, error) {
	*a.way = way
	access := Access{Port: 1}
	if way.Roots != "" {
		access.Roots = []string{way.Roots}
	}
	return access, nil
}

func (a asked) Finish() ([]step.Request, []string, error) { return []step.Request{}, nil, nil }

// BuildKit's proxy is not proxied again, unless only we know what is allowed; and the
// record says who recorded.
func TestOneRecorderIsEnough(t *testing.T) {
	allow := []string{"https://a.test"}
	env := []string{"A=1"}
	record := func(recorder string, complete bool) *step.Network {
		return &step.Network{Mode: step.NetworkRecord, Recorder: recorder, Enforced: true, Complete: complete, Requests: []step.Request{}}
	}
	root := "sha256:" + strings.Repeat("a", 64)
	rooted := record(step.RecorderSworn, true)
	rooted.Roots = []string{root}
	b := &bundle{path: "/etc/ca.pem"}
	for _, tt := range []struct {
		what    string
		network *step.ConfigNetwork
		proxied bool
		started bool
		want    *step.Network // without reasons
	}{
		{what: "default"},
		{what: "default behind BuildKit", proxied: true, want: ofBuildKit(step.NetworkDefault)},
		{what: "record", network: &step.ConfigNetwork{}, started: true, want: record(step.RecorderSworn, true)},
		{what: "record behind BuildKit", network: &step.ConfigNetwork{}, proxied: true, want: ofBuildKit(step.NetworkRecord)},
		{what: "roots", network: &step.ConfigNetwork{Roots: root}, started: true, want: rooted},
		{what: "roots behind BuildKit", network: &step.ConfigNetwork{Roots: root}, proxied: true, want: ofBuildKit(step.NetworkRecord)},
		{what: "allow", network: &step.ConfigNetwork{Allow: allow}, started: true, want: record(step.RecorderSworn, true)},
		{what: "allow behind BuildKit", network: &step.ConfigNetwork{Allow: allow}, proxied: true, started: true, want: record(step.RecorderSworn, true)},
	} {
		var way Way
		r := run{cfg: step.Config{Network: tt.network}, proxied: tt.proxied, bundle: b}
		access, err := r.startRecorder(Options{Recorder: asked{&way}}, env)
		if err != nil || (access.Port != 0) != tt.started {
			t.Errorf("%s: started %t, %v, want %t", tt.what, access.Port != 0, err, tt.started)
		}
		if told := slices.Contains(access.Env, "PIP_CERT=/etc/ca.pem"); told != (tt.network != nil && !tt.started) {
			t.Errorf("%s: variables %q", tt.what, access.Env)
		}
		want := Way{}
		if tt.started {
			want = Way{Allow: tt.network.Allow, Roots: tt.network.Roots, Environ: env, BuildKit: tt.proxied}
		}
		if d := cmp.Diff(want, way); d != "" {
			t.Errorf("%s: way (-want +got):\n%s", tt.what, d)
		}
		got, err := r.network(nil)
		if d := cmp.Diff(tt.want, got); d != "" || err != nil || got.Check() != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.what, errors.Join(err, got.Check()), d)
		}
	}
}
