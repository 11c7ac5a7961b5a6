package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/canon"
)

// ledgerVersion is that of the ledger file.
const ledgerVersion = 2

// maxLedger bounds the ledger in bytes: about two million entries.
const maxLedger = 512 << 20

// ledger is what bind compares with the image: what the steps made of its base, which
// its own digest fixes; of all that is in the image when the base is none or not
// mounted beside it. Entries are sorted by path, without packages. Regular files have
// the digest that they must have and the inode in which they were found to have it, but
// those of a source.
type ledger struct {
	Version int          `json:"version"`
	Entries []sbom.Entry `json:"entries"`
	// Removed are the paths of the base that are not in the image, sorted.
	Removed []step.Path `json:"removed"`
}

// encodeLedger writes the ledger of held entries, which are sorted; sources are those,
// by id, that are no steps. base is the id of the image's base, whose entries are
// not listed, and had are the paths that it has, sorted.
func encodeLedger(held []sbom.Held, sources map[string]step.Source, base string, had []step.Path) ([]byte, error) {
	l := ledger{Version: ledgerVersion, Entries: []sbom.Entry{}, Removed: []step.Path{}}
	for _, h := range held {
		for len(had) > 0 && had[0] < h.Path {
			l.Removed = append(l.Removed, had[0])
			had = had[1:]
		}
		if len(had) > 0 && had[0] == h.Path {
			had = had[1:]
		}
		if base != "" && h.Step == base {
			continue
		}
		e := bare(h.Entry)
		if _, source := sources[h.Step]; !source {
			e.SHA256, e.Inode = h.SHA256, h.Inode
		}
		l.Entries = append(l.Entries, e)
	}
	l.Removed = append(l.Removed, had...)
	f := canon.NewWriter(nil)
	l.form(f)
	b, err := f.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode ledger: %w", err)
	}
	if len(b) >= maxLedger {
		return nil, fmt.Errorf("encode ledger: %d bytes, more than %d", len(b), maxLedger)
	}
	return append(b, '\n'), nil
}

// bare keeps what can be compared without reading a file.
func bare(e sbom.Entry) sbom.Entry {
	e.SHA256, e.SHA1, e.Capability, e.Package, e.Inode = "", "", "", "", ""
	return e
}

func decodeLedger(b []byte) (ledger, error) {
	var l ledger
	f := canon.NewReader(bytes.TrimSuffix(b, []byte("\n")))
	l.form(f)
	if err := f.End(); err != nil {
		return ledger{}, fmt.Errorf("decode ledger: %w", err)
	}
	if l.Entries == nil || l.Removed == nil {
		return ledger{}, errors.New("decode ledger: no entries or no removed paths")
	}
	last := step.Path("")
	for _, e := range l.Entries {
		if e.Path <= last {
			return ledger{}, fmt.Errorf("decode ledger: %q: not sorted or twice", string(e.Path))
		}
		last = e.Path
	}
	last = ""
	for _, p := range l.Removed {
		if p <= last {
			return ledger{}, fmt.Errorf("decode ledger: removed %q: not sorted or twice", string(p))
		}
		last = p
	}
	return l, nil
}

// bind compares the image's root file system with the ledger.
func (t tool) bind() error {
	diffs, err := t.unbound()
	if err != nil {
		return fmt.Errorf("bind statements to the image: %w", err)
	}
	if len(diffs) > 0 {
		return &bindError{diffs}
	}
	return nil
}

// unbound says how the image differs from the ledger. The ledger is read while the
// image is looked at: both take their time for 100,000 files, in every build.
func (t tool) unbound() ([]string, error) {
	root, err := sbom.OpenTree(t.path(step.RootfsDir))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	base, err := sbom.OpenTree(t.path(step.BaseDir))
	if err != nil {
		return nil, err
	}
	defer base.Close()
	var l ledger
	read := make(chan error, 1)
	go func() {
		b, err := t.read(maxLedger, step.LedgerDir, step.LedgerFile)
		if err == nil {
			l, err = decodeLedger(b)
		}
		read <- err
	}()
	touched, gone, err := sbom.Touched(base, root)
	if ledgerErr := <-read; ledgerErr != nil {
		return nil, ledgerErr
	}
	if err != nil {
		return nil, err
	}
	b := binding{root: root, base: base, buf: make([]byte, sbom.HashBuffer)}
	if err := b.compare(touched, l.Entries); err != nil {
		return nil, err
	}
	b.comparePaths(gone, l.Removed)
	if len(b.diffs) > 0 {
		slices.Sort(b.diffs)
		return b.diffs, nil
	}
	return otherBytes(root, b.unproven)
}

