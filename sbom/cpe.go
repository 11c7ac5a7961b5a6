package sbom

import "strings"

// cpe is the name of an application in the vulnerability database, as a formatted string
// (NISTIR 7695, section 6.2). Number and update have nothing in them that stands for
// anything else, but for the update "*", any, and "-", none.
func cpe(vendor, product, number, update string) string {
	return "cpe:2.3:a:" + vendor + ":" + product + ":" + number + ":" + update + ":*:*:*:*:*:*"
}

// cpeVersion splits a version into its numbers and what the database calls an update: rc1
// of 3.13.0rc1. What else follows the numbers is not written there.
func cpeVersion(v string) (number, update string) {
	number, rest := splitRelease(strings.ToLower(v))
	switch strings.Trim(rest, "0123456789.-") {
	case "a", "b", "rc", "alpha", "beta", "preview":
		update = strings.NewReplacer("-", "", ".", "").Replace(rest)
	default:
		update = "*"
	}
	return number, update
}

// goCPEs are the names of Go, its standard library included. That a version is no
// candidate is written there.
func goCPEs(version string) []string {
	number, update := cpeVersion(version)
	if update == "*" {
		update = "-"
	}
	return []string{cpe("golang", "go", number, update)}
}
