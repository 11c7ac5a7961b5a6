package main

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatternsCoverWhatWasAskedFor(t *testing.T) {
	var many []string
	for i := range maxPerHost + 1 {
		many = append(many, fmt.Sprintf("https://npm.test/p%d", i))
	}
	for _, c := range []struct {
		name string
		urls []string
		want []string
	}{
		{"nothing", nil, []string{}},
		{"folders", []string{"http://a.test/d/x/1", "http://a.test/d/y?k=v", "https://a.test/d/z"}, []string{"http://a.test/d/**", "https://a.test/d/**"}},
		{"files", []string{"https://a.test:8443/f", "https://a.test:8443/", "https://b.test"}, []string{"https://a.test:8443/", "https://a.test:8443/f", "https://b.test/"}},
		{"many", many, []string{"https://npm.test/**"}},
		{"commas", []string{"https://a.test/x,y"}, []string{"https://a.test/x%2Cy"}},
		{"no URL", []string{"a.test:443"}, []string{}},
	} {
		if d := cmp.Diff(c.want, patterns(c.urls)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
