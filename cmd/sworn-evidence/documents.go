package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// documents makes the SPDX documents of attributed entries, which are sorted, and have the
// digest contents; none under sbom=off.
func (g *graph) documents(files []sbom.Held, in sbom.Installed, contents string) ([]output, error) {
	if g.plan.Options[step.OptionSBOM] == step.SBOMOff {
		return nil, nil
	}
	img, err := g.documented(files, in, contents)
	if err != nil {
		return nil, err
	}
	versions := []struct {
		what, file string
		part       func(int) string
		encode     func(sbom.Image) (sbom.Documents, error)
		out        []output
	}{
		{what: "SPDX document", file: step.SPDXFile, part: step.SPDXPart, encode: sbom.EncodeDocuments},
		{what: "SPDX 3 document", file: step.SPDX3File, part: step.SPDX3Part, encode: sbom.EncodeDocuments3},
	}
	var encode []func() error
	for i := range versions {
		v := &versions[i]
		encode = append(encode, func() error {
			docs, err := v.encode(img)
			if err == nil && len(docs.Main) > img.MaxBytes {
				err = &provenance.SizeError{Bytes: len(docs.Main) + 1}
			}
			if err != nil {
				return fmt.Errorf("%s: %w", v.what, err)
			}
			v.out = append(v.out, output{v.file, append(docs.Main, '\n')})
			for i, part := range docs.Parts {
				v.out = append(v.out, output{v.part(i + 1), append(part, '\n')})
			}
			return nil
		})
	}
	if err := together(encode...); err != nil {
		return nil, err
	}
	return slices.Concat(versions[0].out, versions[1].out), nil
}

// documented is what documents say of the image.
func (g *graph) documented(files []sbom.Held, in sbom.Installed, contents string) (sbom.Image, error) {
	plan := g.plan
	located, unlocated := g.downloads(plan.Image, in.Inventory)
	steps, err := g.predicate()
	if err != nil {
		return sbom.Image{}, err
	}
	img := sbom.Image{
		Name:         plan.ImageName,
		Platform:     plan.Platform,
		Tool:         name + "-" + version,
		Organization: plan.Options[step.OptionOrganization],
		Installed:    in,
		Files:        files,
		AllFiles:     plan.Options[step.OptionSBOM] == step.SBOMFiles,
		Downloads:    located,
		Unlocated:    unlocated,
		Build:        g.buildOf(steps),
		Contents:     contents,
		MaxBytes:     provenance.MaxPredicate - 1, // its newline
	}
	img.Build.Base = g.baseOf(files, in)
	if plan.Epoch != nil {
		img.Epoch = *plan.Epoch
	}
	return img, nil
}

// buildOf is what SPDX 3 says of a build.
func (g *graph) buildOf(s provenance.Steps) sbom.Build {
	b := sbom.Build{Image: s.Image}
	for _, m := range s.Materials {
		b.Materials = append(b.Materials, sbom.Material{ID: m.ID, Kind: m.Kind, URI: m.URI, Digest: m.Digest, Platform: m.Platform})
	}
	for i := range s.Steps {
		one := buildStep(&s.Steps[i])
		if d := g.delta(g.steps[one.ID].Evidence); d != nil && d.Record != nil {
			for _, p := range d.Record.Packages {
				one.Read = append(one.Read, p.Package.PURL)
			}
		}
		b.Steps = append(b.Steps, one)
	}
	return b
}

func buildStep(s *provenance.Step) sbom.Step {
	out := sbom.Step{
		ID: s.ID, Kind: s.Kind, Name: s.Name, Parameters: parameters(s),
		Digest: s.Outputs.Digest["sha256"],
		Added:  len(s.Outputs.Added), Changed: len(s.Outputs.Changed), Removed: len(s.Outputs.Removed),
	}
	for _, e := range s.Environment {
		k, v, _ := strings.Cut(e, "=")
		out.Environment = append(out.Environment, sbom.Parameter{Key: k, Value: v})
	}
	if s.Parent != "" {
		out.Inputs = append(out.Inputs, s.Parent)
	}
	out.Inputs = append(out.Inputs, without(s.Reads, out.Inputs)...)
	if s.Network != nil {
		out.Inputs = append(out.Inputs, s.Network.Downloads...)
	}
	return out
}

// parameters are how a step was called, in the words of the steps statement. What is a list
// there is one in JSON here.
func parameters(s *provenance.Step) []sbom.Parameter {
	var out []sbom.Parameter
	add := func(key, value string) {
		if value != "" {
			out = append(out, sbom.Parameter{Key: key, Value: value})
		}
	}
	for _, list := range []struct {
		key    string
		values []string
	}{{"command", s.Command}, {"actions", s.Actions}} {
		if len(list.values) > 0 {
			b, _ := json.Marshal(list.values) // strings alone
			add(list.key, string(b))
		}
	}
	add("user", s.User)
	add("cwd", s.Cwd)
	add("networkMode", s.NetworkMode)
	add("security", s.Security)
	if s.Sandbox != nil {
		add("harden", s.Sandbox.Harden)
	}
	if s.Exit != nil {
		add("exit", strconv.Itoa(*s.Exit))
	}
	var lines []string
	for _, l := range s.Lines {
		lines = append(lines, fmt.Sprintf("%d-%d", l.Start, l.End))
	}
	add("lines", strings.Join(slices.Compact(lines), ","))
	return out
}
