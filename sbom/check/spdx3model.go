package check

import (
	_ "embed"
	"strings"
)

// model3Text are the classes of SPDX 3.0.1 and their properties
// (https://spdx.github.io/spdx-spec/v3.0.1/model/). A line begins a class, with the class
// that it is derived from; below are properties: "!" when there must be one, "[]" of a list,
// and a type, words with "|" between, or "@" and the class of objects. A test holds it to
// SPDX's schema.
//
//go:embed spdx3model.txt
var model3Text string

// class3 is a class of SPDX 3.
type class3 struct {
	name, parent string
	abstract     bool
	properties   map[string]property3
}

// property3 is a property of a class.
type property3 struct {
	need, list bool
	// class of the objects that it names; else kind is the type of a value, or words.
	class, kind string
}

// model3 reads the model: classes by name, with the properties of those that they are
// derived from.
func model3() map[string]*class3 {
	out := map[string]*class3{}
	var c *class3
	for line := range strings.Lines(model3Text) {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, "\t") {
			c = &class3{name: words[0], properties: map[string]property3{}}
			if len(words) > 2 && words[1] == "<" {
				c.parent = words[2]
			}
			c.abstract = words[len(words)-1] == "abstract"
			out[c.name] = c
			continue
		}
		var p property3
		words[0], p.need = strings.CutSuffix(words[0], "!")
		words[1], p.list = strings.CutPrefix(words[1], "[]")
		if class, ok := strings.CutPrefix(words[1], "@"); ok {
			p.class = class
		} else {
			p.kind = words[1]
		}
		c.properties[words[0]] = p
	}
	for _, c := range out {
		for up := out[c.parent]; up != nil; up = out[up.parent] {
			for name, p := range up.properties {
				c.properties[name] = p
			}
		}
	}
	return out
}

// is3 reports whether a class is another one or derived from it.
func is3(model map[string]*class3, class, of string) bool {
	for c := model[class]; c != nil; c = model[c.parent] {
		if c.name == of {
			return true
		}
	}
	return false
}
