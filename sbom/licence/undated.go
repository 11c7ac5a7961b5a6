package licence

import (
	"strings"
	"unicode/utf8"
)

// someHolder is written for every line that says who has the copyright since when. Without
// these many packages have the very same text.
const someHolder = "Copyright 2000 Holder"

// undated writes [someHolder] for such lines.
func undated(text string) string {
	var out strings.Builder
	at := 0
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i
		}
		if dated(text[start:end]) {
			out.WriteString(text[at:start] + someHolder)
			at = end
		}
		start = end + 1
	}
	if at == 0 {
		return text
	}
	out.WriteString(text[at:])
	return out.String()
}

// maxSince and maxHolder are how many letters there are before the year, and after it.
const (
	maxSince  = 40
	maxHolder = 60
)

// dated reports whether a line is a word or sign for copyright, after what begins a comment,
// with a year soon after it and not much behind.
func dated(line string) bool {
	line = strings.TrimLeft(line, " \t*#")
	rest := ""
	for _, sign := range []string{"copyright", "©", "(c)"} {
		if len(line) >= len(sign) && strings.EqualFold(line[:len(sign)], sign) {
			rest = line[len(sign):]
		}
	}
	digits := 0
	for n, i := 0, 0; i < len(rest) && n < maxSince+yearDigits; n++ {
		if c := rest[i]; '0' <= c && c <= '9' {
			digits++
		} else {
			digits = 0
		}
		_, size := utf8.DecodeRuneInString(rest[i:])
		i += size
		if digits >= yearDigits && utf8.RuneCountInString(rest[i:]) <= maxHolder {
			return true
		}
	}
	return false
}

// yearDigits are how many digits a year has.
const yearDigits = 4
