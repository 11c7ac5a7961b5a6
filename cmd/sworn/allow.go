package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// maxPerHost is how many patterns a host may have before one for all of it is shorter to
// read and to keep.
const maxPerHost = 8

func (c *cli) allowCommand() *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:   "allow [--key PUB] IMAGE",
		Short: "Print the list of URLs, as patterns, that an image's steps asked for",
		Long: `Print the list of URLs, as patterns, that an image's steps asked for.

It is for the option allow= or a directive above a RUN, and holds what steps with
network=record were answered. With --key the signatures are verified first, and an
image that fails exits 1 without a list. Without, the list is only what the image says
of itself.`,
		Args: oneImage,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.allow(cmd.Context(), args[0], o); err != nil {
				return fmt.Errorf("allow %s: %w", args[0], err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.key, "key", "", "the signer's public key in PEM")
	cmd.Flags().StringVar(&o.platform, "platform", "", "of one platform, like linux/amd64")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// allowList is the JSON of sworn allow.
type allowList struct {
	Image    string `json:"image"`
	Resolved string `json:"resolved"`
	// Verified: the statements are signed with the key that was given.
	Verified bool `json:"verified"`
	// Allow are sorted.
	Allow []string `json:"allow"`
	// Missing are steps that had a network and no complete record of it.
	Missing []string `json:"missing"`
}

func (c *cli) allow(ctx context.Context, ref string, o inspectOptions) error {
	return c.inspected(ctx, ref, o, func(in inspection) error {
		if in.Verdict != nil {
			if err := failed(*in.Verdict); err != nil {
				return err
			}
		}
		list := in.allowList()
		if !list.Verified {
			c.say("not verified: this is what the image says of itself")
		}
		if n := len(list.Missing); n > 0 {
			c.say("%s had a network and no complete record of it: %s", wording.Count(n, "step"), listText(list.Missing))
		}
		if o.json {
			return c.printJSON(list)
		}
		p := &printer{w: c.stdout}
		for _, pattern := range list.Allow {
			p.line("%s", pattern)
		}
		return p.err
	})
}

// allowList is what the steps of all platforms asked for.
func (in *inspection) allowList() allowList {
	out := allowList{Image: in.Image, Resolved: in.Resolved, Verified: in.Verdict != nil, Missing: []string{}}
	var urls []string
	for _, p := range in.Platforms {
		if p.Steps == nil {
			out.Missing = append(out.Missing, p.Platform+" (no statement)")
			continue
		}
		for i := range p.Steps.Steps {
			s := &p.Steps.Steps[i]
			if s.Kind != step.KindExec {
				continue
			}
			if s.Network == nil || !s.Network.Complete || s.Network.OmittedRequests > 0 {
				out.Missing = append(out.Missing, p.Platform+" "+s.ID)
			}
			urls = append(urls, answered(s.Network)...)
		}
	}
	out.Allow = patterns(urls)
	return out
}

// answered are the URLs that were not refused.
func answered(n *provenance.Network) []string {
	var out []string
	if n == nil {
		return nil
	}
	for _, r := range n.Requests {
		if !r.Refused {
			out = append(out, r.URL)
		}
	}
	return out
}

// patterns returns what matches the URLs: all below the first folder of a path, files
// beside those by name, or all of a host where that would be many. They are sorted.
func patterns(urls []string) []string {
	hosts := map[string]map[string]bool{}
	for _, u := range urls {
		u, _, _ = strings.Cut(u, "?")
		scheme, rest, ok := strings.Cut(u, "://")
		if !ok {
			continue
		}
		host, path, _ := strings.Cut(rest, "/")
		host = scheme + "://" + host
		if hosts[host] == nil {
			hosts[host] = map[string]bool{}
		}
		if folder, _, below := strings.Cut(path, "/"); below {
			path = folder + "/**"
		}
		// A comma or a space would end the pattern in a list.
		hosts[host][strings.NewReplacer(",", "%2C", " ", "%20").Replace(path)] = true
	}
	out := []string{}
	for host, paths := range hosts {
		if len(paths) > maxPerHost {
			paths = map[string]bool{"**": true}
		}
		for path := range maps.Keys(paths) {
			out = append(out, host+"/"+path)
		}
	}
	slices.Sort(out)
	return out
}
