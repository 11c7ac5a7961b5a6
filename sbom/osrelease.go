package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Distro is what os-release(5) says of a file system; the zero value is one that
// says nothing.
type Distro struct {
	ID string `json:"id,omitempty"` // "debian"
	// Version is VERSION_ID, or VERSION_CODENAME where that is missing (Debian's
	// testing and unstable).
	Version string `json:"version,omitempty"`
}

// maxOSRelease bounds the bytes read of os-release.
const maxOSRelease = 64 << 10

// loadDistro reads /etc/os-release or, without it, /usr/lib/os-release.
func loadDistro(t *Tree) (Distro, error) {
	for _, p := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, err := t.ReadFile(p, maxOSRelease)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Distro{}, fmt.Errorf("read distribution: %w", err)
		}
		return ParseOSRelease(b), nil
	}
	return Distro{}, nil
}

// ParseOSRelease reads os-release(5). Values with characters that the page does
// not allow in them are taken as absent; it never fails.
func ParseOSRelease(b []byte) Distro {
	vars := map[string]string{}
	for _, line := range strings.Split(string(b), "\n") {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		vars[key] = unquote(value)
	}
	d := Distro{ID: plain(vars["ID"]), Version: plain(vars["VERSION_ID"])}
	if d.Version == "" {
		d.Version = plain(vars["VERSION_CODENAME"])
	}
	if d.ID == "" {
		return Distro{}
	}
	return d
}

// unquote undoes the shell quoting that os-release(5) allows.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		quote := s[0]
		s = s[1 : len(s)-1]
		if quote == '"' {
			s = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(s)
		}
	}
	return s
}

// plain returns s when it is lower-case letters, digits, ".", "_" and "-" only.
func plain(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return ""
		}
	}
	return s
}
