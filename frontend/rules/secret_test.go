package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/frontend/rules"
)

// tokens are made up, in the forms of those who issue them. They are put together here so
// that no scanner takes this file for a leak.
func tokens() map[string]string {
	c := strings.Repeat
	return map[string]string{
		"-----BEGIN " + "RSA PRIVATE KEY-----":                      "a private key",
		"-----BEGIN " + "PRIVATE KEY-----\\nMIIE":                   "a private key",
		"-----BEGIN " + "OPENSSH PRIVATE KEY-----":                  "a private key",
		"-----BEGIN " + "PGP PRIVATE KEY BLOCK-----":                "a private key",
		"AGE-SECRET-KEY-" + "1" + c("Q", 58):                        "a private key",
		"AKIA" + c("A7", 8):                                         "an AWS access key",
		"ASIA" + c("B2", 8):                                         "an AWS access key",
		"x;AccountKey=" + c("Ab", 43) + "==;y":                      "an Azure storage key",
		"ghp_" + c("a1", 18):                                        "a GitHub token",
		"ghs_" + c("Z9", 18):                                        "a GitHub token",
		"github_pat_" + c("a", 22) + "_" + c("b", 59):               "a GitHub token",
		"https://x-access-token:ghp_" + c("a1", 18) + "@a.co":       "a GitHub token",
		"glpat-" + c("x", 20):                                       "a GitLab token",
		"glrt-" + c("x-_", 8):                                       "a GitLab token",
		"xoxb-" + "1234567890-abcdef":                               "a Slack token",
		"https://hooks.slack.com/services/" + "T0/B0/xyz":           "a Slack token",
		"npm_" + c("a", 36):                                         "an npm token",
		"//registry.test/:_authToken=npm_" + c("b", 36):             "an npm token",
		"pypi-" + "AgEIcHlwaS5vcmc" + c("x", 60):                    "a PyPI token",
		"dckr_" + "pat_" + c("x", 27):                               "a Docker Hub token",
		"AIza" + c("a", 35):                                         "a Google API key",
		"GOCSPX-" + c("a", 28):                                      "a Google OAuth secret",
		"sk_live_" + c("a", 24):                                     "a Stripe key",
		"SG." + c("a", 22) + "." + c("b", 43):                       "a SendGrid key",
		"dop_v1_" + c("a", 64):                                      "a DigitalOcean token",
		"hf_" + c("a", 34):                                          "a Hugging Face token",
		"sk-ant-" + "api03-" + c("a", 40):                           "an API key of a language model",
		"hvs." + c("a", 24):                                         "a Vault token",
		"eyJ" + c("a", 17) + ".eyJ" + c("b", 20) + "." + c("c", 43): "a JSON web token",
		"postgres://app:hunter2@db/app":                             "a URL with a password",
		"https://ci:hunter2@proxy.test:3128":                        "a URL with a password",
		"redis://:hunter2@cache:6379/0":                             "a URL with a password",
	}
}

func TestSecretValuesAreKnownByTheirForm(t *testing.T) {
	for value, what := range tokens() {
		for _, c := range []struct{ dockerfile, whose, line string }{
			{fmt.Sprintf("FROM a\nENV A=b X='%s'\n", value), "ENV", "2"},
			{fmt.Sprintf("FROM a\nENV X '%s'\n", value), "ENV", "2"},
			{fmt.Sprintf("FROM a\nARG X='%s'\n", value), "ARG", "2"},
			{fmt.Sprintf("ARG X=\"%s\"\nFROM a\n", value), "ARG", "1"},
		} {
			want := []string{fmt.Sprintf("SecretValueInArgOrEnv: the value of %s \"X\" looks like %s: hand it to the step as a secret (line %s)", c.whose, what, c.line)}
			if d := cmp.Diff(want, found(t, rules.SecretValueInArgOrEnv, c.dockerfile, nil)); d != "" {
				t.Errorf("%s(-want +got):\n%s", c.dockerfile, d)
			}
		}
		want := []string{fmt.Sprintf("SecretValueInArgOrEnv: the value given for ARG \"X\" looks like %s: hand it to the step as a secret (line 2)", what)}
		if d := cmp.Diff(want, found(t, rules.SecretValueInArgOrEnv, "FROM a\nARG X=default\n", func(b *rules.Build) { b.Args["X"] = value })); d != "" {
			t.Errorf("given %s (-want +got):\n%s", value, d)
		}
	}
}

