package sbom

import (
	"path"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// packageState are the places where package managers keep what they know and did
// (docs/statements.md, "Origins"). One that ends in a slash is a folder with all below
// it, the others are patterns of package path.
var packageState = []string{
	// dpkg, debconf, ucf, update-alternatives
	"/var/lib/dpkg/arch", "/var/lib/dpkg/available*", "/var/lib/dpkg/cmethopt", "/var/lib/dpkg/diversions*",
	"/var/lib/dpkg/lock*", "/var/lib/dpkg/statoverride*", "/var/lib/dpkg/status", "/var/lib/dpkg/status-old",
	"/var/lib/dpkg/status.d/", "/var/lib/dpkg/alternatives/", "/var/lib/dpkg/info/", "/var/lib/dpkg/parts/",
	"/var/lib/dpkg/triggers/", "/var/lib/dpkg/updates/", "/var/log/dpkg.log",
	"/var/cache/debconf/", "/var/lib/ucf/", "/etc/alternatives/", "/var/log/alternatives.log",
	// apt
	"/var/lib/apt/", "/var/cache/apt/", "/var/log/apt/",
	// the dynamic linker's cache, which triggers make
	"/etc/ld.so.cache", "/var/cache/ldconfig/aux-cache",
	// apk
	"/lib/apk/db/", "/usr/lib/apk/db/", "/etc/apk/world", "/etc/apk/cache/", "/var/cache/apk/", "/var/log/apk.log",
	// rpm and what works on it
	"/var/lib/rpm/", "/usr/lib/sysimage/rpm/", "/usr/lib/sysimage/libdnf5/", "/var/lib/dnf/", "/var/lib/yum/",
	"/var/cache/dnf/", "/var/cache/libdnf5/", "/var/cache/yum/", "/var/log/dnf*.log", "/var/log/hawkey.log", "/var/log/yum.log",
	// pacman
	"/var/lib/pacman/", "/var/cache/pacman/", "/var/log/pacman.log",
}

// stateRoots are what all of them begin with.
var stateRoots = []string{"/var/", "/etc/", "/lib/apk/", "/usr/lib/apk/", "/usr/lib/sysimage/"}

// PackageState reports whether a path is one where a package manager keeps its state.
func PackageState(p step.Path) bool {
	s := string(p)
	if !begins(s, stateRoots) {
		return false
	}
	for _, place := range packageState {
		if folder, ok := strings.CutSuffix(place, "/"); ok {
			if s == folder || strings.HasPrefix(s, place) {
				return true
			}
		} else if match, err := path.Match(place, s); match && err == nil {
			return true
		}
	}
	return false
}

func begins(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
