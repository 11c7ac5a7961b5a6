package licence

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Reader reads licence texts. It keeps what it found by the digest of the text, as many
// packages have the same. It is for any number of goroutines.
type Reader struct {
	scanner func() *scanner
	texts   once[reading]
	files   once[copyright]
}

// NewReader returns a reader that has read nothing.
func NewReader() *Reader {
	return &Reader{scanner: sync.OnceValue(newScanner)}
}

// once is what was found in texts, by their digest. The zero value is empty.
type once[T any] struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]func() T
}

// of returns what look finds in a text, which it is asked once of each.
func (k *once[T]) of(text string, look func(string) T) T {
	key := sha256.Sum256([]byte(text))
	k.mu.Lock()
	got := k.seen[key]
	if got == nil {
		if k.seen == nil {
			k.seen = map[[sha256.Size]byte]func() T{}
		}
		got = sync.OnceValue(func() T { return look(text) })
		k.seen[key] = got
	}
	k.mu.Unlock()
	return got()
}

// MaxText bounds the part of a text that is looked at, in bytes: four times what the
// longest licence has, and what the longest copyright files have.
const MaxText = 1 << 20

// reading is what a text says: that all of some licences hold.
type reading struct {
	ids []string // SPDX's, sorted
	// covered is how much of the words belongs to licences, from 0 to 1, and open: words
	// beside the licences say that one of them may be chosen, or what they refer to is not
	// clear.
	covered float64
	open    bool
	// cost of reading it; see maxCost.
	cost int
	// pointers are the names of files below /usr/share/common-licenses in it.
	pointers []string
}

// later takes words about later versions into account that stand beside the words which
// name the licence, where there is one GNU licence alone.
func (r *reading) later(rest string) {
	if !saysLater(rest) {
		return
	}
	at := -1
	for i, id := range r.ids {
		bare, only := strings.CutSuffix(id, "-only")
		if only && !slices.Contains(r.ids, bare+"-or-later") && (at < 0 || r.ids[at] != id) {
			r.open = r.open || at >= 0
			at = i
		}
	}
	if at >= 0 {
		r.ids[at] = strings.TrimSuffix(r.ids[at], "-only") + "-or-later"
	}
}

// read looks at a text.
func (r *Reader) read(text string) reading {
	return r.texts.of(undated(text[:min(len(text), MaxText)]), r.look)
}

// commonDir is where Debian's base-files has the texts that most packages refer to.
const commonDir = "/usr/share/common-licenses/"

var (
	tag           = regexp.MustCompile(`SPDX-License-Identifier:[ \t]*([^\n]+)`)
	common        = regexp.MustCompile(commonDir + `([A-Za-z0-9.+-]*[A-Za-z0-9+])`)
	alternate     = regexp.MustCompile(`(?i)\b(either|dual|dually|alternatively|alternative|choice|choose|at your option)\b`)
	laterVersions = regexp.MustCompile(`(?i)(any|or( \(?at your option\)?)?( any)?) (later|newer) version|or (later|newer)|or above|later versions`)
	version       = regexp.MustCompile(`(?i)\bversion [0-9]|\bv[0-9]|\b[AL]?GPL-[0-9]|\b[AL]?GPL ?[0-9]`)
)

