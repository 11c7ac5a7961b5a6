package rules_test

import (
	"bytes"
	"testing"

	"github.com/sworn-build/sworn/frontend/rules"
)

// FuzzCheck: whatever a Dockerfile says, findings are of rules of the table and of its
// lines, and the Dockerfile that is shown has as many lines as before.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"ARG V=12\nFROM debian:$V AS build\nRUN curl x | sh\nFROM scratch\nCOPY --from=build /a /a\n",
		"# check=skip=all;error=true\nFROM a\n# check=skip=X // why\nADD https://a.test/x?y=z /x\n",
		"FROM a\nENV A=AKIA" + "A7A7A7A7A7A7A7A7 \\\n  B=$A\nONBUILD ENV C=$B\n",
		"# escape=`\nFROM a\nSHELL [\"bash\", \"-c\"]\nRUN <<A cat <<B | sh\nx\nA\ny\nB\n",
		"FROM a\nRUN --mount=from=0,target=/x [\"sh\", \"-c\", \"$(curl x)\"]\nADD git@h:a/b.git#x ${Y:-z} /\n",
		"FROM x AS x\nFROM x AS x\nCOPY --from=X --from=9 a b\n", "ONBUILD FROM a", "FROM", "",
	} {
		f.Add([]byte(s), "V", "13", "build")
	}
	f.Fuzz(func(t *testing.T, dockerfile []byte, arg, value, target string) {
		file, err := rules.Read(dockerfile, nil)
		if err != nil {
			return
		}
		findings := file.Check(rules.Build{
			Args: map[string]string{arg: value}, Target: target, BuildPlatform: amd64, TargetPlatform: amd64,
			Named: func(name string) bool { return name == value },
		})
		lines := bytes.Count(dockerfile, []byte("\n")) + 1
		for _, x := range findings {
			if r, ok := rules.ByID(x.Rule); !ok || r.Place != rules.Dockerfile {
				t.Errorf("a finding of rule %q", x.Rule)
			}
			if x.Line() < 1 || x.Line() > lines {
				t.Errorf("%s in a Dockerfile of %d lines", x, lines)
			}
		}
		if n := bytes.Count(rules.Masked(dockerfile, findings), []byte("\n")) + 1; n != lines {
			t.Errorf("%d lines are shown as %d", lines, n)
		}
		set := file.Skip(rules.Default())
		set.Split(file.Unskipped(set, findings))
	})
}
