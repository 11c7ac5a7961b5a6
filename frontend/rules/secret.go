package rules

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// secrets are the forms that values are known by, as those who issue them document.
var secrets = []struct {
	what string
	form *regexp.Regexp
}{
	{"a private key", regexp.MustCompile(`-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----|\bAGE-SECRET-KEY-1[0-9A-Z]{20,}`)},
	{"an AWS access key", regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"an Azure storage key", regexp.MustCompile(`\bAccountKey=[A-Za-z0-9+/]{60,}={0,2}`)},
	{"a GitHub token", regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})`)},
	{"a GitLab token", regexp.MustCompile(`\bgl(pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-[A-Za-z0-9_-]{20,}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abcdeprs]-[A-Za-z0-9-]{10,}|\bxapp-[0-9]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]+`)},
	{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a PyPI token", regexp.MustCompile(`\bpypi-AgE[A-Za-z0-9_-]{50,}`)},
	{"a Docker Hub token", regexp.MustCompile(`\bdckr_(pat|oat)_[A-Za-z0-9_-]{27,}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"a Google OAuth secret", regexp.MustCompile(`\bGOCSPX-[A-Za-z0-9_-]{28}`)},
	{"a Stripe key", regexp.MustCompile(`\b[sr]k_live_[A-Za-z0-9]{16,}`)},
	{"a SendGrid key", regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`)},
	{"a DigitalOcean token", regexp.MustCompile(`\bdo[opr]_v1_[0-9a-f]{64}`)},
	{"a Hugging Face token", regexp.MustCompile(`\bhf_[A-Za-z]{34}\b`)},
	{"an API key of a language model", regexp.MustCompile(`\bsk-(ant|proj|svcacct)-[A-Za-z0-9_-]{20,}`)},
	{"a Vault token", regexp.MustCompile(`\bhv[sbr]\.[A-Za-z0-9_-]{24,}`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`)},
}

// userinfo is a URL with a user and a password.
var userinfo = regexp.MustCompile(`\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#]*:([^\s/@?#]+)@`)

// placeholder is a password that stands for one.
var placeholder = regexp.MustCompile(`^([*xX.]+|<.*>|\[.*\]|\{.*\}|%.*%|\$.*)$`)

// secretIn says what a value looks like, and by which part of it; empty: nothing that is
// known. Examples of documentation that end in EXAMPLE are no secrets.
func secretIn(value string) (what, part string) {
	for _, s := range secrets {
		if m := s.form.FindString(value); m != "" && !strings.HasSuffix(m, "EXAMPLE") {
			return s.what, m
		}
	}
	for _, m := range userinfo.FindAllStringSubmatch(value, -1) {
		if !placeholder.MatchString(m[1]) {
			return "a URL with a password", m[0]
		}
	}
	return "", ""
}

// arg gives the variables of an ARG their values, those that the build gives first, and
// looks at them. declared, where it is not nil, gets the names without a value.
func (c *check) arg(cmd *instructions.ArgCommand, e env, declared map[string]bool) {
	for _, kv := range cmd.Args {
		given, isGiven := c.Args[kv.Key]
		inherited, isInherited := c.globals[kv.Key]
		var initial string
		if kv.Value != nil { // in the Dockerfile, whether it counts or not
			initial, _ = c.expand(*kv.Value, e)
			c.secret("the value of ARG", kv.Key, initial, "ARG", cmd.Location())
		}
		switch {
		case isGiven:
			e[kv.Key] = given
			c.secret("the value given for ARG", kv.Key, given, "", cmd.Location())
		case kv.Value != nil:
			e[kv.Key] = initial
		case isInherited:
			e[kv.Key] = inherited
		case declared != nil:
			declared[kv.Key] = true
		}
	}
}

// setEnv gives variables the values of an ENV, which are expanded before any is set.
func (c *check) setEnv(s *stage, cmd *instructions.EnvCommand, at []parser.Range) {
	values := make([]string, len(cmd.Env))
	for i, kv := range cmd.Env {
		values[i], _ = c.expand(kv.Value, s.env)
	}
	for i, kv := range cmd.Env {
		s.env[kv.Key] = values[i]
		c.secret("the value of ENV", kv.Key, values[i], "ENV", at)
	}
}

// secret looks at a value. in is the instruction that has it in the Dockerfile; empty: it
// is not there.
func (c *check) secret(whose, key, value, in string, at []parser.Range) {
	what, part := secretIn(value)
	if what == "" {
		return
	}
	c.add(SecretValueInArgOrEnv, at, fmt.Sprintf("%s %q looks like %s: hand it to the step as a secret", whose, key, what))
	f := &c.found[len(c.found)-1]
	f.secret = part
	if in != "" {
		f.hide = in + " " + key + "=" + stars
	}
}
