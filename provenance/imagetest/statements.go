package imagetest

import (
	"encoding/json"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// Predicate returns a predicate of a type, for the files of [Layers].
func Predicate(predicateType, platform string) any {
	switch predicateType {
	case provenance.StepsType:
		return Steps(platform)
	case provenance.ContentsType:
		return Contents(platform)
	case provenance.SPDXType:
		return SPDX(platform)
	case provenance.SPDX3Type:
		return SPDX3(platform)
	}
	return map[string]any{"buildDefinition": map[string]any{"buildType": "test <&> \u2028"}, "runDetails": map[string]any{}}
}

// Contents returns the contents/v1 predicate of [Layers].
func Contents(platform string) provenance.Contents {
	files := Files()
	for i := range files {
		files[i].Step = "source1"
		if p := string(files[i].Path); len(p) > 4 && p[:4] == "/app" {
			files[i].Step, files[i].Origin = "step2", 2
		}
	}
	zero := 0
	files[6].Package = &zero
	files[7].Package = &zero
	files[6].Origin, files[7].Origin = 1, 1
	c := provenance.Contents{
		Platform: platform,
		Files:    files,
		Packages: []string{"pkg:deb/debian/busybox@1.35?arch=amd64"},
		Origins: []provenance.Origin{
			{Class: provenance.OriginBase, From: "source1"}, {Class: provenance.OriginPackage, From: "source1"}, {Class: provenance.OriginStep, From: "step2"},
		},
		Digest: provenance.ContentsDigest(files),
	}
	c.OriginCounts = provenance.CountOrigins(files, c.Origins)
	c.MerkleRoot = c.Root()
	return c
}

// SPDX returns an SPDX 2.3 document, as far as it is read, of the packages of
// [Contents] and the files that none of them owns.
func SPDX(platform string) map[string]any {
	contents := Contents(platform)
	var packages, files []any
	for _, p := range contents.Packages {
		packages = append(packages, map[string]any{"SPDXID": "SPDXRef-Package", "name": p,
			"externalRefs": []any{map[string]any{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": p}}})
	}
	for _, f := range contents.Files {
		if f.Type == provenance.TypeFile && f.Package == nil {
			name, _ := f.Path.MarshalText() // never fails
			files = append(files, map[string]any{"SPDXID": "SPDXRef-File", "fileName": "." + string(name),
				"checksums": []any{map[string]any{"algorithm": "SHA256", "checksumValue": f.Digest.String()}}})
		}
	}
	return map[string]any{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "image", "dataLicense": "CC0-1.0",
		"packages": packages, "files": files}
}

// SPDX3 returns an SPDX 3.0.1 document of the same.
func SPDX3(platform string) map[string]any {
	contents := Contents(platform)
	graph := []any{map[string]any{"type": "CreationInfo", "@id": "_:creationInfo", "specVersion": "3.0.1"}}
	for _, p := range contents.Packages {
		graph = append(graph, map[string]any{"type": "software_Package", "name": p, "software_packageUrl": p})
	}
	for _, f := range contents.Files {
		if f.Type == provenance.TypeFile && f.Package == nil {
			name, _ := f.Path.MarshalText() // never fails
			graph = append(graph, map[string]any{"type": "software_File", "name": string(name),
				"verifiedUsing": []any{map[string]any{"type": "Hash", "algorithm": "sha256", "hashValue": f.Digest.String()}}})
		}
	}
	return map[string]any{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph}
}

const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Steps returns a steps/v1 predicate: a base image, a RUN that was observed, a
// COPY, and a RUN whose record is not complete and whose command is hostile to
// terminals.
func Steps(platform string) provenance.Steps {
	sum := provenance.NewSHA256(emptySum)
	exit := 0
	process := &step.Process{Groups: []uint32{}, Cwd: "/"}
	sandbox := &step.Sandbox{Harden: step.HardenBaseline, Kernel: "6.12.9", NoNewPrivileges: true, Seccomp: "filter",
		Filter:       &step.Filter{Name: "baseline/1", Digest: "sha256:" + emptySum},
		Landlock:     &step.Landlock{ABI: 6, Restricts: []string{step.RestrictSockets}},
		Capabilities: step.CapabilitySets{Bounding: []string{"CAP_CHOWN"}, Effective: []string{"CAP_CHOWN"}, Permitted: []string{"CAP_CHOWN"}, Inheritable: []string{}, Ambient: []string{}}}
	out := func(added ...provenance.FileOutput) provenance.Outputs {
		if added == nil {
			added = []provenance.FileOutput{}
		}
		o := provenance.Outputs{Added: added, Changed: []provenance.FileOutput{}, Removed: []step.Path{},
			PackagesAdded: []string{}, PackagesRemoved: []string{}}
		o.Digest = provenance.DeltaDigest(o)
		return o
	}
	run := provenance.Step{ID: "step1", Kind: step.KindExec, Name: "[build 2/3] RUN apt-get install busybox", Parent: "source1",
		Lines: []step.Lines{{Start: 3, End: 4}}, Command: []string{"/bin/sh", "-c", "apt-get install -y\tbusybox &&\n  rm -rf /var/cache/a"},
		Environment: []string{"PATH=/bin"}, Cwd: "/", NetworkMode: "sandbox", Security: "sandbox",
		Process: process, Sandbox: sandbox, Exit: &exit,
		Directives: []step.Directive{{Line: 2, Network: step.NetworkRecord, Allow: []string{"http://mirror.test/**"}, Reason: "packages\x1b[2J"}},
		Network: &provenance.Network{
			Network: step.Network{Mode: step.NetworkRecord, Recorder: step.RecorderSworn, Enforced: true, Complete: false, Reasons: []string{"an upgrade to websocket"}, Roots: []string{"sha256:" + emptySum},
				Requests: []step.Request{
					{Method: "GET", URL: "http://mirror.test/pool/b/busybox_1.35_amd64.deb", Status: 200, Digest: "sha256:" + emptySum, Count: 1},
					{Method: "GET", URL: "https://evil.test/x", Refused: true, Reason: "no pattern allows it", Count: 2},
				}},
			Downloads: []string{"download1"},
		},
		Inputs: &provenance.Inputs{Mode: step.ObserveInotify, Complete: true,
			Packages: []provenance.PackageInput{{PURL: "pkg:deb/debian/apt@2.6?arch=amd64", Files: 12}, {PURL: "pkg:deb/debian/libc6@2.36?arch=amd64", Files: 2}},
			Files:    []provenance.FileInput{{Path: "/etc/hosts.local", Digest: sum, Size: 3}}},
		Outputs: provenance.Outputs{
			Added:   []provenance.FileOutput{{Path: "/var/cache/new", Type: provenance.TypeFile, Mode: "0644", Size: 3, Digest: sum}},
			Changed: []provenance.FileOutput{{Path: "/etc/passwd", Type: provenance.TypeFile, Mode: "0640", Size: 8, Digest: sum}},
			Removed: []step.Path{"/etc/gone"}, PackagesAdded: []string{"pkg:deb/debian/busybox@1.35?arch=amd64"}, PackagesRemoved: []string{}},
	}
	run.Outputs.Digest = provenance.DeltaDigest(run.Outputs)
	copied := provenance.Step{ID: "step2", Kind: step.KindFile, Name: "[stage-1 2/3] COPY server /app/server", Parent: "step1",
		Lines: []step.Lines{{Start: 7, End: 7}}, Reads: []string{"source2"}, Actions: []string{"copy source2:/server /app/server"},
		Outputs: out(provenance.FileOutput{Path: "/app/server", Type: provenance.TypeFile, Mode: "0755", Size: 13, Digest: sum})}
	hostile := provenance.Step{ID: "step3", Kind: step.KindExec, Name: "[stage-1 3/3] RUN evil", Parent: "step2",
		Lines: []step.Lines{{Start: 8, End: 8}}, Command: []string{"/bin/sh", "-c", "echo \x1b[2J\x1b]0;owned\x07 \u202egnp.exe"},
		Environment: []string{}, Cwd: "/", NetworkMode: "none", Security: "sandbox",
		Inputs: &provenance.Inputs{Mode: step.ObserveInotify, Complete: false, Reasons: []string{"event queue overflowed"},
			Packages: []provenance.PackageInput{}, Files: []provenance.FileInput{}},
		Outputs: out()}
	return provenance.Steps{Platform: platform, Options: map[string]string{"observe": "on"}, Image: "step3",
		Materials: []provenance.Material{
			{ID: "source1", Kind: step.SourceImage, URI: "pkg:docker/debian@bookworm", Digest: map[string]string{"sha256": emptySum}, Platform: platform, Pinned: true,
				Verified: &step.Verified{Key: "sha256:" + emptySum, Attestations: map[string]string{"sha256": emptySum}, PredicateTypes: []string{provenance.SLSAv1Type}}},
			{ID: "source2", Kind: step.SourceLocal, URI: "local:context", Digest: map[string]string{"sha256": emptySum}},
			{ID: "download1", Kind: provenance.KindDownload, URI: "http://mirror.test/pool/b/busybox_1.35_amd64.deb", Digest: map[string]string{"sha256": emptySum}},
		},
		Steps: []provenance.Step{run, copied, hostile}}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own values
	}
	return b
}
