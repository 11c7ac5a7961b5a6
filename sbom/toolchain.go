package sbom

import (
	"path"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// typeGeneric is the type in purls of what no packager has a type for: compilers and
// runtimes that were unpacked or built in place. Scanners that find these call them so.
const typeGeneric = "generic"

// toolchain is a kind of compiler or runtime whose installation has a file that says which
// version it is: written by those who made it, for programs to read. The program itself is
// not searched for what looks like a version, and not run.
type toolchain struct {
	// telling is the pattern (package path) of that file's path below the folder that it is
	// installed in.
	telling string
	// parse reads the file; false when it is none of this kind, or of no release.
	parse func(root, tail string, b []byte) (Package, bool)
	// program lies below the folder, too, or there is only a part of the installation.
	program func(p Package) string
	// files are what surely belongs to it below that folder, each with all below it; nil when
	// the folder is its own. Then everything in it is, unless others share it.
	files func(p Package, tail string) []string
	// licence is how the licence text in the folder begins; those of other programs that may
	// lie there begin in another way. Empty means that no text there is known to say all.
	licence string
}

// toolchains are the kinds, by the name of the file that tells.
var toolchains = map[string]toolchain{
	"VERSION": {
		telling: "VERSION", parse: parseGoVersion, program: always("bin/go"),
		licence: "Copyright 2009 The Go Authors",
	},
	"release": {
		telling: "release", parse: parseJavaRelease, program: always("bin/java"),
	},
	"multirust-channel-manifest.toml": {
		telling: "lib/rustlib/multirust-channel-manifest.toml", parse: parseRustChannel, program: always("bin/rustc"),
	},
	"node_version.h": {
		telling: "include/node/node_version.h", parse: parseNodeVersion, program: always("bin/node"),
		files:   func(Package, string) []string { return nodeFiles },
		licence: "Node.js is licensed for use as follows",
	},
	"patchlevel.h": {
		telling: "include/python*/patchlevel.h", parse: parsePythonVersion, program: pythonProgram, files: pythonOwn,
	},
	"rbconfig.rb": {
		telling: "lib/ruby/*/*/rbconfig.rb", parse: parseRubyConfig, program: always("bin/ruby"), files: rubyOwn,
	},
	"php_version.h": {
		telling: "include/php/main/php_version.h", parse: parsePHPVersion, program: always("bin/php"),
		files: func(Package, string) []string { return phpFiles },
	},
}

func always(s string) func(Package) string { return func(Package) string { return s } }

// maxToolchain bounds in bytes what is read of a file that tells. The largest, Rust's, has
// the version in the first tenth of its megabyte.
const maxToolchain = 1 << 20

// toolchainAt returns the kind of which a path is the file that tells, and the folder of the
// installation with a slash behind it; false for other paths.
func toolchainAt(p string) (kind toolchain, root, tail string, ok bool) {
	kind, ok = toolchains[path.Base(p)]
	if !ok {
		return toolchain{}, "", "", false
	}
	at := len(p)
	for range 1 + strings.Count(kind.telling, "/") {
		if at = strings.LastIndexByte(p[:at], '/'); at < 0 {
			return toolchain{}, "", "", false
		}
	}
	root, tail = p[:at+1], p[at+1:]
	match, err := path.Match(kind.telling, tail)
	return kind, root, tail, match && err == nil
}

// toolchainManifest reports whether a path is that of a file that tells of a toolchain.
func toolchainManifest(p string) bool {
	_, _, _, ok := toolchainAt(p)
	return ok
}

// parseToolchain reads the file that tells of a toolchain. One that is of something else
// has no package, which is nothing to be told: others name files so, too.
func parseToolchain(p string, b []byte) ([]Package, string) {
	kind, root, tail, ok := toolchainAt(p)
	if !ok {
		return nil, ""
	}
	one, ok := kind.parse(root, tail, b)
	if !ok {
		return nil, ""
	}
	one.Type = typeGeneric
	if one.PURL == "" {
		one.PURL = languagePURL(typeGeneric, one.Name, one.Version)
	}
	one.Files = kind.owned(one, root, tail)
	return []Package{one}, ""
}

// toolchainReader reads a file that tells of a toolchain by its name, which may be a program
// of that name.
type toolchainReader struct {
	head    headReader
	program programReader
}

func (r *toolchainReader) Write(b []byte) (int, error) {
	r.program.Write(b) // neither has errors
	return r.head.Write(b)
}

func (r *toolchainReader) manifest(e *Entry, f *File) (Manifest, bool) {
	if r.program.elf && executable(e) {
		return r.program.manifest(e, f)
	}
	return r.head.manifest(e, f)
}

// sharedFolders are those of the Filesystem Hierarchy Standard that programs share.
var sharedFolders = []string{
	"/", "/bin/", "/boot/", "/dev/", "/etc/", "/etc/opt/", "/home/", "/lib/", "/lib32/", "/lib64/", "/media/", "/mnt/", "/opt/", "/proc/", "/root/", "/run/", "/sbin/",
	"/srv/", "/sys/", "/tmp/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/lib64/", "/usr/libexec/", "/usr/local/", "/usr/local/bin/", "/usr/local/lib/", "/usr/local/share/", "/usr/sbin/",
	"/usr/share/", "/usr/src/", "/var/", "/var/cache/", "/var/lib/", "/var/log/", "/var/opt/", "/var/tmp/",
}

// owned are the paths that belong to a toolchain, each with all below it.
func (k toolchain) owned(p Package, root, tail string) []step.Path {
	out := []step.Path{step.Path(root + tail), step.Path(root + k.program(p))}
	switch {
	case k.files != nil:
		for _, f := range k.files(p, tail) {
			out = append(out, step.Path(root+f))
		}
	case !slices.Contains(sharedFolders, root):
		out = []step.Path{step.Path(strings.TrimSuffix(root, "/"))}
	}
	sortPaths(out)
	return unique(out)
}

// foreign are folders in a toolchain's own that others install into, or that a program
// fills when it runs.
var foreign = []string{"site-packages", "dist-packages", "node_modules", "site_ruby", "vendor_ruby", "gems", "__pycache__"}

// minor is the minor version that folders are named for: 3.12 of 3.12.1.
func minor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// nodeFiles are what the archives of nodejs.org have, without npm, which is a package of
// its own.
var nodeFiles = []string{"include/node", "share/doc/node", "share/man/man1/node.1", "share/systemtap/tapset/node.stp"}

// phpFiles are what PHP installs, without the extensions and packages that others add.
var phpFiles = []string{
	"bin/phar.phar", "bin/php-cgi", "bin/php-config", "bin/phpdbg", "bin/phpize", "sbin/php-fpm",
	"include/php/TSRM", "include/php/Zend", "include/php/main", "include/php/sapi", "lib/php/build",
}

func pythonProgram(p Package) string { return "bin/python" + minor(p.Version) }

// pythonOwn are what CPython installs under names with its version: those without are of
// whichever was installed last.
func pythonOwn(p Package, tail string) []string {
	headers := path.Dir(tail)
	abi := path.Base(headers) // python3.12, or with flags: python3.7m
	v := minor(p.Version)
	return []string{
		headers, "lib/python" + v, "bin/" + abi, "bin/" + abi + "-config", "bin/python" + v + "-config", "bin/python" + v + "-gdb.py",
		"bin/2to3-" + v, "bin/idle" + v, "bin/pydoc" + v, "bin/pyvenv-" + v,
		"lib/lib" + abi + ".a", "lib/lib" + abi + ".so", "lib/lib" + abi + ".so.1.0",
		"lib/pkgconfig/python-" + v + ".pc", "lib/pkgconfig/python-" + v + "-embed.pc", "share/man/man1/python" + v + ".1",
	}
}

// rubyOwn are what Ruby installs. Gems are packages of their own.
func rubyOwn(p Package, tail string) []string {
	api := strings.Split(tail, "/")[2] // lib/ruby/3.3.0/x86_64-linux/rbconfig.rb
	return []string{
		"lib/ruby/" + api, "include/ruby-" + api, "lib/libruby.so." + p.Version, "lib/libruby-static.a",
		"lib/pkgconfig/ruby-" + minor(p.Version) + ".pc", "share/man/man1/ruby.1",
	}
}
