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
	if !path.IsAbs(p) {
		p = "/" + p
	}
	p = path.Clean(p)
	links := 0
	real, ok := t.resolve(p, &links)
	if !ok {
		return p
	}
	return real
}

// ResolveParent is Resolve for all but the last name: where an entry itself lies.
func (t *Tree) ResolveParent(p string) string {
	if !path.IsAbs(p) {
		p = "/" + p
	}
	if p = path.Clean(p); p == "/" {
		return p
	}
	dir := path.Dir(p)
	real := t.Resolve(dir)
	if real == dir {
		return p
	}
	return path.Join(real, path.Base(p))
}

// way returns the paths that resolving p goes through, p, every symlink and where it ends
// among them: p resolves to something else only when one of them changes.
func (t *Tree) way(p string) []string {
	if t == nil {
		return []string{p}
	}
	end, links, ok := FollowLinks(p, t.readlink)
	out := append([]string{p}, links...)
	if ok {
		out = append(out, end)
	}
	return out
}

// FollowLinks goes an absolute path, the last name included, through the symlinks that
// readlink knows the targets of, which it asks with paths that have none before their last
// name. It returns where the path ends and the links that it went through; false when
// they are too many or too long.
func FollowLinks(p string, readlink func(at string) (target string, ok bool)) (end string, links []string, ok bool) {
	rest, at := strings.Split(p, "/"), "/"
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, name)
		target, is := readlink(next)
		if !is {
			at = next
			continue
		}
		if links = append(links, next); len(links) > maxLinks || len(target) > maxPath {
			return "", links, false
		}
		if strings.HasPrefix(target, "/") {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, links, true
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
