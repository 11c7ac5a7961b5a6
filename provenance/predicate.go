package provenance

import (
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Predicate types that Sworn attaches and those that it knows.
const (
	StepsType    = "https://github.com/sworn-build/sworn/steps/v1"
	ContentsType = "https://github.com/sworn-build/sworn/contents/v1"
	SPDXType     = "https://spdx.dev/Document" // SPDX 2.3
	SPDX3Type    = step.SPDX3Type              // SPDX 3.0.1
	SLSAv1Type   = "https://slsa.dev/provenance/v1"
	SLSAv02Type  = "https://slsa.dev/provenance/v0.2"
)

// Steps is the predicate of StepsType. Field names follow in-toto's link
// (command, materials, products, environment) and SLSA's ResourceDescriptor.
type Steps struct {
	Platform string            `json:"platform"`
	Options  map[string]string `json:"options"`
	// Materials are the build's sources in order of first use, and then what steps
	// downloaded, by URI and digest.
	Materials []Material `json:"materials"`
	// Steps are in build order.
	Steps []Step `json:"steps"`
	// Image is the id of the step or material whose state is the image.
	Image string `json:"image"`
}

// Material is an input of the build: an in-toto ResourceDescriptor with an id.
type Material struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	URI      string            `json:"uri"`
	Digest   map[string]string `json:"digest"`
	Platform string            `json:"platform,omitempty"`
	Pinned   bool              `json:"pinned"`
	// Verified is set for an image whose attestations were verified before the build.
	Verified *step.Verified `json:"verified,omitempty"`
	// Carried are the SPDX documents of the image's base.
	Carried *step.Carried `json:"carried,omitempty"`
	// Files and Size (bytes) of a local source as the build received it; of a download
	// only Size.
	Files *int64 `json:"files,omitempty"`
	Size  *int64 `json:"size,omitempty"`
}

// Step is one step: what was asked, what was seen, what came of it.
type Step struct {
	ID    string       `json:"id"`
	Kind  string       `json:"kind"`
	Name  string       `json:"name"`
	Lines []step.Lines `json:"lines,omitempty"`
	// Parent and Reads name the states and materials that it started from and
	// read.
	Parent string   `json:"parent"`
	Reads  []string `json:"reads,omitempty"`

	Command     []string         `json:"command,omitempty"`
	Actions     []string         `json:"actions,omitempty"`
	Environment []string         `json:"environment,omitempty"`
	User        string           `json:"user,omitempty"`
	Cwd         string           `json:"cwd,omitempty"`
	NetworkMode string           `json:"networkMode,omitempty"`
	Security    string           `json:"security,omitempty"`
	Mounts      []step.Mount     `json:"mounts,omitempty"`
	SecretEnv   []step.SecretEnv `json:"secretEnv,omitempty"`
	ExtraHosts  []string         `json:"extraHosts,omitempty"`
	Devices     []string         `json:"devices,omitempty"`

	// Directives are the comments above the RUN that changed how it ran.
	Directives []step.Directive `json:"directives,omitempty"`

	// Network is what is known of an exec's use of it.
	Network *Network `json:"network,omitempty"`
	// Process and Sandbox are as applied; absent when the step was not observed.
	Process *step.Process `json:"process,omitempty"`
	Sandbox *step.Sandbox `json:"sandbox,omitempty"`
	// Exit is the exit code; a code other than 0 was allowed by the build.
	Exit *int `json:"exit,omitempty"`

	Inputs  *Inputs `json:"inputs,omitempty"`
	Outputs Outputs `json:"outputs"`
}

// Network is what is known of a step's use of the network.
type Network struct {
	step.Network
	// Downloads are the ids of the materials that it downloaded, in their order.
	Downloads []string `json:"downloads,omitempty"`
	// OmittedRequests is the number of requests left out because the statement would have
	// been larger than BuildKit takes.
	OmittedRequests int `json:"omittedRequests,omitempty"`
}

// Files is the number of files and requests in the lists of a step.
func (s *Step) Files() int {
	n := len(s.Outputs.Added) + len(s.Outputs.Changed) + len(s.Outputs.Removed)
	if s.Inputs != nil {
		n += len(s.Inputs.Files)
	}
	if s.Network != nil {
		n += len(s.Network.Requests)
	}
	return n
}

// Inputs are the files that existed before the step and were opened in it.
type Inputs struct {
	Mode     string   `json:"mode"` // inotify, off, none
	Complete bool     `json:"complete"`
	Reasons  []string `json:"reasons,omitempty"`
	// Packages own the observed files that are not listed in Files, sorted by
	// purl.
	Packages []PackageInput `json:"packages"`
	// Files that no package owns, and owned ones that changed or could not be read,
	// sorted by path.
	Files []FileInput `json:"files"`
	// OmittedFiles is the number of files left out of Files because the statement
	// would have been larger than BuildKit takes.
	OmittedFiles int `json:"omittedFiles,omitempty"`
}

// PackageInput is a package of whose files some were opened.
type PackageInput struct {
	PURL  string `json:"purl"`
	Files int    `json:"files"`
}

// FileInput is an observed file by itself.
type FileInput struct {
	Path   step.Path `json:"path"`
	Digest *SHA256   `json:"digest,omitempty"`
	Size   int64     `json:"size"`
	// Changed in the same step: Digest is of the bytes before it.
	Changed bool `json:"changed,omitempty"`
	// Package is the purl of the owner before the step. Owned files are listed only
	// when they changed in the step or could not be read.
	Package string `json:"package,omitempty"`
	// Mount is the target of the mount that the file lies in; empty for the root.
	Mount string `json:"mount,omitempty"`
	// Shared: another build may have opened it, not this step.
	Shared bool `json:"shared,omitempty"`
	// Reason says why Digest is missing or, where there is one, why the file is
	// listed though nobody saw it opened.
	Reason string `json:"reason,omitempty"`
}

