package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// ledgerVersion is that of the ledger file.
const ledgerVersion = 1

// maxLedger bounds the ledger in bytes: about two million entries.
const maxLedger = 512 << 20

// ledger is what bind compares with the image: entries sorted by path, without
// packages. Regular files have the digest that they must have, but those of a
// source: its own digest fixes them.
type ledger struct {
	Version int          `json:"version"`
	Entries []sbom.Entry `json:"entries"`
}

// encodeLedger writes the ledger of held entries; sources are the ids of those that
// are no steps.
func encodeLedger(held []sbom.Held, sources map[string]bool) ([]byte, error) {
	l := ledger{Version: ledgerVersion, Entries: make([]sbom.Entry, 0, len(held))}
	for _, h := range held {
		e := bare(h.Entry)
		if !sources[h.Step] {
			e.SHA256 = h.SHA256
		}
		l.Entries = append(l.Entries, e)
	}
	b, err := json.Marshal(l)
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
	e.SHA256, e.SHA1, e.Capability, e.Package = "", "", "", ""
	return e
}

func decodeLedger(b []byte) (ledger, error) {
	var l ledger
	if err := decodeStrict(b, &l); err != nil {
		return ledger{}, fmt.Errorf("decode ledger: %w", err)
	}
	if l.Version != ledgerVersion {
		return ledger{}, fmt.Errorf("decode ledger: version %d, want %d", l.Version, ledgerVersion)
	}
	if l.Entries == nil {
		return ledger{}, errors.New("decode ledger: no entries")
	}
	last := step.Path("")
	for _, e := range l.Entries {
		if e.Path <= last {
			return ledger{}, fmt.Errorf("decode ledger: %q: not sorted or twice", string(e.Path))
		}
		last = e.Path
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
// image is listed: both take their time for 100,000 files, in every build.
func (t tool) unbound() ([]string, error) {
	root, err := sbom.OpenTree(t.path(step.RootfsDir))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var l ledger
	read := make(chan error, 1)
	go func() {
		b, err := t.read(maxLedger, step.LedgerDir, step.LedgerFile)
		if err == nil {
			l, err = decodeLedger(b)
		}
		read <- err
	}()
	found, err := sbom.List(root)
	if ledgerErr := <-read; ledgerErr != nil {
		return nil, ledgerErr
	}
	if err != nil {
		return nil, err
	}
	if diffs := differences(found, l.Entries); len(diffs) > 0 {
		return diffs, nil
	}
	return otherBytes(root, l.Entries)
}

// differences compares two sorted lists of entries.
func differences(found, want []sbom.Entry) []string {
	var out []string
	for len(found)+len(want) > 0 {
		switch {
		case len(want) == 0 || len(found) > 0 && found[0].Path < want[0].Path:
			out = append(out, printable(found[0].Path)+": in the image, not in the evidence")
			found = found[1:]
		case len(found) == 0 || want[0].Path < found[0].Path:
			out = append(out, printable(want[0].Path)+": in the evidence, not in the image")
			want = want[1:]
		default:
			if d := difference(bare(found[0]), bare(want[0])); d != "" {
				out = append(out, printable(found[0].Path)+": "+d)
			}
			found, want = found[1:], want[1:]
		}
	}
	return out
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
