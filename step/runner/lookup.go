package runner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// StartError is a command that could not be started. Its text is what runc prints
// for the same failure.
type StartError struct {
	// Name is argv[0], or the file found for it when that could not be executed.
	Name string
	// Err is the cause.
	Err error
	// form says which of runc's phrases applies.
	form startPhase
}

type startPhase int

const (
	phaseLookup startPhase = iota
	phaseAccess
	phaseExec
)

// runcPrefix begins the message of every failure that runc finds before execve.
const runcPrefix = "runc run failed: unable to start container process: "

func (e *StartError) Error() string {
	switch e.form {
	case phaseLookup:
		return runcPrefix + "exec: " + strconv.Quote(e.Name) + ": " + e.Err.Error()
	case phaseAccess:
		return runcPrefix + "exec " + e.Name + ": " + e.Err.Error()
	}
	return "exec " + e.Name + ": " + e.Err.Error()
}

func (e *StartError) Unwrap() error { return e.Err }

// exitStart is the exit code of runc, and so of the step, when the command cannot
// be started.
const exitStart = 1

// Causes of a failed lookup.
var (
	errNotFound = errors.New("executable file not found in $PATH")
	errDot      = errors.New("cannot run executable found relative to current directory")
)

// lookPath finds the file that runc would execute for argv[0] with the PATH of
// the container. The error is a *[StartError].
func lookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", &StartError{Name: name, Err: err}
		}
		return accessible(name)
	}
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "."
		}
		file := filepath.Join(dir, name)
		if executable(file) != nil {
			continue
		}
		if !filepath.IsAbs(file) {
			return "", &StartError{Name: name, Err: errDot}
		}
		return accessible(file)
	}
	return "", &StartError{Name: name, Err: errNotFound}
}

// executable says whether anyone may execute the file, as the lookup asks; the
// search goes on when it is not so.
func executable(file string) error {
	fi, err := os.Stat(file)
	if err != nil {
		return err
	}
	if m := fi.Mode(); m.IsDir() || m&0o111 == 0 {
		return fs.ErrPermission
	}
	return nil
}

// accessible says whether this user may execute the file that was found.
func accessible(file string) (string, error) {
	if err := unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS); err != nil {
		return "", &StartError{Name: file, Err: err, form: phaseAccess}
	}
	return file, nil
}
