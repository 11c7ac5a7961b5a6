package main

import (
	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// whyOutput is the JSON of sworn why.
type whyOutput struct {
	*attested
	Asked string `json:"asked"`
	// NoDocument says why licences, suppliers and packages linked into programs are not
	// known; empty when the image has an SPDX document.
	NoDocument string `json:"noDocument,omitempty"`
	// File is there when a path was asked for that the image has, Gone when it has it no
	// longer or had it in another stage, Packages otherwise: all that match.
	File     *whyFile     `json:"file,omitempty"`
	Gone     *whyGone     `json:"gone,omitempty"`
	Packages []whyPackage `json:"packages,omitempty"`
	// OtherStages are packages that match as well and are of the build, not in the image.
	OtherStages []string `json:"otherStages,omitempty"`
	// Base is what the base image says of it, with --follow.
	Base *whyOutput `json:"base,omitempty"`
}

// whyFile is an entry of the image.
type whyFile struct {
	Path step.Path `json:"path"`
	// Links were followed on the way from what was asked for.
	Links []whyLink `json:"links,omitempty"`
	Type  string    `json:"type"`
	Mode  string    `json:"mode"`
	UID   uint32    `json:"uid"`
	GID   uint32    `json:"gid"`
	Size  int64     `json:"size,omitempty"`
	// Digest of a file's bytes, "sha256:HEX".
	Digest string    `json:"digest,omitempty"`
	Target step.Path `json:"target,omitempty"`
	// Device and Capability as in contents/v1.
	Device     string `json:"device,omitempty"`
	Capability string `json:"capability,omitempty"`
	// Package owns it; State says whether its bytes are the package's: "intact",
	// "changed", "unexplained" when it is not known with what it was written over, "unsaid"
	// when nothing but an entry in a database says that it is the package's, and empty where a
	// package is nothing but what it owns.
	Package *whyPackage `json:"package,omitempty"`
	State   string      `json:"state,omitempty"`
	// CopyOf is, of a file that no package owns, a package's file of the image that has the
	// same bytes and lies where these came from.
	CopyOf *whyCopy          `json:"copyOf,omitempty"`
	Origin provenance.Origin `json:"origin"`
	// Databases, of a file without a package, are those that may not tell of one.
	Databases []whyDatabase `json:"databases,omitempty"`
	// Chain is the way of the bytes, the last step first.
	Chain []hop `json:"chain"`
	// Holds sums up what lies in a folder.
	Holds *whyFolder `json:"holds,omitempty"`
	// Dangling is of a link that leads to nothing in the image: what was there, if anything.
	Dangling *whyGone `json:"dangling,omitempty"`
}

// whyDatabase is a package database that does not tell what is installed.
type whyDatabase struct {
	provenance.Database
	// Since is the step that left it so, or the material that it came with.
	Since *hop `json:"since,omitempty"`
}

// whyCopy is a package's file.
type whyCopy struct {
	Path step.Path `json:"path"`
	PURL string    `json:"purl"`
}

// whyFolder sums up what lies in a folder, at any depth.
type whyFolder struct {
	Entries int `json:"entries"`
	Files   int `json:"files"`
	// Bytes of all files.
	Bytes int64 `json:"bytes"`
	// Packages own Owned of the entries.
	Packages int `json:"packages"`
	Owned    int `json:"owned"`
	// ByOrigin counts entries by the class of their origin, BySource by the step or
	// material that wrote them last, most first.
	ByOrigin map[string]int `json:"byOrigin"`
	BySource []sourceCount  `json:"bySource"`
}

// whyGone is a path that is not in the image and was in it before a step, or is in another
// stage.
type whyGone struct {
	Path step.Path `json:"path"`
	// RemovedBy is set of a path of the image's own steps.
	RemovedBy *hop `json:"removedBy,omitempty"`
	// Before is what it was. Of what came with an image or another source only WrittenBy
	// is known.
	Before    *provenance.FileOutput `json:"before,omitempty"`
	WrittenBy *hop                   `json:"writtenBy,omitempty"`
	// Now are the files of the image that have the same bytes.
	Now []step.Path `json:"now,omitempty"`
}

// whyLink is a link that was followed.
type whyLink struct {
	Path   step.Path `json:"path"`
	Target step.Path `json:"target"`
}

// whyPackage is a package of the image, one that a step installed and another removed, or
// one that the build used.
type whyPackage struct {
	PURL             string `json:"purl"`
	Name             string `json:"name"`
	Version          string `json:"version,omitempty"`
	LicenceDeclared  string `json:"licenceDeclared,omitempty"`
	LicenceConcluded string `json:"licenceConcluded,omitempty"`
	Supplier         string `json:"supplier,omitempty"`
	Download         string `json:"download,omitempty"`
	SourceInfo       string `json:"sourceInfo,omitempty"`
	Comment          string `json:"comment,omitempty"`
	// InImage: the image has it.
	InImage bool `json:"inImage"`
	// LinkedInto are the packages whose programs or archives it is part of.
	LinkedInto []string `json:"linkedInto,omitempty"`
	// Files of the image that it owns, those of them that are not as it came, those of
	// the step that brought it that are not explained, and those that it came with and the
	// image has not.
	Files       []step.Path   `json:"files"`
	Changed     []whyAffected `json:"changed,omitempty"`
	Unexplained []whyAffected `json:"unexplained,omitempty"`
	Missing     []whyAffected `json:"missing,omitempty"`
	// Unnamed is how many more are changed or missing: the document names only some.
	Unnamed int `json:"unnamed,omitempty"`
	// BroughtBy is the step that installed it, or the material that it came with.
	BroughtBy *hop `json:"broughtBy,omitempty"`
	// UnlistedBy is the step since which no database tells of it, or of its files, though
	// files of it may be there.
	UnlistedBy *hop `json:"unlistedBy,omitempty"`
	// WrittenBy are the other steps of the image that its files are as they are by: copies of
	// what was brought elsewhere.
	WrittenBy []hop `json:"writtenBy,omitempty"`
	// RemovedBy is set of a package that is no longer there.
	RemovedBy *hop `json:"removedBy,omitempty"`
	// UsedBy are the steps that read files of it, of a package that is not in the image.
	UsedBy []hop `json:"usedBy,omitempty"`
}

// whyAffected is a file of a package that is not as it came with it.
type whyAffected struct {
	Path step.Path `json:"path"`
	// By is the id of the step that wrote or removed it last, or of the material that it
	// came with in this way; empty of a missing file that no step removed.
	By string `json:"by,omitempty"`
}

// hop is a step or material on the way of some bytes.
type hop struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// What a step did and its lines in the Dockerfile, or the URI of a material.
	What  string       `json:"what"`
	Lines []step.Lines `json:"lines,omitempty"`
	// Path where the bytes lay there; empty when it is not known.
	Path step.Path `json:"path,omitempty"`
	// Inside is where a RUN had the same bytes from.
	Inside *whyInside `json:"inside,omitempty"`
	// Digest of a material.
	Digest map[string]string `json:"digest,omitempty"`
	// Carried are the SPDX documents of the image's base.
	Carried *step.Carried `json:"carried,omitempty"`
	// Read is what a RUN read, Downloads the URIs of what it downloaded.
	Read      *provenance.Inputs `json:"read,omitempty"`
	Downloads []string           `json:"downloads,omitempty"`
	// Next is the command that goes on in an image.
	Next string `json:"next,omitempty"`
}

// whyInside is a hop within a RUN. Nobody saw the command copy: the bytes are the same.
type whyInside struct {
	// How: "read", an input of the step has these bytes; "moved", a file that it removed
	// had them; "kept", the file had them before, and the step changed mode or owner;
	// "downloaded", what it downloaded has them.
	How string `json:"how"`
	// Paths have these bytes, the one that the way follows first; none of a download.
	Paths []step.Path `json:"paths,omitempty"`
}
