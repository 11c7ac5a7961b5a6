package netrecord

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sworn-build/sworn/step/runner"
)

// access writes the command's files, authorities (PEM) among them, and returns its
// variables.
func (r *Recorder) access(at string, authorities []byte, environ []string) ([]string, error) {
	dir := r.Dir
	if dir == "" {
		dir = "/dev/shm"
	}
	var err error
	if r.files, err = os.MkdirTemp(dir, ".sworn-"); err != nil {
		return nil, fmt.Errorf("make a folder for the command's certificates: %w", err)
	}
	if err := os.Chmod(r.files, 0o755); err != nil { // apt reads it as another user
		return nil, fmt.Errorf("make a folder for the command's certificates: %w", err)
	}
	bundle := filepath.Join(r.files, "authorities.pem")
	if err := write(bundle, authorities, 0o644); err != nil {
		return nil, err
	}
	env := []string{}
	for _, c := range configurations(at, bundle, environ) {
		file := filepath.Join(r.files, c.name)
		text, mode, err := c.join()
		if err != nil {
			return nil, err
		}
		if err := write(file, text, mode); err != nil {
			return nil, err
		}
		env = append(env, c.variable+"="+file)
	}
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		env = append(env, name+"="+at, strings.ToUpper(name)+"="+at)
	}
	// Nothing goes past the recorder, loopback included.
	env = append(env, "no_proxy=", "NO_PROXY=", "npm_config_noproxy=")
	for _, name := range runner.BundleVariables() {
		env = append(env, name+"="+bundle)
	}
	return env, nil
}

// configuration is a file of settings for programs that variables do not tell enough.
type configuration struct {
	name, variable string
	own            []string // the files that the program reads without us
	text           string   // what is added to them
}

// configurations are those of apt (apt.conf(5)) and of GNU Wget, which has no variable for
// authorities.
func configurations(at, bundle string, environ []string) []configuration {
	apt := configuration{"apt.conf", "APT_CONFIG", values(environ, "APT_CONFIG"), fmt.Sprintf(
		"Acquire::http::Proxy %[1]q;\nAcquire::https::Proxy %[1]q;\nAcquire::https::CaInfo %[2]q;\n", at, bundle)}
	wget := configuration{"wgetrc", "WGETRC", values(environ, "WGETRC"), "ca_certificate = " + bundle + "\n"}
	if len(wget.own) == 0 {
		for _, home := range values(environ, "HOME") {
			wget.own = append(wget.own, filepath.Join(home, ".wgetrc"))
		}
	}
	return []configuration{apt, wget}
}

// join returns the text of the program's own file, ours behind it, and the permissions:
// who may not read that one may not read this one.
func (c configuration) join() ([]byte, fs.FileMode, error) {
	var text []byte
	mode := fs.FileMode(0o644)
	for _, f := range c.own {
		b, m, err := readFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue // for the program to find out
		}
		if err != nil {
			return nil, 0, err
		}
		text, mode = append(b, '\n'), 0o400|0o644&m
	}
	return append(text, c.text...), mode, nil
}

// write makes a file with these permissions, whatever the umask.
func write(name string, text []byte, mode fs.FileMode) error {
	err := os.WriteFile(name, text, 0o600)
	if err == nil {
		err = os.Chmod(name, mode)
	}
	if err != nil {
		return fmt.Errorf("write the command's certificates: %w", err)
	}
	return nil
}
