package sbom

import "strings"

// Whom the metadata of a language's package names, as [Package] has them: NAME <EMAIL>.

// who is NAME <EMAIL> of a name and an address; the address alone stands for the name too,
// and empty means that there is neither. Addresses that are none are left out, and so is
// what stands in angles or, at the end of a name, in brackets: SPDX has addresses there.
func who(name, email string) string {
	name, _, _ = strings.Cut(line(name), "<")
	name = withoutBrackets(name)
	if email = strings.TrimSpace(email); !address(email) {
		return name
	}
	if name == "" {
		name = email
	}
	return name + " <" + email + ">"
}

// withoutBrackets is a name without what stands in brackets at its end, and without quotes.
func withoutBrackets(name string) string {
	for {
		name = strings.Trim(name, `" >`)
		at := strings.LastIndexByte(name, '(')
		if at < 0 || !strings.HasSuffix(name, ")") {
			return name
		}
		name = name[:at]
	}
}

// address reports whether s has the form of one address of mail.
func address(s string) bool {
	user, host, _ := strings.Cut(s, "@")
	return word(s) && user != "" && host != "" && !strings.Contains(host, "@") && !strings.ContainsAny(s, `()<>,;"`)
}

// nameOf is who a text names: NAME <EMAIL> (URL), each of which may be missing.
func nameOf(s string) string {
	name, rest := s, ""
	if i := strings.IndexAny(s, "<("); i >= 0 {
		name, rest = s[:i], s[i:]
	}
	email := ""
	if _, after, ok := strings.Cut(rest, "<"); ok {
		email, _, _ = strings.Cut(after, ">")
	}
	return who(name, email)
}

// member is who a value of JSON names, as npm and Composer have them: a text, an object of
// name and email, or a list of these, of which the first counts that names somebody.
func member(v any) string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, one := range list {
		switch one := one.(type) {
		case string:
			if s := nameOf(one); s != "" {
				return s
			}
		case map[string]any:
			name, _ := one["name"].(string)
			email, _ := one["email"].(string)
			if s := who(name, email); s != "" {
				return s
			}
		}
	}
	return ""
}

// listedPerson is who the fields for a name and for addresses of Python's metadata name
// (Core metadata specifications). Addresses may have names of their own, which count more:
// the first. A name alone gets the address when there is one only.
func listedPerson(name, addresses string) string {
	if strings.EqualFold(name, "UNKNOWN") {
		name = ""
	}
	if strings.Contains(addresses, "<") {
		first, _, _ := strings.Cut(addresses, ">")
		if s := nameOf(first + ">"); s != "" {
			return s
		}
	}
	first, _, more := strings.Cut(addresses, ",")
	if more && line(name) != "" {
		first = ""
	}
	return who(name, first)
}