// What is on one side only.
const (
	notInEvidence = ": in the image, not in the evidence"
	notInImage    = ": in the evidence, not in the image"
)

// binding collects how an image differs from the ledger. base is nil when there is none.
type binding struct {
	root, base *sbom.Tree
	diffs      []string
	// unproven are the entries whose bytes have to be read: the inode is another than
	// the one that was hashed when the step was described.
	unproven []sbom.Entry
	buf      []byte
}

func (b *binding) add(p step.Path, what string) { b.diffs = append(b.diffs, printable(p)+what) }

// compare looks at all entries that are not the base's very own, and at all that the
// ledger has. Both lists are sorted.
func (b *binding) compare(touched, want []sbom.Entry) error {
	for len(touched)+len(want) > 0 {
		var err error
		switch {
		case len(want) == 0 || len(touched) > 0 && touched[0].Path < want[0].Path:
			err = b.likeBase(touched[0])
			touched = touched[1:]
		case len(touched) == 0 || want[0].Path < touched[0].Path:
			err = b.found(want[0])
			want = want[1:]
		default:
			b.alike(touched[0], want[0])
			touched, want = touched[1:], want[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *binding) alike(is, want sbom.Entry) {
	if d := difference(bare(is), bare(want)); d != "" {
		b.add(is.Path, ": "+d)
		return
	}
	if want.SHA256 != "" && (want.Inode == "" || is.Inode != want.Inode) {
		b.unproven = append(b.unproven, want)
	}
}

// found compares an entry of the ledger with what the image has at its path.
func (b *binding) found(want sbom.Entry) error {
	is, err := b.root.Stat(string(want.Path))
	if errors.Is(err, fs.ErrNotExist) {
		b.add(want.Path, notInImage)
		return nil
	}
	if err == nil {
		b.alike(is, want)
	}
	return err
}

// likeBase compares an entry that the ledger leaves to the base with the base's: a step
// may have touched a file, or changed it and changed it back.
func (b *binding) likeBase(is sbom.Entry) error {
	was, err := b.base.Stat(string(is.Path))
	if errors.Is(err, fs.ErrNotExist) {
		b.add(is.Path, notInEvidence)
		return nil
	}
	if err != nil {
		return err
	}
	if d := difference(is, was); d != "" {
		b.add(is.Path, ": "+d)
		return nil
	}
	if is.Type != sbom.TypeFile {
		return nil
	}
	if was.SHA256, err = digestOf(b.base, is.Path, b.buf); err != nil {
		return err
	}
	diff, err := otherDigest(b.root, was, b.buf)
	if diff != "" {
		b.diffs = append(b.diffs, diff)
	}
	return err
}

// comparePaths compares the paths that are gone with those that the ledger says are.
// Both lists are sorted.
func (b *binding) comparePaths(gone, want []step.Path) {
	for len(gone)+len(want) > 0 {
		switch {
		case len(want) == 0 || len(gone) > 0 && gone[0] < want[0]:
			b.add(gone[0], notInImage)
			gone = gone[1:]
		case len(gone) == 0 || want[0] < gone[0]:
			b.add(want[0], notInEvidence)
			want = want[1:]
		default:
			gone, want = gone[1:], want[1:]
		}
	}
}

// difference names the first field in which an entry differs.
func difference(is, want sbom.Entry) string {
	if is == want {
		return ""
	}
	for _, f := range []struct {
		name     string
		is, want any
	}{
		{"type", is.Type, want.Type},
		{"mode", is.Mode, want.Mode},
		{"uid", is.UID, want.UID},
		{"gid", is.GID, want.GID},
		{"size", is.Size, want.Size},
		{"target", printable(is.Target), printable(want.Target)},
		{"device", is.Device, want.Device},
	} {
		if f.is != f.want {
			return fmt.Sprintf("%s %v, evidence says %v", f.name, f.is, f.want)
		}
	}
	return ""
}

// printable keeps a hostile name on one line.
func printable(p step.Path) string {
	s := fmt.Sprintf("%q", string(p))
	if s[1:len(s)-1] == string(p) && !strings.Contains(s, " ") {
		return string(p)
	}
	return s
}

// maxShown bounds the differences that are printed.
const maxShown = 10

// bindError is an image that is not the one that the evidence describes.
type bindError struct {
	diffs []string
}

// Error sums up; lines has the differences.
func (e *bindError) Error() string { return strings.Join(e.lines(), "\n") }

func (e *bindError) lines() []string {
	var out []string
	for i, d := range e.diffs {
		if i == maxShown {
			out = append(out, fmt.Sprintf("bind statements to the image: and %d more differences", len(e.diffs)-maxShown))
			break
		}
		out = append(out, "bind statements to the image: "+d)
	}
	return out
}
