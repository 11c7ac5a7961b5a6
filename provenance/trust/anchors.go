package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sworn-build/sworn/step/operator"
)

// Names of the files that [Read] takes beside keys.
const (
	IdentitiesFile  = "identities.json"
	TrustedRootFile = "trusted_root.json"
)

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
	if err := operator.Read(paths, a.add); err != nil {
		return Anchors{}, err
	}
	if (len(a.identities) > 0) != (a.root != nil) {
		return Anchors{}, fmt.Errorf("%s and %s go together: identities are verified with a trusted root", IdentitiesFile, TrustedRootFile)
	}
	slices.SortFunc(a.keys, func(x, y key) int { return strings.Compare(x.fingerprint, y.fingerprint) })
	a.keys = slices.CompactFunc(a.keys, func(x, y key) bool { return x.fingerprint == y.fingerprint })
	return a, nil
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
