package licence

import (
	"strings"
)

// stanzas are what a machine-readable copyright file says of licences
// (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/).
type stanzas struct {
	// files are the License fields of Files stanzas, or of the header where there is none.
	files []licenceField
	// texts are those of stanzas with a License alone, by synopsis in lower case.
	texts map[string]string
}

// licenceField is a License field: names, and the text that follows.
type licenceField struct{ synopsis, text string }

// maxStanzas bounds the stanzas that are read of one file.
const maxStanzas = 20000

// parseMachine reads a machine-readable copyright file; false when it is none.
func parseMachine(b string) (stanzas, bool) {
	head, _, _ := strings.Cut(strings.TrimLeft(b, "\n"), "\n")
	key, value, ok := strings.Cut(head, ":")
	key, value = strings.ToLower(strings.TrimSpace(key)), strings.ToLower(value)
	if !ok || key != "format" && key != "format-specification" || !strings.Contains(value, "copyright-format") && !strings.Contains(value, "dep5") && !strings.Contains(value, "dep-5") && !strings.Contains(value, "dep.debian.net") {
		return stanzas{}, false
	}
	out := stanzas{texts: map[string]string{}}
	var header []licenceField
	for i, stanza := range paragraphs(b) {
		if i >= maxStanzas {
			break
		}
		field, has := stanza["license"]
		if !has {
			continue
		}
		l := licenceField{strings.Join(strings.Fields(field[0]), " "), body(field[1:])}
		_, files := stanza["files"]
		switch {
		case i == 0:
			header = append(header, l)
		case files:
			out.files = append(out.files, l)
		}
		if name := strings.ToLower(l.synopsis); l.text != "" && (!files && i > 0 || out.texts[name] == "") {
			out.texts[name] = l.text
		}
	}
	if len(out.files) == 0 {
		out.files = header
	}
	return out, true
}

// paragraphs are the stanzas of a file: the lines of each field, by name in lower case.
func paragraphs(b string) []map[string][]string {
	var out []map[string][]string
	var now map[string][]string
	last := ""
	for line := range strings.Lines(b) {
		line = strings.TrimRight(line, " \t\r\n")
		switch {
		case line == "":
			now, last = nil, ""
		case line[0] == ' ' || line[0] == '\t':
			if last != "" {
				now[last] = append(now[last], line)
			}
		case line[0] == '#':
		default:
			key, value, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			if now == nil {
				now = map[string][]string{}
				out = append(out, now)
			}
			last = strings.ToLower(key)
			now[last] = []string{strings.TrimSpace(value)}
		}
	}
	return out
}

// body undoes the indentation of a formatted text: a dot alone is an empty line.
func body(lines []string) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		l = l[1:]
		if strings.TrimSpace(l) == "." {
			l = ""
		}
		out[i] = l
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
