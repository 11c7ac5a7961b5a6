package sbom

import (
	"path"
	"slices"
	"strings"
)

// Purposes of packages (SPDX 2.3, section 7.24).
const (
	purposeApplication = "APPLICATION"
	purposeLibrary     = "LIBRARY"
)

// commands are the folders where a shell looks for programs.
var commands = []string{"/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/games", "/usr/local/bin", "/usr/local/sbin"}

// purpose is what a package is for, as far as its files tell; no database says it. One of a
// distribution is an application when it has a program among the commands, and a library when
// it has none and shared objects where the linker looks. What is linked into a program is a
// library, and what owns that program is an application. So is a compiler or runtime. Of others
// nothing is known.
func (p Package) purpose() string {
	switch p.Type {
	case typeGo, typeCargo:
		if len(p.Files) > 0 {
			return purposeApplication
		}
		return purposeLibrary
	case typeGeneric:
		return purposeApplication
	case typeDeb, typeApk, typeRPM:
	default:
		return ""
	}
	told := ""
	for _, f := range p.Files {
		dir := path.Dir(string(f))
		if slices.Contains(commands, dir) {
			return purposeApplication
		}
		if name := path.Base(string(f)); linked(dir) && (strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.")) {
			told = purposeLibrary
		}
	}
	return told
}

// linked reports whether the dynamic linker looks into a folder: lib, lib64 and their
// folders of one architecture.
func linked(dir string) bool {
	dir = strings.TrimPrefix(dir, "/usr")
	if base := path.Base(dir); strings.Contains(base, "-linux-") {
		dir = path.Dir(dir)
	}
	return dir == "/lib" || dir == "/lib64" || dir == "/lib32"
}
