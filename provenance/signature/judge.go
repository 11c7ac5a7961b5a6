package signature

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"
)

// judge matches the platform's attached statements with the signed ones.
func (v *Verdict) judge(p *PlatformVerdict) {
	taken := v.takenFor(p.Digest)
	used := make(map[digest.Digest]bool)
	signed := 0
	for i, a := range p.attached {
		st := &p.Statements[i]
		sum := sha256.Sum256(a.Statement.Predicate)
		on := make(map[digest.Digest]bool)
		for _, c := range taken {
			if c.PredicateType == st.PredicateType && c.predicate == sum {
				st.Signed, used[c.Digest] = true, true
				st.Referrers = append(st.Referrers, c.Digest)
				on[c.Subject] = true
			}
		}
		if st.Signed {
			signed++
			v.warnOfHalf(p, st.PredicateType, on)
			continue
		}
		v.fail("%s: %s is not signed with this key%s", p.Platform, st.PredicateType, v.refusals(p.Digest, st.PredicateType))
	}
	for _, c := range taken {
		if used[c.Digest] {
			continue
		}
		if len(ofType(p.attached, c.PredicateType)) > 0 || slices.Contains(ours(), c.PredicateType) {
			v.fail("%s: referrer %s signs another %s than the attached one", p.Platform, c.Digest, c.PredicateType)
		} else {
			v.NotChecked = append(v.NotChecked, fmt.Sprintf("%s: %s is signed, but no statement of the build", p.Platform, c.PredicateType))
		}
	}
	v.check("%s: %d of %d statements are signed with the key, the attached ones byte for byte the signed ones",
		p.Platform, signed, len(p.attached))
}

func (p *PlatformVerdict) signed(predicateType string) bool {
	return slices.ContainsFunc(p.Statements, func(s StatementVerdict) bool {
		return s.PredicateType == predicateType && s.Signed
	})
}

// warnOfHalf warns when a signature refers to only one of index and manifest. It
// names both as its subjects, so it counts; but whoever starts at the other one
// finds nothing.
func (v *Verdict) warnOfHalf(p *PlatformVerdict, predicateType string, on map[digest.Digest]bool) {
	for _, subject := range []struct {
		what   string
		digest digest.Digest
	}{{"index", v.Digest}, {"manifest", p.Digest}} {
		if !on[subject.digest] {
			v.Warnings = append(v.Warnings, fmt.Sprintf(
				"%s: no signature of %s refers to the %s %s, where other tools may look for it; sworn sign with the same key adds it",
				p.Platform, predicateType, subject.what, subject.digest))
		}
	}
}

// takenFor lists the referrers that count for a platform's manifest.
func (v *Verdict) takenFor(manifest digest.Digest) []Considered {
	var out []Considered
	for _, c := range v.Referrers {
		if c.Outcome == Taken && slices.Contains(c.manifests, manifest) {
			out = append(out, c)
		}
	}
	return out
}

func (v *Verdict) anyTaken() bool {
	return slices.ContainsFunc(v.Referrers, func(c Considered) bool { return c.Outcome == Taken })
}

// refusals says why candidates for a statement were refused.
func (v *Verdict) refusals(manifest digest.Digest, predicateType string) string {
	for _, c := range v.Referrers {
		mine := c.Subject == manifest || c.Subject == v.Digest && slices.Contains(c.manifests, manifest)
		if c.Outcome == Refused && mine && (c.PredicateType == predicateType || c.PredicateType == "") {
			return fmt.Sprintf("; referrer %s was refused: %s", c.Digest, c.Reason)
		}
	}
	return ""
}
