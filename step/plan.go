package step

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
)

// PlanVersion is the version of Plan that this package reads and writes.
const PlanVersion = 1

// Plan is what the frontend knows of a build of one platform before it runs: its
// sources, its steps and where their evidence will lie. It holds nothing that
// differs between two builds of the same inputs (no session, no vertex digest of
// a local source), because it is part of the cache key of the statements.
//
// States, the file systems between steps, are named by what made them: a source's
// or a step's ID. The empty string is an empty file system (scratch). A command
// whose mounts other steps use makes several states and so appears as several
// steps; the first has the record.
type Plan struct {
	Version  int    `json:"version"`
	Platform string `json:"platform"` // "linux/amd64", OCI form
	// Options are Sworn's options as they were in force, each key present.
	Options map[string]string `json:"options"`
	// Epoch is SOURCE_DATE_EPOCH in seconds, when it was given.
	Epoch *int64 `json:"epoch,omitempty"`
	// Sources are sorted by ID ("source1", "source2", ..., in order of first use).
	Sources []Source `json:"sources"`
	// Steps are in topological order ("step1", "step2", ...).
	Steps []Step `json:"steps"`
	// Image is the state that becomes the image.
	Image string `json:"image"`
	// ImageName is what the build calls its target: stage name or "image".
	ImageName string `json:"imageName"`
	// Rules are what is to be found in the image; nil asks for nothing.
	Rules *Rules `json:"rules,omitempty"`
}

// Options in Plan.Options that say what is in the documents.
const (
	OptionOrganization = "organization" // the name of who builds

	OptionSBOM   = "sbom"
	SBOMPackages = "packages" // the packages, and the files that none owns
	SBOMFiles    = "files"    // the packages and all files
	SBOMOff      = "off"      // no documents
)

// Source kinds.
const (
	SourceImage     = "image"
	SourceOCILayout = "oci-layout"
	SourceGit       = "git"
	SourceHTTP      = "http"
	SourceLocal     = "local"
	SourceOther     = "other"
)

// Source is an input of the build: an in-toto material.
type Source struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// URI without credentials: a purl for images (pkg:docker/...), git+URL#ref,
	// an http URL, or local:NAME.
	URI string `json:"uri"`
	// Digest is an in-toto DigestSet; empty when it is not known before the build
	// (local contexts: see Evidence).
	Digest   map[string]string `json:"digest,omitempty"`
	Platform string            `json:"platform,omitempty"`
	// Pinned: the build verifies Digest, it did not merely resolve to it once.
	Pinned bool `json:"pinned"`
	// Verified is set for an image whose attestations were verified before the build.
	Verified *Verified `json:"verified,omitempty"`
	// Carried are the SPDX documents of the image's base; nil of other sources.
	Carried *Carried `json:"carried,omitempty"`
	// Evidence is where its tree digest (local) or its contents (the base of the
	// image) lie; null when neither was described.
	Evidence *Place `json:"evidence,omitempty"`
}

// Carried are the SPDX documents that an image carries as attestations, as far as the builder
// showed them. It says so in the same words whenever it is the same.
type Carried struct {
	// Documents in the order in which they are attached.
	Documents []Document `json:"documents,omitempty"`
	// None is why there are none, Unknown why there may be some, or more, that nobody has
	// read. Of Documents, None and Unknown one is not empty; with None the others are.
	None    string `json:"none,omitempty"`
	Unknown string `json:"unknown,omitempty"`
}

// Document is an SPDX document that is attached to an image.
type Document struct {
	PredicateType string `json:"predicateType"`
	// Namespace of an SPDX 2 document; of an SPDX 3 document the id of its SpdxDocument.
	Namespace string `json:"namespace"`
	// Digest is the DigestSet of the document, byte for byte as its statement has it,
	// Statement that of the statement.
	Digest    map[string]string `json:"digest"`
	Statement map[string]string `json:"statement"`
}

