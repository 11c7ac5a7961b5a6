package rules

import "strings"

// stars stand for a secret.
const stars = "*****"

// Masked returns a Dockerfile for people to read: where secrets have been found in it, the
// instruction shows the names alone, and elsewhere stars stand for them. Line numbers stay.
func Masked(dockerfile []byte, findings []Finding) []byte {
	text := string(dockerfile)
	for _, f := range findings {
		if f.secret != "" {
			text = strings.ReplaceAll(text, f.secret, stars)
		}
	}
	lines := strings.Split(text, "\n")
	for _, f := range findings {
		if f.hide == "" {
			continue
		}
		for _, r := range f.Ranges {
			for l := r.Start.Line; l <= max(r.End.Line, r.Start.Line); l++ {
				if l >= 1 && l <= len(lines) {
					lines[l-1] = ""
				}
			}
		}
	}
	for _, f := range findings {
		if l := f.Line(); f.hide != "" && l >= 1 && l <= len(lines) {
			if lines[l-1] != "" {
				lines[l-1] += "; "
			}
			lines[l-1] += f.hide
		}
	}
	return []byte(strings.Join(lines, "\n"))
}
