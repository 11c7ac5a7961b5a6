package directive_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/frontend/directive"
	"github.com/sworn-build/sworn/step"
)

func TestDirectivesBelongToTheRunBelow(t *testing.T) {
	one := func(line int, d step.Directive, at int) []directive.Run {
		d.Line = at
		return []directive.Run{{Line: line, Directives: []step.Directive{d}}}
	}
	record := step.Directive{Network: step.NetworkRecord}
	for _, c := range []struct {
		name, dockerfile string
		want             []directive.Run
	}{
		{"none", "FROM scratch\n# a comment about sworn: it is fine\nRUN x\n", nil},
		{"above", "FROM a\n# sworn: network=record\nRUN x\n", one(3, record, 2)},
		{"indented, without a space, in lower case", "FROM a\n  #sworn:network=record\n  run x\n", one(3, record, 2)},
		{"comments between", "FROM a\n# sworn: network=record\n# why\n#\nRUN x\n", one(5, record, 2)},
		{"windows line ends", "FROM a\r\n# sworn: network=record\r\nRUN x\r\n", one(3, record, 2)},
		{"parser directives", "# syntax=x network=none\n# escape=`\n# check=skip=all\nFROM a\n# sworn: network=record\nRUN x `\n  && y\n", one(6, record, 5)},
		{
			"lines add up", "FROM a\n# sworn: harden=off allow=b,a\n# sworn: network=record reason=\"a = b, c\" allow=\"b\" root=yes\nRUN --network=host x\n",
			[]directive.Run{{Line: 4, Network: "host", Directives: []step.Directive{
				{Line: 2, Harden: step.HardenOff, Allow: []string{"a", "b"}},
				{Line: 3, Network: step.NetworkRecord, Reason: "a = b, c", Allow: []string{"b"}, Root: true},
			}}},
		},
		{
			"rules that are accepted", "FROM a\n# sworn: accept=UnexplainedFile,SetuidFileAdded,UnexplainedFile reason=x\n# sworn: accept=DownloadPipedToShell\nRUN x\n",
			[]directive.Run{{Line: 4, Directives: []step.Directive{
				{Line: 2, Accept: []string{"SetuidFileAdded", "UnexplainedFile"}, Reason: "x"}, {Line: 3, Accept: []string{"DownloadPipedToShell"}},
			}}},
		},
		{"heredocs are no comments", "FROM a\nRUN <<A cat <<B\n# sworn: nonsense\nA\n# sworn: more\nB\n# sworn: network=record\nRUN <<E\n# sworn: x\nE\n", one(8, record, 7)},
		{"continued", "FROM a\n# sworn: network=record\nRUN x \\\n  # a comment\n  y\nRUN z\n", one(3, record, 2)},
		{"every stage", "FROM a\n# sworn: network=record\nRUN x\nFROM b\nRUN x\n", one(3, record, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := directive.Parse([]byte(c.dockerfile))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestDirectivesThatSayNothingSoundAreRefused(t *testing.T) {
	for _, c := range []struct{ name, dockerfile, want string }{
		{"above FROM", "# sworn: harden=off\nFROM a\n", "directive in line 1: a directive stands directly above a RUN, not a FROM"},
		{"above ONBUILD", "FROM a\n# sworn: harden=off\nONBUILD RUN x\n", "directive in line 2: a directive stands directly above a RUN, not a ONBUILD"},
		{"an empty line", "FROM a\n# sworn: harden=off\n\nRUN x\n", "directive in line 2: a directive stands directly above a RUN, without an empty line"},
		{"at the end", "FROM a\n# sworn: harden=off", "directive in line 2: a directive stands directly above a RUN"},
		{"inside", "FROM a\nRUN x \\\n# sworn: harden=off\n  y\n", "directive in line 3: a directive stands above its RUN, not between its lines"},
		{"unknown key", "FROM a\n# sworn: speed=fast\nRUN x\n", `directive in line 2: unknown key "speed"; valid: accept, allow, harden, network, reason, root`},
		{"unknown value", "FROM a\n# sworn: harden=some\nRUN x\n", `directive in line 2: unknown value "some" of harden; valid: off, baseline, strict`},
		{"no value", "FROM a\n# sworn: harden network=none\nRUN x\n", `directive in line 2: "harden" is not KEY=VALUE; valid keys: accept, allow, harden, network, reason, root`},
		{"nothing", "FROM a\n# sworn:\nRUN x\n", "directive in line 2: it says nothing; valid: accept, allow, harden, network, reason, root"},
		{"twice in a line", "FROM a\n# sworn: harden=off harden=off\nRUN x\n", "directive in line 2: harden is given twice"},
		{"twice in two", "FROM a\n# sworn: harden=off\n# sworn: harden=off\nRUN x\n", "directive in line 3: harden is given in line 2 already"},
		{"an open quote", "FROM a\n# sworn: reason=\"x\nRUN x\n", "directive in line 2: the value of reason has no closing quote"},
		{"no space", "FROM a\n# sworn: reason=\"x\"root=yes\nRUN x\n", "directive in line 2: no space behind the value of reason"},
		{"an empty reason", "FROM a\n# sworn: reason=\" \"\nRUN x\n", "directive in line 2: reason has to be 1 to 1024 bytes of printable text"},
		{"a long reason", "FROM a\n# sworn: reason=" + strings.Repeat("x", 1025) + "\nRUN x\n", "directive in line 2: reason has to be 1 to 1024 bytes of printable text"},
		{"a bad pattern", "FROM a\n# sworn: allow=\"a, b\"\nRUN x\n", `directive in line 2: bad pattern " b"; valid: PATTERN[,PATTERN] without spaces`},
		{"an unknown rule", "FROM a\n# sworn: accept=UnexplainedFile,all reason=x\nRUN x\n", `directive in line 2: unknown value "all" of accept; valid: AddWithoutChecksum, DownloadPipedToShell, ListedLicence, SecretValueInArgOrEnv, SetuidFileAdded, UnattestedBaseImage, UndeclaredPackageSource, UnexplainedFile, UnpinnedBaseImage, WorldWritableFileAdded`},
		{"no root", "FROM a\n# sworn: root=no\nRUN x\n", `directive in line 2: unknown value "no" of root; valid: yes`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := directive.Parse([]byte(c.dockerfile)); err == nil || err.Error() != c.want {
				t.Errorf("%v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("FROM a\n# sworn: harden=off reason=\"x y\" allow=a,b\nRUN <<E\nx\nE\n"))
	f.Add([]byte("FROM a\n# sworn: accept=DownloadPipedToShell,UnexplainedFile reason=x\nRUN x\n"))
	f.Add([]byte("# sworn: network=none\nFROM a\nRUN x \\\n# sworn: root=yes\ny"))
	f.Fuzz(func(t *testing.T, b []byte) {
		runs, err := directive.Parse(b)
		if err != nil {
			return
		}
		lines := strings.Split(string(b), "\n")
		for _, r := range runs {
			for _, d := range r.Directives {
				if d.Line >= r.Line || !strings.Contains(lines[d.Line-1], "sworn:") {
					t.Errorf("%+v is no directive above line %d", d, r.Line)
				}
			}
		}
	})
}

// TestTheExamplesOfTheDocumentationAreRead: what docs/directives.md shows is valid.
func TestTheExamplesOfTheDocumentationAreRead(t *testing.T) {
	b, err := os.ReadFile("../../docs/directives.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "```Dockerfile\n")
	example, _, _ := strings.Cut(rest, "```")
	runs, err := directive.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	want := []directive.Run{
		{Line: 5, Directives: []step.Directive{
			{Line: 3, Root: true, Reason: "apt-get installs as root"},
			{Line: 4, Network: step.NetworkRecord, Allow: []string{"http://packages.example/**"}},
		}},
		{Line: 8, Directives: []step.Directive{{Line: 7, Network: step.NetworkNone}}},
	}
	if d := cmp.Diff(want, runs); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
