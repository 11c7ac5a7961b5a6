package sbom

import (
	"testing"

	"github.com/sworn-build/sworn/step"
)

func TestPurposesAreToldByFiles(t *testing.T) {
	for _, c := range []struct {
		kind  string
		files []step.Path
		want  string
	}{
		{"deb", []step.Path{"/usr/share/doc/bash", "/usr/bin/bash", "/usr/lib/x86_64-linux-gnu/libx.so.1"}, "APPLICATION"},
		{"rpm", []step.Path{"/usr/sbin/x"}, "APPLICATION"},
		{"deb", []step.Path{"/usr/bin", "/usr/lib/x86_64-linux-gnu/libc.so.6"}, "LIBRARY"},
		{"apk", []step.Path{"/lib/ld-musl-x86_64.so.1"}, "LIBRARY"},
		{"rpm", []step.Path{"/usr/lib64/libz.so.1.2.11"}, "LIBRARY"},
		{"deb", []step.Path{"/usr/share/zoneinfo/UTC", "/usr/lib/app/plugins/x.so", "/usr/lib/x86_64-linux-gnu/x.sorted", "/opt/bin/x"}, ""},
		{"deb", nil, ""},
		{"golang", nil, "LIBRARY"}, {"generic", nil, "APPLICATION"},
		{"golang", []step.Path{"/app"}, "APPLICATION"},
		{"cargo", nil, "LIBRARY"},
		{"npm", []step.Path{"/usr/bin/x"}, ""},
	} {
		if got := (Package{Type: c.kind, Files: c.files}).purpose(); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.files, got, c.want)
		}
	}
}
