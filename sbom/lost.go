package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Lost is a package that a database listed before a step and not after it, though nothing
// says that it was removed: a package manager takes a package's files away with its entry.
type Lost struct {
	Package Package `json:"package"` // as the database had it
	Cause   string  `json:"cause"`   // one of the Lost constants
	// Left are its files that are still there, sorted; none when it had none to tell by.
	Left []step.Path `json:"left,omitempty"`
	// Rewritten: the step wrote some of them, so it may have become another version.
	Rewritten bool `json:"rewritten,omitempty"`
	// By is the id of the step, which nobody knows when it is described.
	By string `json:"-"`
}

// Causes of [Lost].
const (
	// LostRemoved: the database is gone.
	LostRemoved = "database-removed"
	// LostUnread: the database cannot be read, or not all of it.
	LostUnread = "database-unread"
	// LostEntry: the database can be read and does not list the package.
	LostEntry = "entry-removed"
	// LostList: the database lists the package, but none of its files any more.
	LostList = "list-removed"
)

// Lose sets Gone and Lost of now, the inventory of the state after a step that changed d, and
// returns the packages of was, the inventory of the state before, that the step removed or
// replaced by other versions:
//
//   - Of a database that is gone, cannot be read, or has lost all entries, a package is lost
//     unless it had files and the step took all of them.
//   - Of one that can be read, a package is lost of which a file is there with the bytes
//     that it had and belongs to no other package.
//
// Regular files count alone, folders and links are many packages' on a merged /usr; and of
// them neither configuration nor documentation.
func (now *Inventory) Lose(before *Tree, was Inventory, d Delta) ([]Package, error) {
	for _, db := range was.Databases {
		if !slices.ContainsFunc(now.Databases, func(o Database) bool { return o.Type == db.Type }) {
			now.Gone = append(now.Gone, Database{Type: db.Type, Path: db.Path})
		}
	}
	l := newLoser(before, now, &d)
	var removed []Package
	for _, p := range without(was.Packages, now.Packages) {
		one, err := l.lost(p)
		if err != nil {
			return nil, err
		}
		if one.Cause == "" {
			removed = append(removed, p)
		} else {
			now.Lost = append(now.Lost, one)
		}
	}
	if err := l.lists(was); err != nil {
		return nil, err
	}
	slices.SortFunc(now.Lost, func(a, b Lost) int { return strings.Compare(a.Package.PURL, b.Package.PURL) })
	return removed, nil
}

// loser compares packages with the files that a step left.
type loser struct {
	before  *Tree
	now     *Inventory
	has     func(*Package) bool
	listed  map[string]bool // the types of its packages
	owners  *Owners
	changed map[step.Path]*Entry
	removed map[step.Path]bool
	buf     []byte
}

func newLoser(before *Tree, now *Inventory, d *Delta) *loser {
	l := &loser{
		before: before, now: now, has: now.keys(), listed: map[string]bool{}, owners: now.Owners(),
		changed: make(map[step.Path]*Entry, len(d.Changed)), removed: make(map[step.Path]bool, len(d.Removed)), buf: make([]byte, HashBuffer),
	}
	for i := range now.Packages {
		l.listed[now.Packages[i].Type] = true
	}
	for i := range d.Changed {
		l.changed[d.Changed[i].Path] = &d.Changed[i]
	}
	for _, p := range d.Removed {
		l.removed[p] = true
	}
	return l
}

// lost says whether and why a package is, which the databases do not list any more.
func (l *loser) lost(p Package) (Lost, error) {
	if l.has(&p) {
		return Lost{}, nil // another version
	}
	out := Lost{Package: p, Cause: causeOf(l.now, p.Type)}
	told := out.Cause == LostEntry && l.listed[p.Type]
	had, err := l.left(&out, told, silent)
	if err == nil && told && !had {
		_, err = l.left(&out, told, silent[:1]) // its documentation is all that can tell
	}
	if err != nil {
		return Lost{}, err
	}
	if len(out.Left) == 0 && (told || had) {
		return Lost{}, nil
	}
	return out, nil
}

// silent are folders whose files do not tell that a package is there: package managers leave
// configuration, and slim images leave out the others.
var silent = []string{"/etc/", docDir + "/", "/usr/share/man/", "/usr/share/info/", "/usr/share/lintian/", "/usr/share/locale/"}

// left finds the files of a package that are still there, and whether it had any. With
// same, those with other bytes do not count, nor do ever those of the folders in but.
func (l *loser) left(out *Lost, same bool, but []string) (had bool, err error) {
	configuration := out.Package.configuration()
	for _, f := range out.Package.Files {
		if configuration[f] || begins(string(f), but) {
			continue
		}
		e, err := l.before.Stat(string(f))
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.Type != TypeFile {
			continue
		}
		if err != nil {
			return had, err
		}
		had = true
		if _, taken := l.owners.Of(f, false); taken || l.removed[f] {
			continue
		}
		if now := l.changed[f]; now != nil {
			alike, err := l.alike(&e, now)
			if err != nil {
				return had, err
			}
			if !alike && same {
				continue
			}
			out.Rewritten = out.Rewritten || !alike
		}
		out.Left = append(out.Left, f)
	}
	return had, nil
}

// configuration are the configuration files of a package, as far as it says so.
func (p *Package) configuration() map[step.Path]bool {
	out := map[step.Path]bool{}
	for _, s := range p.Sums {
		if s.Conffile {
			out[s.Path] = true
		}
	}
	return out
}

// alike reports whether a file that changed has the bytes that it had.
func (l *loser) alike(was, now *Entry) (bool, error) {
	if was.Type != now.Type || was.Size != now.Size {
		return false, nil
	}
	f, err := l.before.Open(string(was.Path))
	if err != nil {
		return false, err
	}
	sum, _, err := Digest(f, l.buf)
	if err := errors.Join(err, f.Close()); err != nil {
		return false, fmt.Errorf("hash %q: %w", string(was.Path), err)
	}
	return sum == now.SHA256, nil
}

// lists adds the packages whose list of files is gone, as slim images have their database.
func (l *loser) lists(was Inventory) error {
	had := make(map[string]*Package, len(was.Packages))
	for i := range was.Packages {
		had[was.Packages[i].PURL] = &was.Packages[i]
	}
	for _, p := range l.now.Packages {
		before := had[p.PURL]
		if before == nil || len(before.Files) == 0 || len(p.Files) > 0 {
			continue
		}
		one := Lost{Package: *before, Cause: LostList}
		if _, err := l.left(&one, false, silent); err != nil {
			return err
		}
		if len(one.Left) > 0 {
			l.now.Lost = append(l.now.Lost, one)
		}
	}
	return nil
}

// causeOf is why packages of a type are lost that a state's databases do not list.
func causeOf(now *Inventory, kind string) string {
	cause := LostRemoved
	for _, db := range now.Databases {
		if db.Type == kind && db.Reason != "" {
			return LostUnread
		} else if db.Type == kind {
			cause = LostEntry
		}
	}
	return cause
}

// FindLost returns where a package is, or would be, among lost ones by its purl.
func FindLost(lost []Lost, purl string) (int, bool) {
	return slices.BinarySearchFunc(lost, purl, func(l Lost, purl string) int { return strings.Compare(l.Package.PURL, purl) })
}