// Verified says by whom the attestations of an image are signed, as it was verified before
// the build: a key or an identity.
type Verified struct {
	// Key is "sha256:HEX" over the key's SubjectPublicKeyInfo.
	Key string `json:"key,omitempty"`
	// Identity is the subject alternative name of a certificate, Issuer the OIDC issuer
	// in it.
	Identity string `json:"identity,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	// Attestations is the DigestSet of the attestation manifest that is signed.
	Attestations map[string]string `json:"attestations"`
	// PredicateTypes of the statements in it, sorted, each once.
	PredicateTypes []string `json:"predicateTypes"`
}

// Place is an item of evidence: /in/evidence/SEGMENT/ITEM.json.
type Place struct {
	Segment int `json:"segment"`
	Item    int `json:"item"`
}

// Step kinds: the LLB op behind it.
const (
	KindExec  = "exec"
	KindFile  = "file"
	KindMerge = "merge"
	KindDiff  = "diff"
	KindBuild = "build"
)

// Step is a vertex of the build graph that makes a state.
type Step struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// Name is the vertex's name in the progress: "[build 2/4] RUN make".
	Name string `json:"name"`
	// Lines of the Dockerfile, 1-based, inclusive, sorted.
	Lines []Lines `json:"lines,omitempty"`
	// Parent is the state that it starts from.
	Parent string `json:"parent"`
	// Reads are the other states and sources that it reads, sorted, unique.
	Reads []string `json:"reads,omitempty"`
	// Exec is set for KindExec.
	Exec *Exec `json:"exec,omitempty"`
	// Actions are set for KindFile, in order: "copy source1:/src /dst", "mkdir
	// /app", "mkfile /x", "rm /y", "symlink /a /b".
	Actions []string `json:"actions,omitempty"`
	// Copies are the copy actions of a KindFile step that read a state which a step
	// made, in order.
	Copies []Copy `json:"copies,omitempty"`
	// External: the step came with an input of the frontend (another build), so it
	// was not rewritten.
	External bool `json:"external,omitempty"`
	// Directives are the comments above the RUN that change how it runs.
	Directives []Directive `json:"directives,omitempty"`
	// Unobserved says why no record exists of an exec; empty when one does.
	Unobserved string `json:"unobserved,omitempty"`
	// Evidence is where its delta and record lie. Always set for steps that make
	// a described state.
	Evidence *Place `json:"evidence,omitempty"`
}

// Copy is one copy action: what is found at Src of the state From is put at Dest.
// Both paths are absolute. Dest names a folder when it ends in a slash, when Src is
// a folder or a pattern, or when a folder is already there.
type Copy struct {
	From string `json:"from"`
	Src  string `json:"src"`
	Dest string `json:"dest"`
	// Pattern: Src may hold wildcards.
	Pattern bool `json:"pattern,omitempty"`
	// Contents: of a folder Src its contents are copied, not the folder itself.
	Contents bool `json:"contents,omitempty"`
	// Filtered: include or exclude patterns choose among the files.
	Filtered bool `json:"filtered,omitempty"`
	// Unpack: an archive at Src is unpacked instead.
	Unpack bool `json:"unpack,omitempty"`
}

// Lines is a range of Dockerfile lines.
type Lines struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Directive is a comment of the Dockerfile that changes how the RUN below it runs:
// `# sworn: network=record reason="..."`. Lines add up.
type Directive struct {
	Line    int      `json:"line"` // 1-based
	Harden  string   `json:"harden,omitempty"`
	Network string   `json:"network,omitempty"`
	Allow   []string `json:"allow,omitempty"` // sorted
	// Accept are ids of build rules that find nothing in the step, sorted.
	Accept []string `json:"accept,omitempty"`
	// Root: under strict the command may be root.
	Root   bool   `json:"root,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Profile is how a command was to run: the options, as its directives changed them.
type Profile struct {
	Harden string `json:"harden"` // one of the Harden constants
	// Network is one of the Network constants.
	Network string `json:"network"`
	// Allow are the patterns of URLs that NetworkRecord lets it ask for, sorted.
	Allow []string `json:"allow,omitempty"`
	// Root: under strict it may be root.
	Root bool `json:"root,omitempty"`
}

// Exec is a command as the Dockerfile asked for it.
type Exec struct {
	// Profile is nil for a command of another build.
	Profile    *Profile    `json:"profile,omitempty"`
	Args       []string    `json:"args"`
	Env        []string    `json:"env"`  // KEY=value, in order
	User       string      `json:"user"` // as written; empty is root
	Cwd        string      `json:"cwd"`
	Network    string      `json:"network"`  // sandbox, host, none
	Security   string      `json:"security"` // sandbox, insecure
	Mounts     []Mount     `json:"mounts,omitempty"`
	SecretEnv  []SecretEnv `json:"secretEnv,omitempty"`
	ExtraHosts []string    `json:"extraHosts,omitempty"` // HOST=IP
	Devices    []string    `json:"devices,omitempty"`
}

// Mount types.
const (
	MountBind   = "bind"
	MountCache  = "cache"
	MountTmpfs  = "tmpfs"
	MountSecret = "secret"
	MountSSH    = "ssh"
)

// Mount is one mount of an Exec, the root excepted. Secrets appear by id only.
type Mount struct {
	Type   string `json:"type"`
	Target string `json:"target"`
	// From is the state that is mounted (bind, cache), Path the folder in it.
	From     string `json:"from,omitempty"`
	Path     string `json:"path,omitempty"`
	ReadOnly bool   `json:"readOnly,omitempty"`
	// ID of a cache, secret or ssh mount.
	ID       string `json:"id,omitempty"`
	Sharing  string `json:"sharing,omitempty"` // cache: shared, private, locked
	Optional bool   `json:"optional,omitempty"`
}

// SecretEnv is an environment variable whose value is a secret.
type SecretEnv struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Optional bool   `json:"optional,omitempty"`
}

// EncodePlan returns the plan's JSON.
func EncodePlan(p Plan) ([]byte, error) {
	p.Version = PlanVersion
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode plan: %w", err)
	}
	return append(b, '\n'), nil
}

// DecodePlan reads a plan strictly: unknown fields, another version or trailing
// bytes are errors.
func DecodePlan(b []byte) (Plan, error) {
	var p Plan
	if err := decodeStrict(string(b), &p); err != nil {
		return Plan{}, fmt.Errorf("decode plan: %w", err)
	}
	if p.Version != PlanVersion {
		return Plan{}, fmt.Errorf("decode plan: version %d, want %d", p.Version, PlanVersion)
	}
	return p, nil
}

// MaxPlan bounds the JSON of a plan in bytes.
const MaxPlan = 32 << 20

// PackPlan compresses a plan's JSON: the definition of every statement has the plan, and
// all of them travel in one message.
func PackPlan(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // a level that there is
	w.Write(b)                                              // a buffer takes everything
	w.Close()
	return out.Bytes()
}

// UnpackPlan returns the JSON of a plan.
func UnpackPlan(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("unpack plan: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(r, MaxPlan+1))
	if err != nil {
		return nil, fmt.Errorf("unpack plan: %w", err)
	}
	if len(out) > MaxPlan {
		return nil, fmt.Errorf("unpack plan: more than %d bytes", MaxPlan)
	}
	return out, nil
}