func TestOtherValuesAreNoSecrets(t *testing.T) {
	var b strings.Builder
	b.WriteString("FROM a\n")
	for i, value := range []string{
		"", "bar", "1.26.0", "/usr/local/bin:/usr/bin", "true", "en_US.UTF-8", "changeme", "secret", "password",
		"https://example.test/path:8080@x", "https://proxy.test:3128", "git@github.test:a/b.git", "ssh://git@github.test/a/b",
		"https://user@example.test/", "postgres://app:$DB_PASSWORD@db/app", "postgres://app:****@db/app", "postgres://app:<password>@db",
		"https://USER:{PASSWORD}@a.test", "jdbc:postgresql://db:5432/app", "mailto:a@b.test", "AKIAIOSFODNN7EXAMPLE", "AKIA", "AKIASHORT",
		"ghp_short", "glpat-", "xoxo-1234567890-abc", "npm_config_cache", "npm_" + strings.Repeat("a", 50), "AIzaShort", "eyJ.eyJ.x", "eyJhbGciOi",
		"sk_test_" + strings.Repeat("a", 24), "hf_hub_download", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
		"sha256:" + strings.Repeat("a", 64), strings.Repeat("0123456789abcdef", 4), "a:b:c", "http://a:1/@x",
	} {
		fmt.Fprintf(&b, "ENV X%d=\"%s\"\nARG Y%d='%s'\n", i, value, i, value)
	}
	if got := found(t, rules.SecretValueInArgOrEnv, b.String(), nil); got != nil {
		t.Errorf("found %s", strings.Join(got, "\n"))
	}
}

func TestSecretsAreFoundThroughVariables(t *testing.T) {
	token := "ghp_" + strings.Repeat("a1", 18)
	given := func(b *rules.Build) { b.Args["TOKEN"] = token }
	looks := func(whose, line string) string {
		return whose + ` looks like a GitHub token: hand it to the step as a secret (line ` + line + `)`
	}
	checkCases(t, rules.SecretValueInArgOrEnv, []dockerfileCase{
		{"FROM a\nARG TOKEN\nENV T=$TOKEN\n", []string{looks(`the value given for ARG "TOKEN"`, "2"), looks(`the value of ENV "T"`, "3")}, given},
		{"FROM a\nARG T=" + token + "\n", []string{looks(`the value of ARG "T"`, "2")}, func(b *rules.Build) { b.Args["T"] = "other" }},
		{"ARG TOKEN\nFROM a\n", []string{looks(`the value given for ARG "TOKEN"`, "1")}, given},
		{"FROM a\nENV T=$TOKEN\n", nil, given}, // not declared: BuildKit does not pass it
		{"FROM a\nARG REST=" + token[4:] + "\nENV T=ghp_${REST}\n", []string{looks(`the value of ENV "T"`, "3")}, nil},
		{"FROM a AS x\nARG TOKEN\nFROM x\nENV T=$TOKEN\n", []string{looks(`the value given for ARG "TOKEN"`, "2"), looks(`the value of ENV "T"`, "4")}, given},
		{"FROM a AS x\nENV T=" + token + "\nFROM b\n", nil, nil},
		{"FROM a\nONBUILD ENV T=" + token + "\n", []string{looks(`the value of ENV "T"`, "2")}, nil},
		{"FROM a\nRUN --mount=type=secret,id=t,env=T true\nLABEL x=y\n", nil, given},
	})
}

func TestNoFindingShowsASecret(t *testing.T) {
	for value := range tokens() {
		dockerfile := fmt.Sprintf("ARG G='%s'\nFROM a\nENV A=b \\\n  X='%s' \\\n  Y='%s'\nARG Z='%s'\nADD https://u:%s@a.test/%s?%s /x\nRUN curl -H 'X: %s' https://a.test | sh\n",
			value, value, value, value, "hunter2", "x", "hunter2", value)
		f, err := rules.Read([]byte(dockerfile), nil)
		if err != nil {
			t.Fatal(err)
		}
		findings := f.Check(rules.Build{BuildPlatform: amd64, TargetPlatform: amd64})
		for _, x := range findings {
			if strings.Contains(x.String(), value) || strings.Contains(x.String(), "hunter2") {
				t.Errorf("the finding says it: %s", x)
			}
		}
		masked := string(rules.Masked([]byte(dockerfile), findings))
		if strings.Contains(masked, value) {
			t.Errorf("the Dockerfile that is shown has %s:\n%s", value, masked)
		}
		want := strings.Split("ARG G=*****\nFROM a\nENV X=*****; ENV Y=*****\n\n\nARG Z=*****", "\n")
		if d := cmp.Diff(want, strings.Split(masked, "\n")[:6]); d != "" {
			t.Errorf("shown (-want +got):\n%s", d)
		}
	}
	plain := []byte("FROM a\nARG TOKEN\n")
	if got := string(rules.Masked(plain, nil)); got != string(plain) {
		t.Errorf("without findings it is %q", got)
	}
}
