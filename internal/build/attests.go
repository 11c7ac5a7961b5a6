package build

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tonistiigi/go-csvvalue"
)

// Values that buildx has too.
const (
	typeProvenance = "provenance"
	typeSBOM       = "sbom"
	// defaultProvenance is BuildKit's own provenance where nobody asked: exporters
	// that write no attestations leave it out.
	defaultProvenance = "mode=min,inline-only=true"
	noDefaultsEnv     = "BUILDX_NO_DEFAULT_ATTESTATIONS"
)

// addAttests asks for BuildKit's attestations. An image that will be signed has its
// provenance asked for by name, so that archives have statements too.
func (r *Request) addAttests() error {
	o := r.options.Output
	list := append([]string{}, o.Attests...)
	for _, short := range [][2]string{{typeProvenance, o.Provenance}, {typeSBOM, o.SBOM}} {
		if short[1] != "" {
			list = append(list, attestOf(short[0], short[1]))
		}
	}
	seen := map[string]bool{}
	for _, a := range list {
		kind, disabled, value, err := parseAttest(a)
		if err != nil {
			return usage("--attest", "%q: %w", a, err)
		}
		delete(r.solve.FrontendAttrs, "attest:"+kind) // the last one counts
		seen[kind] = true
		if !disabled {
			r.attr("attest:"+kind, value)
		}
	}
	if seen[typeProvenance] {
		return nil
	}
	if v, ok := r.env(noDefaultsEnv); ok {
		no, err := strconv.ParseBool(v)
		if err != nil {
			return usage(noDefaultsEnv, "%q is neither true nor false", v)
		}
		if no && !o.Sign {
			return nil
		}
	}
	if o.Sign {
		r.attr("attest:"+typeProvenance, "mode=min")
		return nil
	}
	r.attr("attest:"+typeProvenance, defaultProvenance)
	return nil
}

// attested reports whether attestations go where an exporter could leave them out.
func (r *Request) attested() bool {
	for k, v := range r.solve.FrontendAttrs {
		if strings.HasPrefix(k, "attest:") && v != defaultProvenance {
			return true
		}
	}
	return r.solve.FrontendAttrs["build-arg:SWORN_STATEMENTS"] == "always"
}

// attestOf writes a short flag (--sbom=true, --provenance=mode=max) as --attest does.
func attestOf(kind, value string) string {
	if on, err := strconv.ParseBool(value); err == nil {
		return fmt.Sprintf("type=%s,disabled=%t", kind, !on)
	}
	return "type=" + kind + "," + value
}

func parseAttest(s string) (kind string, disabled bool, value string, err error) {
	fields, err := csvvalue.Fields(s, nil)
	if err != nil {
		return "", false, "", err
	}
	var rest []string
	for _, f := range fields {
		k, v, ok := strings.Cut(f, "=")
		if !ok {
			return "", false, "", fmt.Errorf("%q is not KEY=VALUE", f)
		}
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "type":
			kind = v
		case "disabled":
			if disabled, err = strconv.ParseBool(v); err != nil {
				return "", false, "", err
			}
		default:
			rest = append(rest, quote(f))
		}
	}
	if kind == "" {
		return "", false, "", fmt.Errorf("no type")
	}
	return kind, disabled, strings.Join(append([]string{"type=" + kind}, rest...), ","), nil
}

// quote writes a field of CSV.
func quote(f string) string {
	if !strings.ContainsAny(f, `,"`) {
		return f
	}
	return `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
}
