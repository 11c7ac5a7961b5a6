package canon

import "unicode/utf8"

// plain reports whether a byte stands for itself in a JSON string as encoding/json
// writes it, which escapes what HTML could take for markup. Bytes of runes beyond ASCII
// are not plain: some are escaped.
func plain(c byte) bool { return plains[c] }

// plains is a table, because this is asked of every byte.
var plains = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are no UTF-8 are replaced by
// \ufffd.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain(s[i]) {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		n := 1
		if s[i] < utf8.RuneSelf {
			b = appendEscape(b, s[i])
		} else {
			b, n = appendRune(b, s[i:])
		}
		i += n
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendEscape appends an ASCII character that is not plain.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendRune appends the first rune of s, which is not ASCII, and returns its length in
// s. The two that end a line in JavaScript are escaped.
func appendRune(b []byte, s string) ([]byte, int) {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && n == 1:
		return append(b, `\ufffd`...), n
	case r == '\u2028' || r == '\u2029':
		return append(b, '\\', 'u', '2', '0', '2', hexDigits[r&15]), n
	}
	return append(b, s[:n]...), n
}
