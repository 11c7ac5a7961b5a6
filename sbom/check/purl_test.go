package check

import "testing"

func TestPackageURLs(t *testing.T) {
	for s, want := range map[string]bool{
		"pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12": true,
		"pkg:npm/%40angular/core@1":                          true,
		"pkg:golang/github.com/a/b@v1.0.0#sub/path":          true,
		"pkg:generic/name":                                   true,
		"pkg://deb/debian/curl":                              true,
		"pkg:docker/library/x@sha256:aa?repository_url=h:80": true,
		"deb/debian/curl":                                    false,
		"?A":                                                 false,
		"pkg:":                                               false,
		"pkg:deb":                                            false,
		"pkg:deb/":                                           false,
		"pkg:deb/@1":                                         false,
		"pkg:deb/curl@":                                      false,
		"pkg:1deb/curl":                                      false,
		"pkg:deb/curl?arch":                                  false,
		"pkg:deb/curl?=x":                                    false,
		"pkg:deb/curl?a=%zz":                                 false,
		"pkg:deb/cu%rl":                                      false,
		"pkg:deb/cu rl":                                      false,
	} {
		if err := purl(s); (err == nil) != want {
			t.Errorf("%s: %v", s, err)
		}
	}
}
