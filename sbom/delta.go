package sbom

import (
	"errors"
	"iter"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/step"
)

// Delta is what a step changed. Lists are sorted by path and hold each path once.
type Delta struct {
	// Added were not there before. Changed differ in type, mode, owner, size,
	// digest, target, device or capability.
	Added   []Entry `json:"added"`
	Changed []Entry `json:"changed"`
	// Removed were there before, each file and folder by itself.
	Removed []step.Path `json:"removed"`
}

// Wrote goes through the entries that were added and then those that were changed.
func (d *Delta) Wrote() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, es := range [][]Entry{d.Added, d.Changed} {
			for i := range es {
				if !yield(&es[i]) {
					return
				}
			}
		}
	}
}

// Comparison is a [Delta] and what only the comparison can tell.
type Comparison struct {
	Delta
	// Copied are the paths, sorted, of the regular files of before that are regular
	// files of after as well, but not the same ones: their inode is another. An overlay
	// copies a file as soon as a step writes it, changes its metadata, moves it or makes
	// a hard link to it; what a step left alone, and what it only read, keeps its inode.
	// A state that is a whole copy of the one before has no inode in common with it.
	Copied []step.Path
	// Manifests, sorted by path, are those of after that were added or changed, and those
	// whose list of files was.
	Manifests []Manifest
	// md5 are those of the files of after that were hashed and that the inventory given
	// knows by it.
	md5 map[step.Path]string
}

// Compare returns what changed between before and after, two states mounted
// read-only. With before nil everything in after is added.
func Compare(before, after *Tree) (Comparison, error) {
	return CompareSums(before, after, nil)
}

// CompareSums is Compare when the inventory of after is known already: files are hashed for
// [MD5s] as they are read. With inv nil they are read again for that.
func CompareSums(before, after *Tree, inv *Inventory) (Comparison, error) {
	c := comparer{sums: map[step.Path]bool{}}
	if inv != nil {
		inv.eachMD5(func(s FileMD5) { c.sums[s.Path] = true })
	}
	err := walk(before, after, func(before, after *cursor) visitor {
		c.before, c.after = before, after
		return &c
	})
	if err := errors.Join(err, c.hashing.finish()); err != nil {
		return Comparison{}, err
	}
	for i, e := range c.now {
		if !same(*e, *c.was[i]) {
			c.out.Changed = append(c.out.Changed, *e)
		}
	}
	c.out.Added = slices.Grow(c.out.Added, len(c.new))
	for _, e := range c.new {
		c.out.Added = append(c.out.Added, *e)
	}
	sortEntries(c.out.Added)
	sortEntries(c.out.Changed)
	sortPaths(c.out.Removed)
	sortPaths(c.out.Copied)
	c.out.md5 = c.hashing.md5
	c.out.Manifests, err = completeManifests(after, c.out.Delta, c.hashing.manifests)
	return c.out, err
}

// Walk returns every entry of a tree but its root folder, with digests.
func Walk(t *Tree) ([]Entry, error) {
	d, err := Compare(nil, t)
	return d.Added, err
}

// comparer is the visitor that finds a [Comparison].
type comparer struct {
	before, after *cursor
	out           Comparison
	// new are the entries added; now and was, in pairs, those of names whose inode is
	// another. Some of them have digests only when hashing is finished.
	new, now, was []*Entry
	// sums are the files of after whose MD5 is asked for.
	sums    map[step.Path]bool
	hashing hashing
}

func (c *comparer) added(p step.Path, name string, st *unix.Stat_t) error {
	e, err := c.after.entry(p, name, st)
	if err != nil {
		return err
	}
	c.new = append(c.new, &e)
	return c.hash(c.after, &e, name, true)
}

func (c *comparer) other(p step.Path, name string, was, now *unix.Stat_t) error {
	e, err := c.after.entry(p, name, now)
	if err != nil {
		return err
	}
	old, err := c.before.entry(p, name, was)
	if err != nil {
		return err
	}
	if e.Type == TypeFile && old.Type == TypeFile && was.Ino != now.Ino {
		c.out.Copied = append(c.out.Copied, p)
	}
	// The old bytes are read only when nothing cheaper tells the two apart.
	alike := same(e, old)
	if alike && e.Type != TypeFile {
		return nil
	}
	c.now, c.was = append(c.now, &e), append(c.was, &old)
	if err := c.hash(c.after, &e, name, true); err != nil || !alike {
		return err
	}
	return c.hash(c.before, &old, name, false)
}

func (c *comparer) removed(p step.Path) { c.out.Removed = append(c.out.Removed, p) }

// hash has digests and capability added to the entry of a regular file, which may be
// asked whether it is a manifest.
func (c *comparer) hash(at *cursor, e *Entry, name string, ask bool) error {
	if e.Type != TypeFile {
		return nil
	}
	f, err := openRegular(at.fd, name, string(e.Path))
	if err != nil {
		return err
	}
	job := hashJob{entry: e, file: f}
	if ask {
		job.is, job.md5 = newManifestReader(e), c.sums[e.Path]
	}
	c.hashing.add(job)
	return nil
}

// Touched returns, without reading any file, so without digests and capabilities, the
// entries of after that are not the very ones of before, and the paths that are gone.
// Both are sorted by path. An entry may be like the one of before.
func Touched(before, after *Tree) (entries []Entry, removed []step.Path, err error) {
	var l lister
	err = walk(before, after, func(_, after *cursor) visitor {
		l.after = after
		return &l
	})
	if err != nil {
		return nil, nil, err
	}
	sortEntries(l.entries)
	sortPaths(l.gone)
	return l.entries, l.gone, nil
}

// lister is the visitor of [Touched].
type lister struct {
	after   *cursor
	entries []Entry
	gone    []step.Path
}

func (l *lister) added(p step.Path, name string, now *unix.Stat_t) error {
	e, err := l.after.entry(p, name, now)
	l.entries = append(l.entries, e)
	return err
}

func (l *lister) other(p step.Path, name string, _, now *unix.Stat_t) error {
	return l.added(p, name, now)
}

func (l *lister) removed(p step.Path) { l.gone = append(l.gone, p) }
