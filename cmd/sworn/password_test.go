package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal and returns the program's end and the user's.
func terminal(t *testing.T) (program, user *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("unlock pseudo-terminal: %v", err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skipf("pseudo-terminal's number: %v", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return program, user
}

// answering is standard error with a user who answers each prompt on it.
type answering struct {
	bytes.Buffer
	user    io.Writer
	answers []string
}

func (a *answering) Write(b []byte) (int, error) {
	if strings.HasSuffix(string(b), ": ") && len(a.answers) > 0 {
		answer := a.answers[0]
		a.answers = a.answers[1:]
		// What is typed before echo is off would be flushed or shown.
		time.AfterFunc(200*time.Millisecond, func() { _, _ = io.WriteString(a.user, answer+"\n") })
	}
	return a.Buffer.Write(b)
}

// TestPasswordsAreAskedForOnATerminal, a new one twice, and never shown.
func TestPasswordsAreAskedForOnATerminal(t *testing.T) {
	for _, name := range []string{"SWORN_PASSWORD", "COSIGN_PASSWORD"} {
		if v, ok := os.LookupEnv(name); ok {
			t.Setenv(name, v) // put back afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name    string
		answers []string
		code    int
		want    string
	}{
		{"same", []string{"correct horse", "correct horse"}, 0, "sworn: password for the private key: \nsworn: the same password again: \n"},
		{"different", []string{"correct horse", "correct house"}, 2, "sworn: generate key: read password: the two are not the same\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program, user := terminal(t)
			prefix := filepath.Join(t.TempDir(), "k")
			errs := &answering{user: user, answers: tt.answers}
			var out bytes.Buffer
			c := &cli{stdin: program, stdout: &out, stderr: errs}
			code := c.run(t.Context(), []string{"key", "generate", "--output-prefix", prefix})
			if code != tt.code || !strings.Contains(errs.String(), tt.want) {
				t.Fatalf("exit code %d, want %d and %q\n%s", code, tt.code, tt.want, errs.String())
			}
			if _, err := os.Stat(prefix + ".key"); (err == nil) != (tt.code == 0) {
				t.Errorf("key file: %v", err)
			}
			if strings.Contains(out.String()+errs.String(), "horse") {
				t.Error("the password is shown")
			}
			if tt.code != 0 {
				return
			}
			t.Setenv("SWORN_PASSWORD", "correct horse")
			if _, err := c.privateKey(prefix + ".key"); err != nil {
				t.Errorf("the key does not open with the password: %v", err)
			}
		})
	}
}