// Outputs are what the step changed in its file system. Lists are sorted by path
// and never null.
type Outputs struct {
	// Digest over the delta (docs/statements.md, "digest of the delta"); empty when
	// the outputs were not described.
	Digest          map[string]string `json:"digest"`
	Added           []FileOutput      `json:"added"`
	Changed         []FileOutput      `json:"changed"`
	Removed         []step.Path       `json:"removed"`
	PackagesAdded   []string          `json:"packagesAdded"`   // purls
	PackagesRemoved []string          `json:"packagesRemoved"` // purls
	// PackagesLost are the purls of packages that no database lists any more, or lists the
	// files of, since the step, and of which files may be there.
	PackagesLost []string `json:"packagesLost,omitempty"`
	// PackagesFound are purls of such packages that databases tell of again.
	PackagesFound []string `json:"packagesFound,omitempty"`
	// Omitted is set when Added, Changed and Removed were left out because the
	// statement would have been larger than BuildKit takes. Digest is over all.
	Omitted *Omitted `json:"omitted,omitempty"`
}

// Omitted counts what was left out of [Outputs].
type Omitted struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
}

// SHA256 is the digest set of a file: one digest, in lower-case hex.
type SHA256 struct {
	Hex string `json:"sha256"`
}

// NewSHA256 returns the set of a digest in hex; nil, which is no set, of an empty one.
func NewSHA256(hex string) *SHA256 {
	if hex == "" {
		return nil
	}
	return &SHA256{hex}
}

// String returns the digest in hex, empty of nil.
func (d *SHA256) String() string {
	if d == nil {
		return ""
	}
	return d.Hex
}

// FileOutput is a file, folder or node that a step added or changed.
type FileOutput struct {
	Path   step.Path `json:"path"`
	Type   string    `json:"type"`
	Mode   string    `json:"mode"`
	UID    uint32    `json:"uid"`
	GID    uint32    `json:"gid"`
	Size   int64     `json:"size,omitempty"`
	Digest *SHA256   `json:"digest,omitempty"`
	Target step.Path `json:"target,omitempty"`
	Device string    `json:"device,omitempty"`
	// Capability is as in [File].
	Capability string `json:"capability,omitempty"`
	Package    string `json:"package,omitempty"` // purl
}

// Contents is the predicate of ContentsType.
type Contents struct {
	Platform string `json:"platform"`
	// Files are every entry of the image's file system but the root folder,
	// sorted by path bytes.
	Files []File `json:"files"`
	// Packages are the purls that Files point to by index, sorted.
	Packages []string `json:"packages"`
	// Origins are those that Files point to by index, sorted.
	Origins []Origin `json:"origins"`
	// OriginCounts are the numbers of Files of each class, every class among them.
	OriginCounts map[string]int `json:"originCounts"`
	// Digest over Files (docs/statements.md, "digest of the contents").
	Digest map[string]string `json:"digest"`
	// Databases are the package databases that do not tell what is installed, sorted by path.
	Databases []Database `json:"databases,omitempty"`
	// MerkleRoot over Files with all that they point to, as [Contents.Root] makes it.
	MerkleRoot map[string]string `json:"merkleRoot"`
}

// Database is a package database that cannot be read, or not all of it, or that a step
// removed.
type Database struct {
	Type string    `json:"type"` // purl type of its packages
	Path step.Path `json:"path"`
	// Step is the id of the step that left it so, or of the base image's material.
	Step    string `json:"step"`
	Removed bool   `json:"removed,omitempty"`
	Reason  string `json:"reason,omitempty"` // of one that is there
}

// OfDatabase reports whether a package URL is of a package that a database of the whole file
// system lists, as those of Linux distributions are.
func OfDatabase(purl string) bool {
	return strings.HasPrefix(purl, "pkg:deb/") || strings.HasPrefix(purl, "pkg:apk/") || strings.HasPrefix(purl, "pkg:rpm/")
}

// File types of [File] and [FileOutput].
const (
	TypeFile    = "file"
	TypeDir     = "dir"
	TypeSymlink = "symlink"
	TypeChar    = "char"
	TypeBlock   = "block"
	TypeFifo    = "fifo"
	TypeSocket  = "socket"
)

// File is one entry of the image.
type File struct {
	Path step.Path `json:"path"` // absolute
	Type string    `json:"type"`
	Mode string    `json:"mode"` // octal permission, setuid, setgid and sticky bits: "0755"
	UID  uint32    `json:"uid"`
	GID  uint32    `json:"gid"`
	// Size in bytes and Digest of TypeFile.
	Size   int64   `json:"size,omitempty"`
	Digest *SHA256 `json:"digest,omitempty"`
	// Target of TypeSymlink, as stored.
	Target step.Path `json:"target,omitempty"`
	// Device numbers "MAJOR:MINOR" of TypeChar and TypeBlock.
	Device string `json:"device,omitempty"`
	// Capability is the extended attribute security.capability of TypeFile,
	// lower-case hex.
	Capability string `json:"capability,omitempty"`
	// Package is an index into Contents.Packages.
	Package *int `json:"package,omitempty"`
	// Step is the id of the step that wrote the entry last, or of the base image's
	// material.
	Step string `json:"step"`
	// Origin is an index into Contents.Origins.
	Origin int `json:"origin"`
	// OriginPath is where the bytes lay at their origin, when that is another path.
	OriginPath step.Path `json:"originPath,omitempty"`
}
