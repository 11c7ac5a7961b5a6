package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance/envelope"
)

// maxKeyBytes bounds a key file: an RSA key of 16384 bits has some 13 kB.
const maxKeyBytes = 64 << 10

func (c *cli) keyCommand() *cobra.Command {
	key := &cobra.Command{
		Use:   "key",
		Short: "Make signing keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return &hinted{errors.New("key: no command"), "see sworn key --help"}
		},
	}
	var prefix string
	var asJSON bool
	generate := &cobra.Command{
		Use:   "generate",
		Short: "Make an ECDSA P-256 key pair",
		Long: `Make an ECDSA P-256 key pair: PREFIX.key, encrypted with a password as cosign
encrypts keys, and PREFIX.pub. Files that exist are never overwritten.

The password comes from SWORN_PASSWORD, else COSIGN_PASSWORD, else the terminal,
else standard input.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := c.generate(prefix, asJSON); err != nil {
				return fmt.Errorf("generate key: %w", err)
			}
			return nil
		},
	}
	generate.Flags().StringVar(&prefix, "output-prefix", "sworn", "path of the files, without .key and .pub")
	generate.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	key.AddCommand(generate)
	return key
}

func (c *cli) generate(prefix string, asJSON bool) error {
	private, public := prefix+".key", prefix+".pub"
	for _, path := range []string{private, public} {
		if _, err := os.Lstat(path); err == nil {
			return &hinted{fmt.Errorf("%s exists, and keys are never overwritten", path), "choose another --output-prefix"}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	password, err := c.password(true)
	if err != nil {
		return err
	}
	if len(password) == 0 {
		c.say("warning: the password is empty, so whoever has %s can sign", private)
	}
	key, err := envelope.GenerateKey()
	if err != nil {
		return err
	}
	b, err := envelope.EncryptKey(key, password)
	if err != nil {
		return err
	}
	if err := writeNew(private, b, 0o600); err != nil {
		return err
	}
	if err := writeNew(public, key.Public().PEM(), 0o644); err != nil {
		return errors.Join(err, os.Remove(private))
	}
	if asJSON {
		return c.printJSON(map[string]string{"privateKey": private, "publicKey": public, "fingerprint": key.Public().Fingerprint()})
	}
	p := &printer{w: c.stdout}
	p.line("private key  %s", private)
	p.line("public key   %s", public)
	p.line("fingerprint  %s", key.Public().Fingerprint())
	return p.err
}

// writeNew makes a file that appears whole or not at all, and replaces none.
func writeNew(path string, b []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".sworn-key.*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	// Unlike a rename, a link fails when the name is taken.
	return os.Link(f.Name(), path)
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxKeyBytes {
		return nil, fmt.Errorf("%s: more than %d bytes, not a key", path, maxKeyBytes)
	}
	return b, nil
}

// optionalKey is [publicKey] where --key may be left out: nil without it.
func optionalKey(path string) (*envelope.PublicKey, error) {
	if path == "" {
		return nil, nil
	}
	key, err := publicKey(path)
	return &key, err
}

// publicKey reads the file of --key.
func publicKey(path string) (envelope.PublicKey, error) {
	if path == "" {
		return envelope.PublicKey{}, &hinted{errors.New("no key"), "name the signer's public key with --key"}
	}
	b, err := readKeyFile(path)
	if err != nil {
		return envelope.PublicKey{}, fmt.Errorf("read key: %w", err)
	}
	key, err := envelope.ParsePublicKey(b)
	if err != nil {
		return key, fmt.Errorf("read key %s: %w", path, err)
	}
	return key, nil
}

// privateKey reads the file of --key, asking for a password if it needs one.
func (c *cli) privateKey(path string) (*envelope.Key, error) {
	if path == "" {
		return nil, &hinted{errors.New("no key"), "name a private key with --key; sworn key generate makes one"}
	}
	b, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := envelope.ParseKey(b, func() ([]byte, error) { return c.password(false) })
	if errors.Is(err, envelope.ErrPassword) {
		return nil, &hinted{fmt.Errorf("read key %s: %w", path, err), "the password is taken from SWORN_PASSWORD, else COSIGN_PASSWORD, else asked for"}
	}
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return key, nil
}
