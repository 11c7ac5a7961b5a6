package netrecord

import (
	"net/url"
	"strings"
)

// maxURL bounds a URL in a record, in bytes.
const maxURL = 8 << 10

// hidden takes the place of a secret.
const hidden = "REDACTED"

// secretWords are parts of the names of query parameters whose values are secrets:
// those of signed URLs of object stores, tokens, passwords and sessions.
func secretWords() []string {
	return []string{
		"access", "apikey", "api_key", "api-key", "auth", "cred", "jwt", "key", "passphrase", "passw", "pwd",
		"secret", "session", "sid", "sig", "ticket", "token",
	}
}

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
	if raw == "" {
		return ""
	}
	parts := strings.FieldsFunc(raw, func(r rune) bool { return r == '&' || r == ';' })
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		if ok && value != "" && secret(name) {
			parts[i] = name + "=" + hidden
		}
	}
	return strings.Join(parts, "&")
}

func secret(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, w := range secretWords() {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
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
