package rules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/frontend/rules"
)

var amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}

// found are the findings of one rule in a Dockerfile.
func found(t *testing.T, rule, dockerfile string, change func(*rules.Build)) []string {
	t.Helper()
	f, err := rules.Read([]byte(dockerfile), nil)
	if err != nil {
		t.Fatalf("%s\n%v", dockerfile, err)
	}
	b := rules.Build{BuildPlatform: amd64, TargetPlatform: amd64, Args: map[string]string{}}
	if change != nil {
		change(&b)
	}
	var out []string
	for _, x := range f.Check(b) {
		if x.Rule == rule {
			out = append(out, x.String())
		}
	}
	return out
}

type dockerfileCase struct {
	dockerfile string
	want       []string // without rule
	change     func(*rules.Build)
}

func checkCases(t *testing.T, rule string, cases []dockerfileCase) {
	t.Helper()
	for _, c := range cases {
		want := []string(nil)
		for _, w := range c.want {
			want = append(want, rule+": "+w)
		}
		if d := cmp.Diff(want, found(t, rule, c.dockerfile, c.change)); d != "" {
			t.Errorf("%s\n(-want +got):\n%s", c.dockerfile, d)
		}
	}
}

const sum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func unpinned(where, ref, line string) string {
	return where + " of " + ref + " is not pinned: add its digest, as in " + ref + "@sha256:... (line " + line + ")"
}

func TestUnpinnedBaseImage(t *testing.T) {
	with := func(args ...string) func(*rules.Build) {
		return func(b *rules.Build) {
			for i := 0; i < len(args); i += 2 {
				b.Args[args[i]] = args[i+1]
			}
		}
	}
	target := func(name string) func(*rules.Build) { return func(b *rules.Build) { b.Target = name } }
	checkCases(t, rules.UnpinnedBaseImage, []dockerfileCase{
		{"FROM debian", []string{unpinned("FROM", "debian", "1")}, nil},
		{"FROM debian:12", []string{unpinned("FROM", "debian:12", "1")}, nil},
		{"FROM registry.test:5000/a/b:1", []string{unpinned("FROM", "registry.test:5000/a/b:1", "1")}, nil},
		{"FROM debian@" + sum, nil, nil},
		{"FROM debian:12@" + sum, nil, nil},
		{"FROM --platform=$BUILDPLATFORM debian:12@" + sum + " AS x", nil, nil},
		{"FROM scratch", nil, nil},
		{"FROM debian:12 AS build\nFROM build\nFROM scratch\nCOPY --from=build /a /a\n", []string{unpinned("FROM", "debian:12", "1")}, nil},
		{"FROM debian:12 AS Build\nFROM build AS last\n", []string{unpinned("FROM", "debian:12", "1")}, nil},
		// Variables.
		{"ARG V=12\nFROM debian:$V", []string{unpinned("FROM", "debian:12", "2")}, nil},
		{"ARG V=12\nARG I=debian:${V}\nFROM ${I}", []string{unpinned("FROM", "debian:12", "3")}, nil},
		{"ARG V=12\nFROM debian:$V", []string{unpinned("FROM", "debian:13", "2")}, with("V", "13")},
		{"ARG I=debian:12\nFROM $I", nil, with("I", "debian@"+sum)},
		{"ARG I\nFROM ${I:-debian@" + sum + "}", nil, nil},
		{"ARG D=@" + sum + "\nFROM debian:12$D", nil, nil},
		{"FROM base-$TARGETARCH\n", []string{unpinned("FROM", "base-amd64", "1")}, nil},
		{"FROM scratch AS base-amd64\nFROM base-$TARGETARCH\n", nil, nil},
		{"FROM $UNKNOWN\n", nil, nil},
		// What is needed.
		{"FROM a:1 AS unused\nFROM b@" + sum + "\n", nil, nil},
		{"FROM a:1 AS x\nFROM b:1 AS y\nFROM c:1 AS z\n", []string{unpinned("FROM", "a:1", "1")}, target("x")},
		{"FROM a:1 AS x\nFROM b:1 AS y\nFROM c:1 AS z\n", []string{unpinned("FROM", "b:1", "2")}, target("Y")},
		{"FROM a:1\nFROM scratch\nCOPY --from=0 /a /a\n", []string{unpinned("FROM", "a:1", "1")}, nil},
		{"FROM a:1 AS x\nFROM scratch\nRUN --mount=type=bind,from=x,target=/x true\n", []string{unpinned("FROM", "a:1", "1")}, nil},
		{"FROM a:1 AS x\nFROM x AS y\nFROM y AS z\n", []string{unpinned("FROM", "a:1", "1")}, nil},
		{
			"FROM a:1 AS x\nFROM b:1\n",
			[]string{unpinned("FROM", "a:1", "1"), unpinned("FROM", "b:1", "2")}, func(b *rules.Build) { b.AllStages = true },
		},
		{"FROM a:1\n", nil, target("nosuch")},
		// Other places that name images.
		{"FROM scratch\nCOPY --from=busybox:1 /bin/sh /sh\n", []string{unpinned("--from", "busybox:1", "2")}, nil},
		{"FROM scratch\nCOPY --from=busybox@" + sum + " /bin/sh /sh\n", nil, nil},
		{"FROM scratch\nRUN --mount=from=golang:1.26,target=/go \\\n  go version\n", []string{unpinned("--from", "golang:1.26", "2")}, nil},
		{"FROM scratch\nRUN --mount=type=cache,target=/c --mount=type=secret,id=x true\n", nil, nil},
		{"FROM scratch\nONBUILD COPY --from=busybox:1 /a /a\n", []string{unpinned("--from", "busybox:1", "2")}, nil},
		{"FROM scratch\nCOPY --from=7 /a /a\n", nil, nil},
		// Contexts of the build's own stand in the place of stages and images.
		{"FROM debian:12\nCOPY --from=files /a /a\n", nil, func(b *rules.Build) {
			b.Named = func(name string) bool { return name == "debian:12" || name == "files" }
		}},
		{"FROM debian:12 AS build\nRUN curl x | sh\nFROM build\n", nil, func(b *rules.Build) {
			b.Named = func(name string) bool { return name == "build" }
		}},
		{"FROM scratch\n", nil, func(b *rules.Build) { b.Named = func(string) bool { return true } }},
	})
}

