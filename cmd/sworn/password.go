package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// maxPassword bounds what is read of standard input as a password, in bytes.
const maxPassword = 64 << 10

// password gets the password of a key file: from SWORN_PASSWORD, else
// COSIGN_PASSWORD, else from the terminal, where a new one is asked for twice, else
// all of standard input without its line end.
func (c *cli) password(isNew bool) ([]byte, error) {
	for _, name := range []string{"SWORN_PASSWORD", "COSIGN_PASSWORD"} {
		if v, ok := os.LookupEnv(name); ok {
			return []byte(v), nil
		}
	}
	fd := int(c.stdin.Fd())
	if !term.IsTerminal(fd) {
		b, err := io.ReadAll(io.LimitReader(c.stdin, maxPassword+1))
		if err != nil {
			return nil, fmt.Errorf("read password: %w", err)
		}
		if len(b) > maxPassword {
			return nil, fmt.Errorf("read password: more than %d bytes", maxPassword)
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r")), nil
	}
	first, err := c.ask("password for the private key: ", fd)
	if err != nil || !isNew {
		return first, err
	}
	again, err := c.ask("the same password again: ", fd)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, errors.New("read password: the two are not the same")
	}
	return first, nil
}

func (c *cli) ask(prompt string, fd int) ([]byte, error) {
	fmt.Fprint(c.stderr, "sworn: "+prompt)
	b, err := term.ReadPassword(fd)
	fmt.Fprintln(c.stderr)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	return b, nil
}
