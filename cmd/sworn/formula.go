package main

import (
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// formula is the build of an image as CycloneDX's formulation: materials are its
// components, steps the tasks of one workflow.
func formula(s provenance.Steps) cdx.Formula {
	components := []cdx.Component{}
	for _, m := range s.Materials {
		components = append(components, materialComponent(m))
	}
	material := map[string]bool{}
	for _, m := range s.Materials {
		material[m.ID] = true
	}
	tasks := []cdx.Task{}
	dependencies := []cdx.Dependency{}
	for i := range s.Steps {
		tasks = append(tasks, stepTask(&s.Steps[i], material))
		dependencies = append(dependencies, taskDependency(&s.Steps[i], material))
	}
	return cdx.Formula{
		BOMRef: "build", Components: &components,
		Workflows: &[]cdx.Workflow{{
			BOMRef: "workflow", UID: "workflow", Name: "build of " + s.Platform, TaskTypes: &[]cdx.TaskType{cdx.TaskTypeBuild},
			Tasks: &tasks, TaskDependencies: &dependencies,
		}},
	}
}

func materialComponent(m provenance.Material) cdx.Component {
	out := cdx.Component{BOMRef: m.ID, Type: cdx.ComponentTypeData, Name: m.URI}
	switch m.Kind {
	case step.SourceImage, step.SourceOCILayout:
		out.Type = cdx.ComponentTypeContainer
	case provenance.KindDownload, step.SourceHTTP:
		out.Type = cdx.ComponentTypeFile
	}
	if strings.HasPrefix(m.URI, "pkg:") {
		out.PackageURL = m.URI
	}
	if d := m.Digest["sha256"]; d != "" {
		out.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: d}}
	}
	out.Properties = &[]cdx.Property{{Name: "sworn:kind", Value: m.Kind}}
	return out
}

func stepTask(s *provenance.Step, material map[string]bool) cdx.Task {
	task := cdx.Task{BOMRef: s.ID, UID: s.ID, Name: s.Name, TaskTypes: &[]cdx.TaskType{taskType(s.Kind)}}
	var executed []cdx.TaskCommand
	for _, a := range s.Actions {
		executed = append(executed, cdx.TaskCommand{Executed: a})
	}
	if len(s.Command) > 0 {
		executed = append(executed, cdx.TaskCommand{Executed: strings.Join(s.Command, " ")})
	}
	if len(executed) > 0 {
		task.Steps = &[]cdx.TaskStep{{Name: whatText(s), Commands: &executed}}
	}
	var inputs []cdx.TaskInput
	read := stateReads(s)
	if s.Network != nil {
		read = append(read, s.Network.Downloads...)
	}
	for _, id := range read {
		if material[id] {
			inputs = append(inputs, cdx.TaskInput{Resource: &cdx.ResourceReferenceChoice{Ref: id}})
		}
	}
	if len(inputs) > 0 {
		task.Inputs = &inputs
	}
	if len(s.Lines) > 0 {
		task.Properties = &[]cdx.Property{{Name: "sworn:lines", Value: linesText(s.Lines)}}
	}
	return task
}

func taskType(kind string) cdx.TaskType {
	switch kind {
	case step.KindExec:
		return cdx.TaskTypeBuild
	case step.KindFile:
		return cdx.TaskTypeCopy
	case step.KindMerge:
		return cdx.TaskTypeMerge
	}
	return cdx.TaskTypeOther
}

// stateReads are the steps and materials that a step starts from and reads, each once.
func stateReads(s *provenance.Step) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, state := range append([]string{s.Parent}, s.Reads...) {
		id := stateOf(state)
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// stateOf is the id of the step or material whose state is named: "step3.1" is a mount
// that step3 wrote.
func stateOf(state string) string {
	id, _, _ := strings.Cut(state, ".")
	return id
}

func taskDependency(s *provenance.Step, material map[string]bool) cdx.Dependency {
	out := cdx.Dependency{Ref: s.ID}
	var on []string
	for _, id := range stateReads(s) {
		if !material[id] {
			on = append(on, id)
		}
	}
	if len(on) > 0 {
		out.Dependencies = &on
	}
	return out
}