func TestAddWithoutChecksum(t *testing.T) {
	const commit = "62ee646aa1b2c3d4e5f60718293a4b5c6d7e8f90"
	url := func(src, line string) []string {
		return []string{src + " is added without a checksum: say which with --checksum (line " + line + ")"}
	}
	git := func(src string) []string {
		return []string{src + " is added without a full commit: say which with --checksum or #COMMIT (line 2)"}
	}
	var cases []dockerfileCase
	for add, want := range map[string][]string{
		"ADD https://a.test/x.tgz /x":                                     url("https://a.test/x.tgz", "2"),
		"ADD http://a.test/x.tgz /x":                                      url("http://a.test/x.tgz", "2"),
		"ADD --chmod=755 https://a.test/x /usr/bin/":                      url("https://a.test/x", "2"),
		`ADD ["https://a.test/x y", "/x/"]`:                               url("https://a.test/x y", "2"),
		"ADD \\\n https://a.test/x \\\n /x":                               url("https://a.test/x", "2"),
		"ADD https://user:hunter2@a.test/x?token=abc /x":                  url("https://a.test/x", "2"),
		"ADD --checksum=" + sum + " https://a.test/x /x":                  nil,
		"ARG SUM=" + sum + "\nADD --checksum=$SUM https://a.test/x /x":    nil,
		"ARG SUM\nADD --checksum=$SUM https://a.test/x /x":                url("https://a.test/x", "3"),
		"ADD --checksum=$FROM_THE_BASE https://a.test/x /x":               nil,
		"ARG V=1\nADD https://a.test/x-$V.tgz /x":                         url("https://a.test/x-$V.tgz", "3"),
		"ENV U=https://a.test\nADD $U/x /x":                               url("$U/x", "3"),
		"ADD --keep-git-dir=true \"https://github.test/a/b.git#$V\" .":    git("https://github.test/a/b.git#$V"),
		"ADD $UNKNOWN/x /x":                                               nil,
		"ADD x.tgz /x":                                                    nil,
		"ADD . /x":                                                        nil,
		"COPY x.tgz /x":                                                   nil,
		"ADD <<EOF /x\nhttps://a.test/x\nEOF":                             nil,
		"ADD https://github.test/a/b.git /b":                              git("https://github.test/a/b.git"),
		"ADD https://github.test/a/b.git#v1.2.3 /b":                       git("https://github.test/a/b.git#v1.2.3"),
		"ADD https://github.test/a/b.git#62ee646 /b":                      git("https://github.test/a/b.git#62ee646"),
		"ADD https://github.test/a/b.git#" + commit + " /b":               nil,
		"ADD https://github.test/a/b.git#" + commit + ":sub /b":           nil,
		"ADD https://github.test/a/b.git?commit=" + commit + "&ref=v1 /b": nil,
		"ADD https://github.test/a/b.git?ref=v1 /b":                       git("https://github.test/a/b.git"),
		"ADD --checksum=" + commit + " https://github.test/a/b.git#v1 /b": nil,
		"ADD --checksum=62ee646 https://github.test/a/b.git#v1 /b":        git("https://github.test/a/b.git#v1"),
		"ADD --keep-git-dir=true git@github.test:a/b.git /b":              git("git@github.test:a/b.git"),
		"ADD ssh://git@github.test/a/b.git#main /b":                       git("ssh://github.test/a/b.git#main"),
		"ADD git://git.test/a/b#main /b":                                  git("git://git.test/a/b#main"),
		"ADD github.com/a/b /b":                                           nil,
		"ONBUILD ADD https://a.test/x /x":                                 url("https://a.test/x", "2"),
		"ADD https://a.test/x https://a.test/y x /z/":                     append(url("https://a.test/x", "2"), url("https://a.test/y", "2")...),
	} {
		cases = append(cases, dockerfileCase{"FROM base\n" + add + "\n", want, nil})
	}
	cases = append(cases,
		dockerfileCase{"FROM base AS unused\nADD https://a.test/x /x\nFROM scratch\n", nil, nil},
		dockerfileCase{"FROM base AS a\nARG SUM=" + sum + "\nFROM a\nADD --checksum=$SUM https://a.test/x /x\n", nil, nil},
		dockerfileCase{
			"FROM base\nARG SUM=" + sum + "\nADD --checksum=$SUM https://a.test/x /x\n", url("https://a.test/x", "3"),
			func(b *rules.Build) { b.Args["SUM"] = "" },
		},
	)
	checkCases(t, rules.AddWithoutChecksum, cases)
}

