package signature

import (
	"errors"
	"fmt"

	"github.com/sworn-build/sworn/provenance/image"
)

// notChecked lists what no verification with a key file can check.
func notChecked() []string {
	return []string{
		"transparency log: signatures with a key file are in none",
		"time of signing: there is no timestamp, and a key file has no expiry or revocation",
		"configuration of the image (entrypoint, environment, user): it is signed with the manifest, but no statement lists it",
		"times and extended attributes of files, capabilities excepted: no statement lists them",
		"that the builder told the truth: the statements are its word, signed by whoever has the key",
	}
}

// nothingTaken explains why no referrer counts.
func (v *Verdict) nothingTaken() {
	bundles, others := 0, map[string]int{}
	var firstReason string
	for _, c := range v.Referrers {
		if c.Outcome != Refused {
			continue
		}
		bundles++
		if firstReason == "" {
			firstReason = c.Reason
		}
		if c.Hint != "" && c.Hint != v.Key {
			others[c.Hint]++
		}
	}
	switch {
	case bundles == 0:
		v.fail("image %s has no signatures", v.Digest)
		v.Next = append(v.Next, "sign it: sworn sign --key KEY IMAGE",
			"if it was signed, it may have been copied without its referrers: copy it with a tool that takes them along")
	case len(others) == 1 && sum(others) == bundles:
		for hint := range others {
			v.fail("no statement is signed with key %s: all %d signatures are of another key (%s)", v.Key, bundles, hint)
		}
		v.Next = append(v.Next, "check that --key is the signer's public key")
	default:
		v.fail("no statement is signed with key %s: %d referrers were refused, the first because: %s", v.Key, bundles, firstReason)
		v.Next = append(v.Next, "look at the referrers above: each says why it was refused")
	}
	v.NotChecked = append(v.NotChecked, "files: no signed statement lists them")
}

func sum(m map[string]int) int {
	n := 0
	for _, k := range m {
		n += k
	}
	return n
}

// advise adds what to try after an error of the image.
func (v *Verdict) advise(err error) {
	if hint := Advice(err); hint != "" {
		v.Next = append(v.Next, hint)
	}
}

// Advice returns what to try after an error of [Sign], or nothing.
func Advice(err error) string {
	var none *image.NoAttestationsError
	var lacks *MissingError
	var differs *DifferenceError
	switch {
	case errors.As(err, &none):
		return "build it with Sworn's frontend (# syntax=REGISTRY/sworn:1) and --push, or -o type=oci and --provenance=mode=max; --load and plain pulls drop attestations"
	case errors.As(err, &lacks):
		return fmt.Sprintf("build it with Sworn's frontend: it attaches all of %q", ours())
	case errors.As(err, &differs):
		return "the image is not what was built: build it again, and look at who can write to its repository"
	}
	return ""
}