func (r *Reader) look(text string) reading {
	var out reading
	add := func(ids ...string) { out.ids = append(out.ids, ids...) }
	for _, m := range tag.FindAllStringSubmatch(text, maxWords) {
		e, ok := Parse(strings.TrimRight(m[1], " \t\r*/-#>"))
		if ok && e.Each(func(e Expression) bool {
			return e.Exception == "" && Listed(e.ID)
		}) && (e.Join == "" || onlyAnd(e)) {
			e.Each(func(e Expression) bool { add(modern(e.ID)); return true })
		} else {
			out.open = true
		}
	}
	matches, cost := r.scanner().scan(text)
	out.cost, out.open = cost, out.open || cost > maxCost
	var left strings.Builder
	at := 0
	for _, m := range matches {
		left.WriteString(text[at:m.start] + "\n")
		at = m.end
		if id := modern(m.id); Listed(id) {
			add(id)
		} else {
			out.open = true
		}
	}
	left.WriteString(text[at:])
	own := withoutPointers(text)
	rest := withoutPointers(left.String())
	out.later(rest)
	for _, m := range common.FindAllStringSubmatch(text, maxWords) {
		if slices.Contains(out.pointers, m[1]) {
			continue
		}
		out.pointers = append(out.pointers, m[1])
		if id, ok := referred(m[1], own, out.ids); ok {
			add(id)
		} else if id == "" {
			out.open = true
		}
	}
	slices.Sort(out.ids)
	out.ids = strongest(slices.Compact(out.ids))
	out.open = out.open || len(out.ids) > 1 && alternate.MatchString(rest)
	if all := countWords(text); all > 0 {
		out.covered = 1 - float64(countWords(rest))/float64(all)
	}
	return out
}

// withoutPointers takes away what says where a Debian system has the text: from "on Debian"
// to the path, which is near.
func withoutPointers(text string) string {
	const near = 220
	var out strings.Builder
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return text // some capital letters are shorter
	}
	for at := 0; ; {
		i := strings.Index(lower[at:], "on debian")
		if i < 0 {
			out.WriteString(text[at:])
			return out.String()
		}
		i += at
		path := strings.Index(lower[i:min(len(lower), i+near)], commonDir)
		end := i + len("on debian")
		if path < 0 {
			out.WriteString(text[at:end])
			at = end
			continue
		}
		end = i + path
		out.WriteString(text[at:i])
		for end < len(text) && text[end] != ' ' && text[end] != '\n' {
			end++
		}
		at = end
	}
}

// saysLater reports whether a text has words about later versions. They are some dozen
// bytes around one word, and the expression is slow.
func saysLater(text string) bool {
	const before, after = 64, 32
	text = strings.ToLower(text)
	for _, word := range []string{"later", "newer", "above"} {
		for at := 0; ; at += len(word) {
			i := strings.Index(text[at:], word)
			if i < 0 {
				break
			}
			at += i
			if laterVersions.MatchString(text[max(0, at-before):min(len(text), at+after)]) {
				return true
			}
		}
	}
	return false
}

func onlyAnd(e Expression) bool {
	if e.Join == "" {
		return true
	}
	return (e.Join == "AND" || len(e.Of) == 1) && !slices.ContainsFunc(e.Of, func(e Expression) bool { return !onlyAnd(e) })
}

// modern returns the id that SPDX has today for one of licensecheck or a deprecated one. A
// text of a GNU licence alone says nothing of other versions.
func modern(id string) string {
	if e, ok := Named(id); ok && e.Join == "" && gnu.MatchString(strings.ToLower(id)) {
		return e.ID
	}
	return id
}

// referred returns the licence that a file below /usr/share/common-licenses is referred to
// for. It is "-" and false where the text itself has that licence, empty and false where
// what is meant is not clear.
func referred(name, text string, have []string) (string, bool) {
	family, _, _ := strings.Cut(name, "-")
	switch family {
	case "GPL", "LGPL", "GFDL":
		text = common.ReplaceAllString(text, "")
		if slices.ContainsFunc(have, func(id string) bool { return strings.HasPrefix(id, family+"-") }) {
			return "-", false
		}
		if saysLater(text) {
			name = strings.TrimSuffix(name, "+") + "+"
			if name == family+"+" {
				return "", false
			}
		} else if name == family && version.MatchString(text) || name != family && !version.MatchString(text) {
			return "", false
		}
	case "BSD":
		name = "BSD-3-Clause"
	}
	e, ok := Named(name)
	if !ok || e.Join != "" {
		return "", false
	}
	if slices.Contains(have, e.ID) {
		return "-", false
	}
	return e.ID, true
}

// strongest takes away the GNU licence of a version alone where the same text says that
// later ones do, too: the licence's own text goes with such words.
func strongest(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		bare, only := strings.CutSuffix(id, "-only")
		return only && slices.Contains(ids, bare+"-or-later")
	})
}
