package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// whatText says what a step does: the command without the shell that runs it, or
// the file actions.
func whatText(s *provenance.Step) string {
	if s.Kind == step.KindExec && len(s.Command) > 0 {
		if len(s.Command) == 3 && strings.HasPrefix(s.Command[1], "-") && strings.HasSuffix(s.Command[1], "c") {
			return "RUN " + s.Command[2]
		}
		return "RUN " + strings.Join(s.Command, " ")
	}
	if _, rest, ok := strings.Cut(s.Name, "] "); ok && rest != "" {
		return rest
	}
	return strings.Join(s.Actions, "; ")
}

func linesText(lines []step.Lines) string {
	// The parser gives each line of some instructions a range of its own.
	var merged []step.Lines
	for _, l := range lines {
		if n := len(merged); n > 0 && l.Start == merged[n-1].End+1 {
			merged[n-1].End = l.End
		} else {
			merged = append(merged, l)
		}
	}
	var out []string
	for _, l := range merged {
		if l.Start == l.End {
			out = append(out, fmt.Sprint(l.Start))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", l.Start, l.End))
		}
	}
	switch {
	case len(merged) == 0:
		return "no line"
	case len(merged) == 1 && merged[0].Start == merged[0].End:
		return "line " + out[0]
	}
	return "lines " + strings.Join(out, ", ")
}

// verifiedText says by whom the attestations of a material are signed.
func verifiedText(v *step.Verified) string {
	by := "key " + v.Key
	if v.Key == "" {
		by = v.Identity + " of " + v.Issuer
	}
	return fmt.Sprintf("attestations signed by %s: %s", by, strings.Join(v.PredicateTypes, ", "))
}

// carriedText says which SPDX documents a base carries, a line for each.
func carriedText(c *step.Carried) []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, d := range c.Documents {
		out = append(out, fmt.Sprintf("carries the SPDX document %s, in statement %s", d.Namespace, digestText(d.Statement)))
	}
	switch {
	case c.None != "":
		out = append(out, "carries no SPDX document: "+c.None)
	case c.Unknown != "" && len(c.Documents) > 0:
		out = append(out, "carries maybe more of them: "+c.Unknown)
	case c.Unknown != "":
		out = append(out, "may carry SPDX documents: "+c.Unknown)
	}
	return out
}

func sandboxText(s *provenance.Step) string {
	network := "network " + s.NetworkMode
	b := s.Sandbox
	if b == nil {
		return network + "; not observed"
	}
	out := []string{network, "harden " + b.Harden}
	if b.NoNewPrivileges {
		out = append(out, "no new privileges")
	}
	out = append(out, wording.Count(len(b.Capabilities.Bounding), "capability", "capabilities"), "seccomp "+seccompText(b))
	if b.Landlock != nil {
		out = append(out, "landlock "+strings.Join(b.Landlock.Restricts, ", "))
	}
	if s.Security == "insecure" {
		out = append(out, "INSECURE")
	}
	return strings.Join(append(out, b.Notes...), "; ")
}

// seccompText names the filter of ours, which says more than the mode.
func seccompText(b *step.Sandbox) string {
	if b.Filter != nil {
		return b.Filter.Name
	}
	return b.Seccomp
}

// networkText says what a step asked of the network; empty when nobody recorded.
func networkText(n *provenance.Network) string {
	switch {
	case n == nil:
		return ""
	case n.Recorder == step.RecorderBuildKit:
		return "recorded by BuildKit; nothing else could be reached"
	case n.Mode != step.NetworkRecord:
		return ""
	}
	requests, refused := n.OmittedRequests, 0
	for _, r := range n.Requests {
		requests += r.Count
		if r.Refused {
			refused += r.Count
		}
	}
	text := wording.Count(requests, "request") + ", " + wording.Count(len(n.Downloads), "download")
	if refused > 0 {
		text += fmt.Sprintf(", %d refused", refused)
	}
	if len(n.Roots) > 0 {
		text += ", " + wording.Count(len(n.Roots), "authority", "authorities") + " of the operator trusted"
	}
	if n.Enforced {
		return text + "; nothing else could be reached"
	}
	return text + "; not enforced"
}

// directiveText is a directive as it stands in the Dockerfile.
func directiveText(d step.Directive) string {
	var out []string
	add := func(key, value string) {
		if value != "" {
			out = append(out, key+"="+value)
		}
	}
	add("harden", d.Harden)
	add("network", d.Network)
	add("allow", strings.Join(d.Allow, ","))
	add("accept", strings.Join(d.Accept, ","))
	if d.Root {
		add("root", "yes")
	}
	if d.Reason != "" {
		add("reason", strconv.Quote(d.Reason))
	}
	return strings.Join(out, " ")
}

func inputsText(in *provenance.Inputs) string {
	owned := 0
	for _, p := range in.Packages {
		owned += p.Files
	}
	return fmt.Sprintf("%s of %s, %s", wording.Count(owned, "file"), wording.Count(len(in.Packages), "package"), wording.Count(len(in.Files)+in.OmittedFiles, "other file"))
}

func inputPaths(in *provenance.Inputs) []string {
	var paths []string
	for _, f := range in.Files {
		paths = append(paths, string(f.Path))
	}
	return paths
}

func outputsText(o *provenance.Outputs) string {
	if len(o.Digest) == 0 {
		return "not described"
	}
	added, changed, removed := len(o.Added), len(o.Changed), len(o.Removed)
	if o.Omitted != nil {
		added, changed, removed = o.Omitted.Added, o.Omitted.Changed, o.Omitted.Removed
	}
	if added+changed+removed == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d added, %d changed, %d removed", added, changed, removed)
}

// shortPURLs leaves out the qualifiers, which say the same of most packages.
func shortPURLs(list []string) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i], _, _ = strings.Cut(p, "?")
	}
	return out
}

// listText lists the first of many, as many as fit into listWidth characters and
// one at least.
func listText(list []string) string { return listTextOf(list, len(list)) }

// listTextOf is listText of a list that holds only the first of all.
func listTextOf(list []string, all int) string {
	text := ""
	for i, s := range list {
		next := s
		if i > 0 {
			next = text + ", " + s
		}
		if i > 0 && utf8.RuneCountInString(next) > listWidth {
			return fmt.Sprintf("%s + %d more", text, all-i)
		}
		text = next
	}
	if all > len(list) {
		return fmt.Sprintf("%s + %d more", text, all-len(list))
	}
	return text
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
