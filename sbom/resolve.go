package sbom

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks bounds the symlinks followed while one path is resolved, as the
// kernel does (path_resolution(7)).
const maxLinks = 40

// Resolve returns where path lies once every symlink on its way, the last name
// included, is followed inside the tree, as chroot(2) would. Parts that are not
// there are kept as they are. A loop gives the path back unchanged.
func (t *Tree) Resolve(p string) string {
	links := 0
	real, ok := t.resolve(path.Clean("/"+p), &links)
	if !ok {
		return path.Clean("/" + p)
	}
	return real
}

// ResolveParent is Resolve for all but the last name: where an entry itself lies.
func (t *Tree) ResolveParent(p string) string {
	p = path.Clean("/" + p)
	if p == "/" {
		return p
	}
	return path.Join(t.Resolve(path.Dir(p)), path.Base(p))
}

// way returns the paths that resolving p goes through, p, every symlink and where it ends
// among them: p resolves to something else only when one of them changes.
func (t *Tree) way(p string) []string {
	out := []string{p}
	rest, at := strings.Split(p, "/"), "/"
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		at = path.Join(at, name)
		var target string
		ok := false
		if t != nil {
			target, ok = t.readlink(at)
		}
		if !ok {
			continue
		}
		out = append(out, at)
		if links++; links > maxLinks || len(target) > maxPath {
			return out
		}
		if at = path.Dir(at); strings.HasPrefix(target, "/") {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return append(out, at)
}

func (t *Tree) resolve(p string, links *int) (string, bool) {
	if t == nil || p == "/" || len(p) > maxPath {
		return p, true
	}
	if r, ok := t.real[p]; ok {
		return r, true
	}
	parent, ok := t.resolve(path.Dir(p), links)
	if !ok {
		return "", false
	}
	here := path.Join(parent, path.Base(p))
	target, ok := t.readlink(here)
	if !ok {
		t.real[p] = here
		return here, true
	}
	*links++
	if *links > maxLinks || len(target) > maxPath {
		return "", false
	}
	cur := parent
	if strings.HasPrefix(target, "/") {
		cur = "/"
	}
	for _, name := range strings.Split(target, "/") {
		switch name {
		case "", ".":
		case "..":
			cur = path.Dir(cur)
		default:
			if cur, ok = t.resolve(path.Join(cur, name), links); !ok {
				return "", false
			}
		}
	}
	t.real[p] = cur
	return cur, true
}

// readlink returns the target of the symlink at p, which has no symlink on its way;
// false when there is none. The kernel goes the way in one call where p is no longer
// than it takes.
func (t *Tree) readlink(p string) (string, bool) {
	if len(p) < maxPath {
		s, err := readlinkat(int(t.dir.Fd()), p[1:])
		return s, err == nil
	}
	f, st, err := t.lookup(p)
	if err != nil {
		return "", false
	}
	defer f.Close()
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", false
	}
	s, err := readlinkat(int(f.Fd()), "")
	return s, err == nil
}