func TestDownloadPipedToShell(t *testing.T) {
	runs := func(shell, line string) []string {
		return []string{shell + " runs what curl downloads: save it, verify it, then run it (line " + line + ")"}
	}
	checkCases(t, rules.DownloadPipedToShell, []dockerfileCase{
		{"FROM a\nRUN curl -fsSL https://a.test | sh\n", runs("sh", "2"), nil},
		{"FROM a\nRUN set -eux; \\\n  # why\n  curl -fsSL https://a.test \\\n  | bash -s -- -y; \\\n  true\n", runs("bash", "2"), nil},
		{"# escape=`\nFROM a\nRUN curl -fsSL https://a.test `\n  | sh\n", runs("sh", "3"), nil},
		{"FROM a\nRUN <<EOF\nset -e\ncurl https://a.test | sh\nEOF\n", runs("sh", "2"), nil},
		{"FROM a\nRUN <<-'EOF'\n\tcurl https://a.test | sh\n\tEOF\n", runs("sh", "2"), nil},
		{"FROM a\nRUN bash <<EOF\ncurl https://a.test | sh\nEOF\n", runs("sh", "2"), nil},
		{"FROM a\nRUN cat <<EOF > /x && true\ncurl https://a.test | sh\nEOF\n", nil, nil},
		{"FROM a\nRUN <<EOF\n#!/bin/bash -e\ncurl https://a.test | sh\nEOF\n", runs("sh", "2"), nil},
		{"FROM a\nRUN <<EOF\n#!/usr/bin/env bash\ncurl https://a.test | sh\nEOF\n", runs("sh", "2"), nil},
		{"FROM a\nRUN <<EOF\n#!/usr/bin/env python3\n'curl https://a.test | sh'\nEOF\n", nil, nil},
		{"FROM a\nRUN python3 <<EOF\ncurl = sh = 1\ncurl | sh\nEOF\n", nil, nil},
		{"FROM a\nRUN [\"sh\", \"-c\", \"curl https://a.test | sh\"]\n", runs("sh", "2"), nil},
		{"FROM a\nRUN [\"curl\", \"https://a.test\", \"|\", \"sh\"]\n", nil, nil},
		{"FROM a\nRUN --mount=type=cache,target=/c --network=default curl https://a.test | sh\n", runs("sh", "2"), nil},
		{"FROM a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN curl https://a.test | sh\n", runs("sh", "3"), nil},
		{"FROM a\nSHELL [\"pwsh\", \"-Command\"]\nRUN curl https://a.test | sh\n", nil, nil},
		{"FROM a\nSHELL [\"/usr/bin/python3\", \"-c\"]\nRUN curl | sh\n", nil, nil},
		{"FROM a AS x\nSHELL [\"pwsh\", \"-Command\"]\nFROM x\nRUN curl https://a.test | sh\n", nil, nil},
		{"FROM a\nRUN curl https://a.test | sh\n", nil, func(b *rules.Build) { b.TargetPlatform.OS = "windows" }},
		{"FROM a\nONBUILD RUN curl https://a.test | sh\n", runs("sh", "2"), nil},
		{"FROM a AS x\nRUN curl https://a.test | sh\nFROM b\n", nil, nil},
		{"FROM a AS x\nRUN curl https://a.test | sh\nFROM b\nCOPY --from=x /a /a\n", runs("sh", "2"), nil},
		{"FROM a\nCMD curl https://a.test | sh\nENTRYPOINT curl https://a.test | sh\nHEALTHCHECK CMD curl http://localhost | sh\n", nil, nil},
		{"FROM a\nRUN apt-get update && apt-get install -y curl && curl -fsSLO https://a.test/x && sh x\n", nil, nil},
	})
}

