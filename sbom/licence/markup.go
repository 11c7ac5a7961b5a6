package licence

import "strings"

// maxMarkup bounds the bytes of one piece of markup: each of a text may be looked for its end
// in vain.
const maxMarkup = 1 << 10

// markup returns how many bytes of markup a text begins with, 0 for none: a tag or entity
// of HTML, an anchor or the target of a link of Markdown, as licensecheck leaves them out.
func markup(text string) int {
	if c := text[0]; c != '<' && c != '&' && c != '{' && c != ']' {
		return 0
	}
	text = text[:min(len(text), maxMarkup)]
	switch text[0] {
	case '<':
		return htmlTag(text)
	case '&':
		return entity(text)
	case '{':
		if strings.HasPrefix(text, "{#") {
			if i := strings.IndexAny(text, "} \r\n"); i > 0 && text[i] == '}' && i+1 >= len("{#a}") {
				return i + 1
			}
		}
	case ']':
		return linkTarget(text)
	}
	return 0
}

// maxTagLines bounds the line breaks in a tag.
const maxTagLines = 2

// htmlTag is the size of a tag. Addresses in angle brackets, of mail or the web, are none.
func htmlTag(text string) int {
	name := strings.TrimPrefix(text[1:], "/")
	if name == "" || lowerASCII[name[0]] < 'a' || len(text) < len("<a>") {
		return 0
	}
	spaces, lines := 0, 0
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '>':
			return i + 1
		case '<':
			return 0
		case ' ':
			spaces++
		case '\r', '\n':
			if lines++; lines > maxTagLines {
				return 0
			}
		case '@':
			if spaces == 0 {
				return 0
			}
		case ':':
			if spaces == 0 && strings.HasPrefix(text[i:], ":/") {
				return 0
			}
		}
	}
	return 0
}

// entity is the size of an entity: by name, or by number.
func entity(text string) int {
	digits, hex := 0, false
	i := 1
	number := strings.HasPrefix(text, "&#")
	if number {
		if i++; strings.HasPrefix(text[i:], "x") {
			hex = true
			i++
		}
	}
	for ; i < len(text); i++ {
		c := lowerASCII[text[i]]
		is := 'a' <= c
		if number {
			is = '0' <= c && c <= '9' || hex && 'a' <= c && c <= 'f'
		}
		if !is {
			break
		}
		digits++
	}
	if digits == 0 || !strings.HasPrefix(text[i:], ";") {
		return 0
	}
	return i + 1
}

// linkTarget is the size of the end of a link's text with its target.
func linkTarget(text string) int {
	target, ok := strings.CutPrefix(text, "](")
	if !ok {
		return 0
	}
	for _, scheme := range []string{"http://", "https://", "mailto:", "file:", "#"} {
		if strings.HasPrefix(target, scheme) {
			if i := strings.IndexAny(target, ") \t\r\n"); i >= 0 && target[i] == ')' {
				return len("](") + i + 1
			}
		}
	}
	return 0
}
