package step

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Path is a file name as the kernel has it: any bytes but NUL. In memory it is
// the raw bytes. In JSON it is UTF-8: a backslash is written as \\ and every
// byte that is not part of valid UTF-8 as \xNN, so that no two names collide and
// the encoding can be undone.
type Path string

// MarshalText implements [encoding.TextMarshaler]; it never fails.
func (p Path) MarshalText() ([]byte, error) {
	s := string(p)
	if utf8.ValidString(s) && !strings.Contains(s, `\`) {
		return []byte(s), nil
	}
	out := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, s[i])
		case r == '\\':
			out = append(out, `\\`...)
		default:
			out = append(out, s[i:i+n]...)
		}
		i += n
	}
	return out, nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]. An escape other than \\
// and \xNN is an error.
func (p *Path) UnmarshalText(b []byte) error {
	s := string(b)
	if !strings.Contains(s, `\`) {
		*p = Path(s)
		return nil
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		rest := s[i+1:]
		if strings.HasPrefix(rest, `\`) {
			out = append(out, '\\')
			i++
			continue
		}
		if len(rest) < 3 || rest[0] != 'x' {
			return fmt.Errorf("decode path %q: bad escape at byte %d", s, i)
		}
		hi, ok1 := unhex(rest[1])
		lo, ok2 := unhex(rest[2])
		if !ok1 || !ok2 {
			return fmt.Errorf("decode path %q: bad escape at byte %d", s, i)
		}
		out = append(out, hi<<4|lo)
		i += 3
	}
	*p = Path(out)
	return nil
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