func TestCheckDirectivesSkipWhatOnlyWarns(t *testing.T) {
	const above = "FROM a\n# check=skip=DownloadPipedToShell // we trust them\nRUN curl https://a.test | sh\n# check=skip=all\nADD https://a.test/x /x\nRUN curl https://b.test | sh\n"
	lines := func(operator, asked, dockerfile string, check *linter.Config) string {
		f, err := rules.Read([]byte(dockerfile), check)
		if err != nil {
			t.Fatal(err)
		}
		s, err := rules.Tighten(operator, asked)
		if err != nil {
			t.Fatal(err)
		}
		s = f.Skip(s)
		warnings, refused := s.Split(f.Unskipped(s, f.Check(rules.Build{BuildPlatform: amd64, TargetPlatform: amd64})))
		var out []string
		for _, x := range warnings {
			out = append(out, "warn "+x.Rule[:1]+string(rune('0'+x.Line())))
		}
		for _, x := range refused {
			out = append(out, "error "+x.Rule[:1]+string(rune('0'+x.Line())))
		}
		return strings.Join(out, ", ")
	}
	for _, c := range []struct {
		name, operator, asked, dockerfile, want string
		check                                   *linter.Config
	}{
		{"above an instruction", "", "", above, "warn D6", nil},
		{"not what fails the build", "", "DownloadPipedToShell:error", above, "error D3, error D6", nil},
		{"not what the operator has named", "DownloadPipedToShell:warn", "", above, "warn D3, warn D6", nil},
		{"in the whole file", "", "", "# check=skip=DownloadPipedToShell\n" + above, "", nil},
		{"all of it", "", "", "# check=skip=all\n" + above, "", nil},
		{"all of it, less what the operator has named", "AddWithoutChecksum:warn", "", "# check=skip=all\n" + above, "warn A6", nil},
		{"all of it, less what fails", "", "all:error", "# check=skip=all\n" + above, "error U2, error D4, error A6, error D7", nil},
		{"another rule", "", "", "# check=skip=StageNameCasing\n" + above, "warn D7", nil},
		{"check=error is BuildKit's own", "", "", "# check=error=true\n" + above, "warn D7", nil},
		{"a build arg instead", "", "", "# check=skip=all\n" + above, "warn D7", &linter.Config{}},
		{"skipped by a build arg", "", "", above, "", &linter.Config{SkipAll: true}},
	} {
		if got := lines(c.operator, c.asked, c.dockerfile, c.check); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
