package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// otherBytes hashes files, several at a time, and compares them with the ledger's
// digests. A step may write other bytes in its next run, of the same size, and only they
// tell the two apart.
func otherBytes(root *sbom.Tree, hashed []sbom.Entry) ([]string, error) {
	found, errs := make([]string, len(hashed)), make([]error, len(hashed))
	next := make(chan int)
	var wait sync.WaitGroup
	for range sbom.Hashers() {
		wait.Add(1)
		go func() {
			defer wait.Done()
			buf := make([]byte, sbom.HashBuffer)
			for i := range next {
				found[i], errs[i] = otherDigest(root, hashed[i], buf)
			}
		}()
	}
	for i := range hashed {
		next <- i
	}
	close(next)
	wait.Wait()
	var out []string
	for i, diff := range found {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if diff != "" {
			out = append(out, diff)
		}
	}
	return out, nil
}

// otherDigest says how a file's bytes differ from those of its entry; empty when
// they do not.
func otherDigest(root *sbom.Tree, e sbom.Entry, buf []byte) (string, error) {
	sum, err := digestOf(root, e.Path, buf)
	if err != nil || sum == e.SHA256 {
		return "", err
	}
	return fmt.Sprintf("%s: sha256 %s, evidence says %s", printable(e.Path), sum, printable(step.Path(e.SHA256))), nil
}

// digestOf hashes the regular file at a path.
func digestOf(t *sbom.Tree, p step.Path, buf []byte) (string, error) {
	f, err := t.Open(string(p))
	if err != nil {
		return "", err
	}
	sum, _, err := sbom.Digest(f, buf)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("hash %s: %w", printable(p), err)
	}
	return sum, nil
}
