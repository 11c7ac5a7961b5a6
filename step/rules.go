package step

// Ids of the rules whose answer is in the evidence: they are about what the build made.
const (
	RuleListedLicence           = "ListedLicence"
	RuleSetuidFileAdded         = "SetuidFileAdded"
	RuleUndeclaredPackageSource = "UndeclaredPackageSource"
	RuleUnexplainedFile         = "UnexplainedFile"
	RuleWorldWritableFileAdded  = "WorldWritableFileAdded"
)

// EvidenceRules returns those ids, sorted.
func EvidenceRules() []string {
	return []string{
		RuleListedLicence, RuleSetuidFileAdded, RuleUndeclaredPackageSource, RuleUnexplainedFile, RuleWorldWritableFileAdded,
	}
}

// NoLicence among the listed licences stands for a licence that is not known (SPDX 2.3,
// section 7.13).
const NoLicence = "NOASSERTION"

// Rules are what assemble is asked to find.
type Rules struct {
	// On are the ids of rules, sorted, at least one.
	On []string `json:"on"`
	// Sources are the patterns of URLs that packages may come from, sorted: of
	// RuleUndeclaredPackageSource, which is not on without.
	Sources []string `json:"sources,omitempty"`
	// Licences are globs of SPDX licence ids, sorted, NoLicence among them or not: of
	// RuleListedLicence, which is not on without.
	Licences []string `json:"licences,omitempty"`
	// Accepted are globs of paths and package names that rules find nothing in, by
	// rule, each list sorted.
	Accepted map[string][]string `json:"accepted,omitempty"`
}
