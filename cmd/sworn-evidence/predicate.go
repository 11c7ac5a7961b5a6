package main

import (
	"errors"
	"fmt"
	"sort"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// predicate makes the steps predicate.
func (g *graph) predicate() (provenance.Steps, error) {
	out := provenance.Steps{
		Platform:  g.plan.Platform,
		Options:   g.plan.Options,
		Materials: []provenance.Material{},
		Steps:     []provenance.Step{},
		Image:     g.plan.Image,
	}
	for _, s := range g.plan.Sources {
		m, err := g.material(s)
		if err != nil {
			return provenance.Steps{}, err
		}
		out.Materials = append(out.Materials, m)
	}
	for _, s := range g.plan.Steps {
		out.Steps = append(out.Steps, g.step(s))
	}
	out.AddDownloads()
	return out, nil
}

func (g *graph) material(s step.Source) (provenance.Material, error) {
	m := provenance.Material{
		ID: s.ID, Kind: s.Kind, URI: s.URI, Digest: s.Digest, Platform: s.Platform, Pinned: s.Pinned, Verified: s.Verified,
		Carried: s.Carried,
	}
	if s.Kind == step.SourceLocal {
		var t *tree
		if s.Evidence != nil {
			e := g.evidence[*s.Evidence]
			if t = e.Tree; t == nil {
				t = treeOf(e.Delta.Added)
			}
		}
		switch {
		case t != nil:
			m.Digest, m.Files, m.Size = t.Digest, &t.Files, &t.Bytes
		case len(s.Digest) == 0:
			return m, fmt.Errorf("evidence of %s: a local source without a digest", s.ID)
		}
	}
	if m.Digest == nil {
		m.Digest = map[string]string{}
	}
	return m, nil
}

func (g *graph) step(s step.Step) provenance.Step {
	d := g.delta(s.Evidence)
	out := provenance.Step{
		ID: s.ID, Kind: s.Kind, Name: s.Name, Lines: s.Lines, Parent: s.Parent, Reads: s.Reads,
		Actions: s.Actions, Outputs: g.outputs(s.ID, d),
	}
	if x := s.Exec; x != nil {
		out.Command, out.Environment, out.User, out.Cwd = x.Args, x.Env, x.User, x.Cwd
		out.NetworkMode, out.Security, out.Mounts, out.SecretEnv = x.Network, x.Security, x.Mounts, x.SecretEnv
		out.ExtraHosts, out.Devices = x.ExtraHosts, x.Devices
		out.Directives, out.Network = s.Directives, network(x, d)
	}
	switch {
	case d != nil && d.Record != nil:
		r := d.Record
		out.Process, out.Sandbox, out.Exit, out.Inputs = &r.Process, &r.Sandbox, &r.Exit, &r.Inputs
	case s.Kind == step.KindExec:
		out.Inputs = &provenance.Inputs{
			Mode:     provenance.InputsNone,
			Reasons:  []string{s.Unobserved},
			Packages: []provenance.PackageInput{},
			Files:    []provenance.FileInput{},
		}
	}
	return out
}

// network of a step: what the record says, or else what the builder was told.
func network(x *step.Exec, d *described) *provenance.Network {
	switch {
	case d != nil && d.Record != nil && d.Record.Network != nil:
		return &provenance.Network{Network: *d.Record.Network}
	case x.Network == step.NetworkNone || x.Profile != nil && x.Profile.Network == step.NetworkNone:
		return &provenance.Network{Network: step.Network{
			Mode: step.NetworkNone, Enforced: true, Complete: true, Requests: []step.Request{},
		}}
	}
	return &provenance.Network{Network: step.Network{
		Mode: step.NetworkDefault, Reasons: []string{"not recorded"}, Requests: []step.Request{},
	}}
}

// outputs of a step that was not described are empty, without a digest.
func (g *graph) outputs(id string, d *described) provenance.Outputs {
	o := provenance.Outputs{
		Digest: map[string]string{},
		Added:  []provenance.FileOutput{}, Changed: []provenance.FileOutput{}, Removed: []step.Path{},
		PackagesAdded: []string{}, PackagesRemoved: []string{},
	}
	if d == nil {
		return o
	}
	manifests := g.installed[id].manifests
	o.Added, o.Changed = fileOutputs(d.Added, manifests), fileOutputs(d.Changed, manifests)
	o.Removed = append(o.Removed, d.Removed...)
	added, removed := g.changedPackages(id)
	o.PackagesAdded = append(o.PackagesAdded, added...)
	o.PackagesRemoved = append(o.PackagesRemoved, removed...)
	if d.Inventory != nil {
		for _, l := range d.Inventory.Lost {
			o.PackagesLost = append(o.PackagesLost, l.Package.PURL)
		}
		o.PackagesFound = g.foundAgain(id)
	}
	if d.Base {
		o.PackagesLost = lostPURLs(g.installed[id].lost)
	}
	o.Digest = provenance.DeltaDigest(o)
	return o
}

// fileOutputs makes outputs of entries; those that no database knows the owner of belong
// to the packages of manifests.
func fileOutputs(es []sbom.Entry, m *sbom.Manifests) []provenance.FileOutput {
	out := make([]provenance.FileOutput, 0, len(es))
	for i := range es {
		e := &es[i]
		owner := e.Package
		if owner == "" {
			owner, _ = m.Owner(e.Path, e.Type)
		}
		out = append(out, provenance.FileOutput{
			Path: e.Path, Type: e.Type, Mode: e.Mode, UID: e.UID, GID: e.GID, Size: e.Size,
			Digest: provenance.NewSHA256(e.SHA256), Target: e.Target, Device: e.Device, Capability: e.Capability, Package: owner,
		})
	}
	return out
}

// encodeSteps makes the steps predicate of evidence that is consistent.
func (g *graph) encodeSteps() ([]byte, error) {
	if err := g.consistent(); err != nil {
		return nil, err
	}
	s, err := g.predicate()
	if err != nil {
		return nil, err
	}
	b, err := encodeWithin(s, provenance.EncodeSteps)
	if err != nil {
		return nil, err
	}
	return b, readableSteps(s, b)
}

// encodeWithin encodes the predicate. When it is too large, lists of outputs and
// then of inputs are left out, the longest first, until it fits; counts and
// digests stay.
func encodeWithin(s provenance.Steps, encode func(provenance.Steps) ([]byte, error)) ([]byte, error) {
	var size *provenance.SizeError
	b, err := encode(s)
	for _, i := range byLength(s.Steps) {
		if !errors.As(err, &size) {
			break
		}
		omit(&s.Steps[i])
		b, err = encode(s)
	}
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	return b, nil
}

// byLength returns the indexes of steps, the one with the most files first.
func byLength(steps []provenance.Step) []int {
	out := make([]int, len(steps))
	for i := range out {
		out[i] = i
	}
	sort.SliceStable(out, func(a, b int) bool { return steps[out[a]].Files() > steps[out[b]].Files() })
	return out
}

// omit leaves the lists of files and requests of a step out; downloads stay, as materials. The step's own lists are replaced,
// never written to.
func omit(s *provenance.Step) {
	o := &s.Outputs
	if len(o.Digest) > 0 {
		o.Omitted = &provenance.Omitted{Added: len(o.Added), Changed: len(o.Changed), Removed: len(o.Removed)}
	}
	o.Added, o.Changed, o.Removed = []provenance.FileOutput{}, []provenance.FileOutput{}, []step.Path{}
	if s.Network != nil && len(s.Network.Requests) > 0 {
		n := *s.Network
		n.OmittedRequests, n.Requests = len(n.Requests), []step.Request{}
		s.Network = &n
	}
	if s.Inputs != nil {
		in := *s.Inputs
		in.OmittedFiles, in.Files = len(in.Files), []provenance.FileInput{}
		s.Inputs = &in
	}
}
