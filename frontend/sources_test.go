package frontend

import (
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

func TestSourceURIsHaveNoCredentials(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"https://example.test/a.tgz", "https://example.test/a.tgz"},
		{"https://user:secret@example.test/a.tgz?x=1", "https://example.test/a.tgz?x=1"},
		{"https://token@example.test/a@b", "https://example.test/a@b"},
		{"ssh://git@example.test:22/a/b.git", "ssh://example.test:22/a/b.git"},
		{"git@example.test:a/b.git", "example.test:a/b.git"},
		{"https://user:se%zzcret@example.test/a", "example.test/a"}, // no URL: all before the last @ goes
		{"https://user:secret@/a", "/a"},
		{"user:secret@host", "host"},
		{"plain", "plain"},
	} {
		if got := withoutCredentials(c.in); got != c.want {
			t.Errorf("%s became %s, want %s", c.in, got, c.want)
		}
	}
}

func FuzzWithoutCredentials(f *testing.F) {
	for _, s := range []string{
		"https://user:secret@example.test/a.tgz", "git@example.test:a/b.git", "https://a b@c/d@e", "://@", "\x7f@", "http://[::1]@x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if strings.ContainsAny(host, "@/?#\\") {
			return // then it is not the user part that the secret is in
		}
		if got := withoutCredentials("https://user:s3cr3t-of-test@" + host + "/x"); strings.Contains(got, "s3cr3t-of-test") {
			t.Errorf("%q keeps the password", got)
		}
	})
}

func TestGitURI(t *testing.T) {
	full := func(s string) map[string]string { return map[string]string{pb.AttrFullRemoteURL: s} }
	for _, c := range []struct {
		rest  string
		attrs map[string]string
		want  string
	}{
		{"example.test/a.git#v1:sub", nil, "git+https://example.test/a.git#v1:sub"},
		{"example.test/a.git", full("https://user:pw@example.test/a.git"), "git+https://example.test/a.git"},
		{"example.test/a.git#main", full("git@example.test:a.git"), "git+example.test:a.git#main"},
		{"example.test/a.git#main", full("ssh://git@example.test/a.git"), "git+ssh://example.test/a.git#main"},
	} {
		if got := gitURI(c.rest, c.attrs); got != c.want {
			t.Errorf("%s %v is %s, want %s", c.rest, c.attrs, got, c.want)
		}
	}
}

func TestImageURI(t *testing.T) {
	d := digest.FromString("x").String()
	amd64 := &pb.Platform{OS: "linux", Architecture: "amd64"}
	for _, c := range []struct {
		ref  string
		pl   *pb.Platform
		want string
	}{
		{"docker.io/library/alpine:3.20@" + d, amd64, "pkg:docker/alpine@3.20?platform=linux%2Famd64"},
		{"registry.test:5000/team/app:1@" + d, nil, "pkg:docker/registry.test%3A5000/team/app@1"},
		{"registry.test/app@" + d, nil, "pkg:docker/registry.test/app?digest=" + d},
	} {
		got, err := imageURI(c.ref, c.pl)
		if err != nil || got != c.want {
			t.Errorf("%s is %s (%v), want %s", c.ref, got, err, c.want)
		}
	}
	if _, err := imageURI("Not A Reference", nil); err == nil {
		t.Error("a malformed reference has a purl")
	}
}

func TestStepNamesHaveNoCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"[2/3] ADD https://user:secret@example.test/a.tgz /src/":      "[2/3] ADD https://example.test/a.tgz /src/",
		"ADD --link https://t@a.test/x ssh://git@b.test/y.git#v@1 /z": "ADD --link https://a.test/x ssh://b.test/y.git#v@1 /z",
		"COPY a@b  /c":                    "COPY a@b  /c",
		"ADD https://example.test/a@b /c": "ADD https://example.test/a@b /c",
		"":                                "",
	} {
		if got := urlsWithoutCredentials(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	plan := string(buildPlan(t, newGateway(t, readDockerfile(t, "remote"), nil)))
	if strings.Contains(plan, "secret@") {
		t.Error("the plan has the password of a URL")
	}
}
