package trust

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// Names of the files that [Read] takes beside keys.
const (
	IdentitiesFile  = "identities.json"
	TrustedRootFile = "trusted_root.json"
)

// maxFileBytes bounds a file of keys, identities or roots. Sigstore's own trusted root
// has 7 KiB.
const maxFileBytes = 1 << 20

// Anchors are whom signatures are believed of. The zero value believes nobody.
type Anchors struct {
	keys       []key // by fingerprint
	identities []Identity
	root       *root.TrustedRoot
}

// Empty reports whether nobody is believed.
func (a Anchors) Empty() bool { return len(a.keys)+len(a.identities) == 0 }

// String names all who are believed: fingerprints of keys, then identities.
func (a Anchors) String() string {
	var all []string
	for _, k := range a.keys {
		all = append(all, "key "+k.fingerprint)
	}
	for _, i := range a.identities {
		all = append(all, i.String())
	}
	return strings.Join(all, ", ")
}

// Read reads files, and of folders the files in them: public keys in PEM (*.pub, *.pem),
// [IdentitiesFile] and the [TrustedRootFile] that certificates of these identities are
// verified with. A file of another name is an error, so that none is overlooked. Errors
// are those of the file system too, [os.ErrNotExist] among them.
func Read(paths ...string) (Anchors, error) {
	var a Anchors
	for _, path := range paths {
		files, err := list(path)
		if err != nil {
			return Anchors{}, err
		}
		for _, f := range files {
			b, err := readFile(f)
			if err == nil {
				err = a.add(filepath.Base(f), b)
			}
			if err != nil {
				return Anchors{}, fmt.Errorf("read %s: %w", f, err)
			}
		}
	}
	if (len(a.identities) > 0) != (a.root != nil) {
		return Anchors{}, fmt.Errorf("%s and %s go together: identities are verified with a trusted root", IdentitiesFile, TrustedRootFile)
	}
	slices.SortFunc(a.keys, func(x, y key) int { return strings.Compare(x.fingerprint, y.fingerprint) })
	a.keys = slices.CompactFunc(a.keys, func(x, y key) bool { return x.fingerprint == y.fingerprint })
	return a, nil
}

// list returns a file, or the files in a folder by name.
func list(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path)
	var out []string
	for _, e := range entries {
		out = append(out, filepath.Join(path, e.Name()))
	}
	return out, err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(b) > maxFileBytes {
		err = fmt.Errorf("more than %d bytes", maxFileBytes)
	}
	return b, err
}

func (a *Anchors) add(name string, b []byte) error {
	switch {
	case name == IdentitiesFile:
		more, err := parseIdentities(b)
		a.identities = append(a.identities, more...)
		return err
	case name == TrustedRootFile && a.root != nil:
		return errors.New("a second trusted root")
	case name == TrustedRootFile:
		var err error
		a.root, err = parseRoot(b)
		return err
	case strings.HasSuffix(name, ".pub"), strings.HasSuffix(name, ".pem"):
		k, err := parseKey(b)
		a.keys = append(a.keys, k)
		return err
	}
	return fmt.Errorf("neither a public key (*.pub, *.pem) nor %s or %s", IdentitiesFile, TrustedRootFile)
}
