package runner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
)

func TestCommandGetsTheDockerfilesEnvironment(t *testing.T) {
	path, none := "/usr/bin:/bin", ""
	for _, tt := range []struct {
		name    string
		environ []string
		cfg     step.Config
		want    []string
	}{
		{
			name:    "the runner's own variables go, the rest keeps its order",
			environ: []string{"A=1", "PATH=/dev/.sworn/bin:/usr/bin:/bin", "SWORN_STEP={}", "HOME=/root"},
			cfg:     step.Config{PathEnv: &path},
			want:    []string{"A=1", "PATH=/usr/bin:/bin", "HOME=/root"},
		},
		{
			name:    "the builder's telemetry goes, the Dockerfile's stays",
			environ: []string{"OTEL_TRACES_EXPORTER=otlp", "TRACEPARENT=00-1", "OTEL_NAME=builder", "X="},
			cfg:     step.Config{Env: []string{"OTEL_NAME=mine", "GODEBUG=inittrace=1"}},
			want:    []string{"X=", "OTEL_NAME=mine", "GODEBUG=inittrace=1"},
		},
		{
			name:    "PATH stays without an original, and is added when it was lost",
			environ: []string{"PATH=/x"},
			want:    []string{"PATH=/x"},
		},
		{
			name:    "an empty PATH is a PATH",
			environ: []string{"A=1"},
			cfg:     step.Config{PathEnv: &none},
			want:    []string{"A=1", "PATH="},
		},
		{
			name:    "strings without = and twice the same name are kept",
			environ: []string{"odd", "=x", "A=1=2"},
			want:    []string{"odd", "=x", "A=1=2"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, commandEnv(tt.environ, tt.cfg)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigIsRequired(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		want    string
	}{
		{nil, "read runner config: SWORN_STEP is not set"},
		{[]string{"SWORN_STEP="}, "decode runner config: EOF"},
		{[]string{"SWORN_STEP={}"}, "decode runner config: version 0, want 2"},
		{[]string{`SWORN_STEP={"version":1,"x":1}`}, "unknown field"},
	} {
		_, err := readConfig(tt.environ)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %s", tt.environ, err, tt.want)
		}
	}
}
