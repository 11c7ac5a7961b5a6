package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"
)

// printable escapes what a terminal would act on: control characters, line breaks,
// marks that change the direction of text, bytes that are no UTF-8. Names and
// commands come from images that anyone may have made.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// unprintable undoes printable; false of text that it cannot have made. A backslash that
// begins no escape is one.
func unprintable(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); {
		digits := 0
		switch {
		case strings.HasPrefix(s[i:], `\n`):
			b.WriteByte('\n')
			i += 2
			continue
		case strings.HasPrefix(s[i:], `\t`):
			b.WriteByte('\t')
			i += 2
			continue
		case strings.HasPrefix(s[i:], `\x`):
			digits = 2
		case strings.HasPrefix(s[i:], `\u`):
			digits = 4
		default:
			b.WriteByte(s[i])
			i++
			continue
		}
		end := i + 2 + digits
		if end > len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+2:end], 16, 32)
		switch {
		case err != nil:
			return "", false
		case digits == 2:
			b.WriteByte(byte(n))
		default:
			b.WriteRune(rune(n))
		}
		i = end
	}
	return b.String(), true
}

// printableJSON escapes in JSON what encoding/json leaves as it is and a terminal
// would act on. The values stay the same.
func printableJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// oneLine makes one short line of a command: white space collapsed, escaped, cut
// at limit characters.
func oneLine(s string, limit int) string {
	s = printable(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}

// wantsColor follows https://no-color.org.
func wantsColor(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// style is an SGR attribute.
type style string

const (
	bold   style = "1"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint colors text where colors are wanted.
func (c *cli) paint(s style, text string) string {
	if !c.color {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// printer collects output whose strings are escaped unless painted by us.
type printer struct {
	w   io.Writer
	err error
}

// line writes a line; arguments that are strings are escaped.
func (p *printer) line(format string, args ...any) {
	for i, a := range args {
		switch v := a.(type) {
		case painted:
			args[i] = string(v)
		case string:
			args[i] = printable(v)
		case fmt.Stringer:
			args[i] = printable(v.String())
		}
	}
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); err != nil && p.err == nil {
		p.err = err
	}
}

// painted is text that is already safe to print.
type painted string

func (c *cli) painted(s style, text string) painted { return painted(c.paint(s, printable(text))) }
