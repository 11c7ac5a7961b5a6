package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/internal/build"
	"github.com/sworn-build/sworn/internal/builder"
	"github.com/sworn-build/sworn/internal/programs"
)

// TestWhoseFaultABuildWas: the exit code and what to try.
func TestWhoseFaultABuildWas(t *testing.T) {
	line := errdefs.WithSource(errors.New("unknown instruction"), &errdefs.Source{Info: &pb.SourceInfo{Filename: "Dockerfile"}})
	step := errdefs.WrapVertex(errors.New("exit code: 1"), "sha256:00")
	for _, tt := range []struct {
		what string
		err  error
		code int
		hint string
	}{
		{"a line", line, exitFail, ""},
		{"a step", fmt.Errorf("solve: %w", step), exitFail, ""},
		{"an image that cannot be signed", &failure{message: "m", hints: []string{"try that"}}, exitFail, "try that"},
		{"a flag", &build.UsageError{What: "--tag", Err: errors.New("bad")}, exitError, "see sworn build --help"},
		{"two builders", builder.ErrTwoBuilders, exitError, "see sworn build --help"},
		{"no programs", programs.ErrNone, exitError, "build it with hack/build"},
		{"an architecture", &programs.ArchError{Arch: "s390x", Have: []string{"amd64"}}, exitError, ""},
		{"a key", &hinted{errors.New("no key"), "name one"}, exitError, "name one"},
		{"docker", &build.LoadError{Program: "docker", Attested: true}, exitError, "only docker's containerd image store"},
		{"docker without attestations", &build.LoadError{Program: "docker"}, exitError, ""},
		{"a push", errors.New("connection refused"), exitError, ""},
	} {
		t.Run(tt.what, func(t *testing.T) {
			err := buildError(fmt.Errorf("build: %w", tt.err))
			var f *failure
			var h *hinted
			code, hint := exitError, ""
			if errors.As(err, &f) {
				code, hint = exitFail, strings.Join(f.hints, " ")
			} else if errors.As(err, &h) {
				hint = h.hint
			}
			if code != tt.code || !strings.HasPrefix(hint, tt.hint) || (hint == "") != (tt.hint == "") {
				t.Errorf("exit code %d, hint %q, want %d, %q", code, hint, tt.code, tt.hint)
			}
		})
	}
}

func TestProgressModes(t *testing.T) {
	for _, tt := range []struct {
		progress string
		quiet    bool
		mode     string // or
		err      string
	}{
		{"auto", false, "auto", ""},
		{"plain", false, "plain", ""},
		{"none", false, "quiet", ""},
		{"quiet", false, "quiet", ""},
		{"auto", true, "quiet", ""},
		{"quiet", true, "quiet", ""},
		{"plain", true, "", "not together with --progress=plain"},
		{"loud", false, "", `"loud" is none of`},
	} {
		f := buildFlags{progress: tt.progress, quiet: tt.quiet}
		mode, err := f.displayMode()
		if mode != tt.mode || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%+v: %q, %v", tt, mode, err)
		}
	}
}
