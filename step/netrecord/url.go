package netrecord

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxURL bounds a URL in a record, in bytes.
const maxURL = 8 << 10

// hidden takes the place of a secret.
const hidden = "REDACTED"

// secretParts are in the names of query parameters whose values are secrets: those of
// signed URLs of object stores, tokens, passwords and sessions.
func secretParts() []string {
	return []string{
		"access", "apikey", "api_key", "api-key", "assertion", "auth", "bearer", "cookie", "cred", "csrf", "hmac", "jwt", "key",
		"pass", "pwd", "secret", "session", "sid", "sig", "ticket", "token", "xsrf",
	}
}

// secretWords are such names, or words of them, that are parts of harmless names too.
func secretWords() []string { return []string{"code", "mac", "otp", "pin", "psk", "pw", "totp"} }

// redact returns a URL as it may be recorded: no userinfo, no fragment, hidden values of
// secret parameters, and no query where the whole would be too long.
func redact(u *url.URL) string {
	v := *u
	v.User, v.Fragment, v.RawFragment = nil, "", ""
	v.RawQuery = redactQuery(v.RawQuery)
	s := v.String()
	if len(s) > maxURL {
		v.RawQuery = ""
		s = v.String() + "?" + hidden
	}
	if len(s) > maxURL {
		s = s[:maxURL]
	}
	return strings.ToValidUTF8(s, "")
}

// redactQuery hides values and keeps everything else as it is, also what no parser of
// queries takes.
func redactQuery(raw string) string {
	var out strings.Builder
	for raw != "" {
		end := strings.IndexAny(raw, "&;")
		if end < 0 {
			end = len(raw)
		}
		out.WriteString(redactParameter(raw[:end]))
		if end < len(raw) {
			out.WriteByte(raw[end])
			end++
		}
		raw = raw[end:]
	}
	return out.String()
}

// plainName is a parameter's name that no token looks like which ends in the = of base64.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,31}$`)

// redactParameter hides the value of a secret, and what is no NAME=VALUE: a query may be
// a token and nothing else.
func redactParameter(part string) string {
	name, value, ok := strings.Cut(part, "=")
	switch {
	case part == "":
		return ""
	case !ok, name == "":
		return hidden
	case value == "" && plainName.MatchString(name):
		return part
	case strings.Trim(value, "=") == "":
		return hidden
	case secret(name):
		return name + "=" + hidden
	}
	return part
}

func secret(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, p := range secretParts() {
		if strings.Contains(name, p) {
			return true
		}
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(secretWords(), w) })
}

// location returns where a redirect of u leads, as it may be recorded.
func location(u *url.URL, header string) string {
	if header == "" {
		return ""
	}
	to, err := u.Parse(header)
	if err != nil {
		return ""
	}
	return redact(to)
}
