package script

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// name is the command that a word names, without its folder; empty when that depends on
// more than the text.
func (f *finder) name(w *syntax.Word) string {
	text := f.string(w)
	if strings.Contains(text, "$") || text == "" {
		return ""
	}
	return path.Base(text)
}

// string is a word without its quotes. What is substituted stays as it is written.
func (f *finder) string(w *syntax.Word) string {
	var b strings.Builder
	f.parts(&b, w.Parts, false)
	return b.String()
}

func (f *finder) parts(b *strings.Builder, parts []syntax.WordPart, quoted bool) {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			unescape(b, p.Value, quoted)
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			f.parts(b, p.Parts, true)
		default:
			from, to := int(p.Pos().Offset()), int(p.End().Offset())
			if 0 <= from && from <= to && to <= len(f.text) {
				b.WriteString(f.text[from:to])
			}
		}
	}
}

// unescape drops backslashes that have done their work.
func unescape(b *strings.Builder, s string, quoted bool) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (!quoted || strings.IndexByte("$`\"\\\n", s[i+1]) >= 0) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
}

// leading is the command substitution that a word begins with, quoted or not.
func leading(parts []syntax.WordPart) *syntax.CmdSubst {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.CmdSubst:
			return p
		case *syntax.DblQuoted:
			return leading(p.Parts)
		case *syntax.Lit:
			if strings.TrimSpace(p.Value) != "" {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}
