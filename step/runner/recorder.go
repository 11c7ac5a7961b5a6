package runner

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sworn-build/sworn/step"
)

// Recorder records what the command does on the network. Package netrecord has one; the
// small runner is linked without, so that its digest does not depend on it.
type Recorder interface {
	// Start serves on loopback and returns what the command needs to get there.
	Start(way Way) (Access, error)
	// Finish ends the service when no process of the step is left, and returns the
	// requests, and why some of what went through it is not in them.
	Finish() (requests []step.Request, reasons []string, err error)
}

// Way is what a Recorder lets through, and where to.
type Way struct {
	// Allow are the patterns of URLs that may be asked for; empty allows all.
	Allow []string
	// Roots is the digest of the operator's authorities (see [step.ConfigNetwork]).
	Roots string
	// Environ is the command's environment.
	Environ []string
	// BuildKit: the step is in BuildKit's proxy network, whose proxy Environ names.
	BuildKit bool
}

// Access is the way to a Recorder.
type Access struct {
	// Port is the TCP port that it serves on, on loopback.
	Port uint16
	// Env holds KEY=value entries that take the place of those in the command's
	// environment.
	Env []string
	// Roots are the operator's authorities that are trusted, as in [step.Network].
	Roots []string
}

// startRecorder starts the recorder that the configuration asks for, if it does. In
// BuildKit's proxy network there is one already, which knows no patterns: only where
// those are given another one is needed. Else the command gets what a recorder of ours
// would give it, the authorities that BuildKit's proxy is trusted by.
func (r *run) startRecorder(o Options, environ []string) (Access, error) {
	switch {
	case r.cfg.Network == nil:
		return Access{}, nil
	case r.proxied && len(r.cfg.Network.Allow) == 0:
		return Access{Env: r.bundle.env()}, nil
	}
	if o.Recorder == nil {
		return Access{}, errors.New("record network: this runner has no recorder")
	}
	access, err := o.Recorder.Start(Way{
		Allow: r.cfg.Network.Allow, Roots: r.cfg.Network.Roots, Environ: environ, BuildKit: r.proxied,
	})
	if err != nil {
		return Access{}, fmt.Errorf("record network: %w", err)
	}
	r.recorder, r.roots = o.Recorder, access.Roots
	return access, nil
}

// network completes what is known of the step's network. open says why the command
// could reach more than the recorder.
func (r *run) network(open []string) (*step.Network, error) {
	switch {
	case r.recorder == nil && r.proxied && r.cfg.Network != nil:
		return ofBuildKit(step.NetworkRecord), nil
	case r.recorder == nil && r.proxied:
		return ofBuildKit(step.NetworkDefault), nil
	case r.recorder == nil:
		return nil, nil
	}
	requests, reasons, err := r.recorder.Finish()
	if err != nil {
		return nil, fmt.Errorf("record network: %w", err)
	}
	n := &step.Network{
		Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Enforced: len(open) == 0,
		Reasons: slices.Sorted(slices.Values(slices.Concat(open, reasons))), Roots: r.roots, Requests: requests,
	}
	n.Complete = len(n.Reasons) == 0
	return n, nil
}

// withEnv returns environ with entries in the place of those of the same name.
func withEnv(environ, entries []string) []string {
	given := make(map[string]bool, len(entries))
	for _, kv := range entries {
		given[envName(kv)] = true
	}
	out := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool { return given[envName(kv)] })
	return append(out, entries...)
}
