package frontend

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/frontend/gateway/client"

	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

func TestRulesAboutWhatIsMadeAreThoseOfTheEvidence(t *testing.T) {
	var ids []string
	for _, r := range rules.Table() {
		if r.Place == rules.Evidence {
			ids = append(ids, r.ID)
		}
	}
	if diff := cmp.Diff(ids, step.EvidenceRules()); diff != "" {
		t.Errorf("(-table +evidence):\n%s", diff)
	}
}

func TestOptionsOfRules(t *testing.T) {
	for _, c := range []struct {
		name     string
		operator []string
		asked    string
		want     *step.Rules
		refused  string
	}{
		{name: "nothing", asked: ""},
		{name: "a level", asked: "rules=SetuidFileAdded:warn", want: &step.Rules{On: []string{"SetuidFileAdded"}}},
		{name: "lists turn their rules on", asked: "sources=mirror.test/** licences=GPL-* licences=AGPL-*",
			want: &step.Rules{On: []string{"ListedLicence", "UndeclaredPackageSource"}, Sources: []string{"mirror.test/**"}, Licences: []string{"AGPL-*", "GPL-*"}}},
		{name: "unless they are off", asked: "sources=mirror.test licences=GPL-* rules=none"},
		{name: "no list, nothing to find", asked: "rules=none,ListedLicence:error,UndeclaredPackageSource:error"},
		{name: "accepted", asked: "rules=none,SetuidFileAdded:error accept=SetuidFileAdded:/usr/bin/sudo,SetuidFileAdded:mount",
			want: &step.Rules{On: []string{"SetuidFileAdded"}, Accepted: map[string][]string{"SetuidFileAdded": {"/usr/bin/sudo", "mount"}}}},
		{name: "accepted by no rule", asked: "accept=/usr/bin/sudo", refused: `syntax line: "/usr/bin/sudo" is none of the words of accept; valid: ID:GLOB, where ID is ListedLicence, SetuidFileAdded, UndeclaredPackageSource, UnexplainedFile, WorldWritableFileAdded`},
		{name: "accepted by a rule of the Dockerfile", asked: "accept=UnpinnedBaseImage:x", refused: `syntax line: "UnpinnedBaseImage:x" is none of the words of accept; valid: ID:GLOB, where ID is ListedLicence, SetuidFileAdded, UndeclaredPackageSource, UnexplainedFile, WorldWritableFileAdded`},
		{name: "a held rule cannot be weakened", operator: []string{"SWORN_RULES=SetuidFileAdded:error"}, asked: "accept=SetuidFileAdded:**",
			refused: "accept=SetuidFileAdded:** weakens SetuidFileAdded, which the frontend image holds all builds to"},
		{name: "but as the operator accepts", operator: []string{"SWORN_RULES=SetuidFileAdded:error", "SWORN_ACCEPT=SetuidFileAdded:sudo"}, asked: "accept=SetuidFileAdded:sudo",
			want: &step.Rules{On: []string{"SetuidFileAdded"}, Accepted: map[string][]string{"SetuidFileAdded": {"sudo"}}}},
		{name: "what the operator accepts stays", operator: []string{"SWORN_RULES=SetuidFileAdded:error", "SWORN_ACCEPT=SetuidFileAdded:sudo"}, asked: "rules=WorldWritableFileAdded:warn accept=WorldWritableFileAdded:/x",
			want: &step.Rules{On: []string{"SetuidFileAdded", "WorldWritableFileAdded"}, Accepted: map[string][]string{"SetuidFileAdded": {"sudo"}, "WorldWritableFileAdded": {"/x"}}}},
		{name: "licences add up", operator: []string{"SWORN_LICENCES=GPL-*"}, asked: "licences=AGPL-*",
			want: &step.Rules{On: []string{"ListedLicence"}, Licences: []string{"AGPL-*", "GPL-*"}}},
		{name: "sources become fewer", operator: []string{"SWORN_SOURCES=a.test,b.test"}, asked: "sources=b.test",
			want: &step.Rules{On: []string{"UndeclaredPackageSource"}, Sources: []string{"b.test"}}},
		{name: "and no others", operator: []string{"SWORN_SOURCES=a.test,b.test"}, asked: "sources=b.test,**", refused: "syntax line: sources=** is none of those that the frontend image holds all builds to; valid: a.test,b.test"},
		{name: "nor none", operator: []string{"SWORN_SOURCES=a.test"}, asked: "sources=", refused: "syntax line: sources= takes away what the frontend image holds all builds to; valid: a.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := ParseOptions(c.operator, map[string]string{optCmdline: "ref " + c.asked})
			if c.refused != "" {
				if err == nil || err.Error() != c.refused {
					t.Errorf("%v, want %s", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, o.evidenceRules()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindingsAreSentencesWithoutControlCharacters(t *testing.T) {
	for _, c := range []struct {
		finding step.Finding
		want    string
	}{
		{
			step.Finding{Rule: rules.SetuidFileAdded, Count: 1, Subjects: []step.Subject{{Path: "/usr/bin/sudo", Package: "sudo", Detail: "mode 4755, owner 0:0"}}},
			"1 setuid or setgid file: /usr/bin/sudo (package sudo, mode 4755, owner 0:0)",
		},
		{
			step.Finding{Rule: rules.WorldWritableFileAdded, Count: 7, Subjects: []step.Subject{{Path: "/a\n\x1b[2J\xff"}, {Path: "/b c", Detail: "mode 0777"}}},
			`7 files and folders that everyone may write: "/a\n\x1b[2J\xff", /b c (mode 0777), and 5 more`,
		},
		{
			step.Finding{Rule: rules.ListedLicence, Unjudged: true, Count: 2, Subjects: []step.Subject{{Package: "bash", Detail: "licence not known"}}},
			"2 packages whose licences are not known are not judged: bash (licence not known), and 1 more",
		},
		{
			step.Finding{Rule: rules.UndeclaredPackageSource, Count: 1, Subjects: []step.Subject{{Package: "x", Detail: "from http://h.test/" + strings.Repeat("x", 8000)}}},
			"1 package from elsewhere than the declared sources: x (from http://h.test/" + strings.Repeat("x", 281) + "...)",
		},
	} {
		if diff := cmp.Diff(c.want, madeMessage(c.finding)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A rule about what the build makes is not passed over where nothing is known of it.
func TestWithoutStatementsRulesAboutWhatIsMadeFail(t *testing.T) {
	f := newGateway(t, "FROM busybox\nRUN true\n", map[string]string{"build-arg:SWORN_STATEMENTS": "off", "build-arg:SWORN_RULES": "SetuidFileAdded:error"})
	_, err := (Frontend{}).Build(t.Context(), f)
	var refused *RuleError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "SetuidFileAdded: not checked: with statements=off nothing is known of what the build makes") {
		t.Fatal(err)
	}
	if len(f.solved) > 0 {
		for _, r := range f.refs {
			if n := len(r.g.Steps()); n > 0 {
				t.Errorf("%d steps ran", n)
			}
		}
	}
	f = newGateway(t, "FROM busybox\nRUN true\n", map[string]string{"build-arg:SWORN_STATEMENTS": "off"})
	if _, err := (Frontend{}).Build(t.Context(), f); err != nil {
		t.Errorf("with the defaults: %v", err)
	}
}

// fileRef has one file.
type fileRef struct {
	client.Reference
	data []byte
}

func (r fileRef) ReadFile(_ context.Context, req client.ReadRequest) ([]byte, error) {
	if req.Filename != step.FindingsFile || req.Range == nil {
		return nil, errors.New("not found")
	}
	return r.data[:min(len(r.data), req.Range.Length)], nil
}

func TestOnlyFindingsThatWereAskedForAreTaken(t *testing.T) {
	one := step.Finding{Rule: rules.SetuidFileAdded, Step: "step1", Count: 1, Subjects: []step.Subject{{Path: "/a"}}}
	for _, c := range []struct {
		name string
		plan step.Plan
		edit func(b []byte) []byte
		want string
	}{
		{"good", step.Plan{Rules: &step.Rules{On: []string{rules.SetuidFileAdded}}, Steps: []step.Step{{ID: "step1"}}}, nil, ""},
		{"another rule", step.Plan{Rules: &step.Rules{On: []string{rules.UnexplainedFile}}, Steps: []step.Step{{ID: "step1"}}}, nil, `SetuidFileAdded of "step1", which was not asked for`},
		{"another step", step.Plan{Rules: &step.Rules{On: []string{rules.SetuidFileAdded}}, Steps: []step.Step{{ID: "step2"}}}, nil, `SetuidFileAdded of "step1", which was not asked for`},
		{"too long", step.Plan{Rules: &step.Rules{On: []string{rules.SetuidFileAdded}}}, func([]byte) []byte { return make([]byte, step.MaxFindings+2) }, "bytes, more than"},
		{"cut", step.Plan{Rules: &step.Rules{On: []string{rules.SetuidFileAdded}}}, func(b []byte) []byte { return b[:9] }, "unexpected EOF"},
	} {
		b, err := step.EncodeFindings(step.Findings{Findings: []step.Finding{one}})
		if err != nil {
			t.Fatal(err)
		}
		if c.edit != nil {
			b = c.edit(b)
		}
		got, err := readFindings(t.Context(), fileRef{data: b}, c.plan)
		if c.want == "" {
			if diff := cmp.Diff([]step.Finding{one}, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if got, err := readFindings(t.Context(), nil, step.Plan{}); got != nil || err != nil {
		t.Errorf("nothing asked for: %v, %v", got, err)
	}
}
