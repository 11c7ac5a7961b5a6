// Package rules is what a build is checked against: a table of rules with an id, a level
// and a page each, the levels that are in force, and findings.
//
//	set, err := rules.Parse("UnpinnedBaseImage:error,SecretValueInArgOrEnv:off")
//	warnings, refused := set.Split(findings)
//
// A finding of a rule at level warn is a warning of the build, at level error it fails the
// build. Package rules knows nothing of BuildKit's client: its caller reports.
package rules

import (
	"slices"

	"github.com/sworn-build/sworn/step"
)

// Place is what a rule looks at.
type Place string

const (
	Dockerfile Place = "Dockerfile" // its instructions, before anything runs
	Evidence   Place = "evidence"   // what the steps left behind
	Base       Place = "base"       // the images that a build starts from
)

// IDs of rules, in the manner of BuildKit's own checks.
const (
	AddWithoutChecksum      = "AddWithoutChecksum"
	DownloadPipedToShell    = "DownloadPipedToShell"
	ListedLicence           = step.RuleListedLicence
	SecretValueInArgOrEnv   = "SecretValueInArgOrEnv"
	SetuidFileAdded         = step.RuleSetuidFileAdded
	UnattestedBaseImage     = "UnattestedBaseImage"
	UndeclaredPackageSource = step.RuleUndeclaredPackageSource
	UnexplainedFile         = step.RuleUnexplainedFile
	UnpinnedBaseImage       = "UnpinnedBaseImage"
	WorldWritableFileAdded  = step.RuleWorldWritableFileAdded
)

// Rule is one row of the table.
type Rule struct {
	ID string
	// Description is a sentence without a full stop, as BuildKit's are.
	Description string
	// Level is in force when nothing else is asked for.
	Level Level
	Place Place
}

// pages is where the page of each rule is, ID.md.
const pages = "https://github.com/sworn-build/sworn/blob/main/docs/rules/"

// URL is the rule's page.
func (r Rule) URL() string { return pages + r.ID + ".md" }

// Table returns all rules by id.
func Table() []Rule {
	return []Rule{
		{AddWithoutChecksum, "Remote sources of ADD should have a checksum or a full commit", Warn, Dockerfile},
		{DownloadPipedToShell, "Downloads should be verified before a shell or interpreter runs them", Warn, Dockerfile},
		{ListedLicence, "Packages should not have a licence that is listed as unwanted", Warn, Evidence},
		{SecretValueInArgOrEnv, "Values of ARG and ENV should not be secrets", Warn, Dockerfile},
		{SetuidFileAdded, "Steps should not add setuid or setgid files", Off, Evidence},
		{UnattestedBaseImage, "Base images should have signed attestations", Off, Base},
		{UndeclaredPackageSource, "Packages should come from the declared sources", Warn, Evidence},
		{UnexplainedFile, "Every file of the image should have an explanation", Off, Evidence},
		{UnpinnedBaseImage, "Images should be referred to by digest", Off, Dockerfile},
		{WorldWritableFileAdded, "Steps should not add files that everyone may write", Off, Evidence},
	}
}

// ByID returns a rule of the table.
func ByID(id string) (Rule, bool) {
	table := Table()
	i := slices.IndexFunc(table, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return table[i], true
}
