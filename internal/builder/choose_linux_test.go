package builder

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	host, name := "BUILDKIT_HOST=tcp://env:1", "BUILDX_BUILDER=env"
	for _, tt := range []struct {
		what string
		o    Options
		want choice
	}{
		{"nothing", Options{}, choice{kind: kindAny}},
		{"address", Options{Addr: "tcp://flag:1", Environ: []string{host, name}}, choice{kindAddress, "tcp://flag:1"}},
		{"builder", Options{Buildx: "flag", Environ: []string{host, name}}, choice{kindBuildx, "flag"}},
		{"host of the environment", Options{Environ: []string{name, host}}, choice{kindAddress, "tcp://env:1"}},
		{"builder of the environment", Options{Environ: []string{name}}, choice{kindBuildx, "env"}},
		{"empty variables", Options{Environ: []string{"BUILDKIT_HOST=", "BUILDX_BUILDER="}}, choice{kind: kindAny}},
		{"the last one counts", Options{Environ: []string{"BUILDX_BUILDER=a", "BUILDX_BUILDER=b"}}, choice{kindBuildx, "b"}},
	} {
		got, err := choose(tt.o)
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.what, got, err, tt.want)
		}
	}
	if _, err := choose(Options{Addr: "tcp://a:1", Buildx: "b"}); !errors.Is(err, ErrTwoBuilders) {
		t.Errorf("two builders: %v", err)
	}
}

// TestDaemonCommand: what is missing is named at once, with what to install.
func TestDaemonCommand(t *testing.T) {
	p := paths{dir: "/state"}
	for _, tt := range []struct {
		what      string
		root      bool
		installed string
		ids       bool
		config    string
		want      string // the command line, or
		missing   string // the programs
		hint      string
	}{
		{what: "root", root: true, installed: "buildkitd runc crun", want: "buildkitd --addr unix:///state/buildkitd.sock --root /state/buildkit --otel-socket-path /state/otel.sock --oci-worker=true --containerd-worker=false --oci-worker-binary runc --allow-insecure-entitlement network.host"},
		{what: "crun", root: true, installed: "buildkitd crun", config: "/c", want: "buildkitd --addr unix:///state/buildkitd.sock --root /state/buildkit --otel-socket-path /state/otel.sock --oci-worker=true --containerd-worker=false --oci-worker-binary crun --allow-insecure-entitlement network.host --config /c"},
		{what: "rootless", installed: "buildkitd runc rootlesskit newuidmap newgidmap", ids: true, want: "rootlesskit buildkitd --addr unix:///state/buildkitd.sock --root /state/buildkit --otel-socket-path /state/otel.sock --oci-worker=true --containerd-worker=false --oci-worker-binary runc --allow-insecure-entitlement network.host"},
		{what: "nothing as root", root: true, missing: "buildkitd, runc or crun", hint: hintRoot},
		{what: "nothing", missing: "buildkitd, rootlesskit, newuidmap, newgidmap, runc or crun", hint: hintRootless},
		{what: "no ids", installed: "buildkitd runc rootlesskit newuidmap newgidmap", missing: "ids", hint: hintSubIDs},
	} {
		t.Run(tt.what, func(t *testing.T) {
			m := machine{
				root: tt.root,
				look: func(name string) (string, error) {
					if slices.Contains(strings.Fields(tt.installed), name) {
						return "/bin/" + name, nil
					}
					return "", exec.ErrNotFound
				},
				subordinate: func() error {
					if tt.ids {
						return nil
					}
					return &missingError{[]string{"ids"}, hintSubIDs}
				},
			}
			got, err := daemonCommand(m, p, tt.config)
			if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
				t.Errorf("command line (-want +got):\n%s", d)
			}
			var missing *missingError
			if tt.missing == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &missing) || strings.Join(missing.programs, ", ") != tt.missing || missing.hint != tt.hint {
				t.Errorf("error %v, want %s", err, tt.missing)
			}
		})
	}
}

func TestStateFolder(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		want    string // folder, or part of the error
	}{
		{[]string{"HOME=/home/a"}, "/home/a/.local/state/sworn"},
		{[]string{"HOME=/home/a", "XDG_STATE_HOME=/s"}, "/s/sworn"},
		{nil, "neither XDG_STATE_HOME nor HOME is set"},
		{[]string{"XDG_STATE_HOME=s"}, `"s" is no absolute path`},
		{[]string{"HOME=/" + strings.Repeat("a", 80)}, "set XDG_STATE_HOME to a shorter one"},
	} {
		p, err := daemonPaths(Options{Environ: tt.environ})
		if err != nil && !strings.Contains(err.Error(), tt.want) || err == nil && p.dir != tt.want {
			t.Errorf("%v: %q, %v, want %s", tt.environ, p.dir, err, tt.want)
		}
	}
}

func TestTLSFiles(t *testing.T) {
	for _, tt := range []struct {
		tls  TLS
		want string
	}{
		{TLS{Dir: "d", CA: "c"}, "a TLS folder and TLS files are named"},
		{TLS{Dir: t.TempDir()}, "no ca.pem or ca.crt in it"},
		{TLS{Cert: "c"}, "needs its key"},
	} {
		if _, err := tt.tls.options("tcp://host:1"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %s", tt.tls, err, tt.want)
		}
	}
	for tls, want := range map[TLS]int{{}: 0, {CA: "ca"}: 1, {CA: "ca", Cert: "c", Key: "k"}: 2} {
		if opts, err := tls.options("tcp://host:1"); err != nil || len(opts) != want {
			t.Errorf("%+v: %d options, %v, want %d", tls, len(opts), err, want)
		}
	}
}
