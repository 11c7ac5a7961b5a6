package provenance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// KindDownload is the kind of a material that a step downloaded while its network was
// recorded.
const KindDownload = "download"

// AddDownloads makes materials of what steps downloaded: bodies of complete answers to
// GET, each URL and digest once. Other requests are in their steps alone: no URI names
// what a POST or a range gave.
func (s *Steps) AddDownloads() {
	type download struct {
		uri, digest string
	}
	sizes := map[download]int64{}
	of := func(n *Network) []download {
		var out []download
		for _, r := range n.Requests {
			if IsDownload(r) {
				d := download{r.URL, strings.TrimPrefix(r.Digest, "sha256:")}
				sizes[d] = r.Size
				out = append(out, d)
			}
		}
		return out
	}
	for i := range s.Steps {
		if n := s.Steps[i].Network; n != nil {
			of(n)
		}
	}
	order := slices.SortedFunc(maps.Keys(sizes), func(a, b download) int {
		return cmp.Or(cmp.Compare(a.uri, b.uri), cmp.Compare(a.digest, b.digest))
	})
	number := make(map[download]int, len(order))
	for i, d := range order {
		number[d] = i + 1
		size := sizes[d]
		s.Materials = append(s.Materials, Material{
			ID: downloadID(i + 1), Kind: KindDownload, URI: d.uri, Digest: map[string]string{"sha256": d.digest}, Size: &size,
		})
	}
	for i := range s.Steps {
		n := s.Steps[i].Network
		if n == nil {
			continue
		}
		var ids []int
		for _, d := range of(n) {
			ids = append(ids, number[d])
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			n.Downloads = append(n.Downloads, downloadID(id))
		}
	}
}

// IsDownload reports whether a request got all of what its URL names, and its digest is
// known.
func IsDownload(r step.Request) bool {
	return r.Method == "GET" && r.Status == 200 && strings.HasPrefix(r.Digest, "sha256:") &&
		r.Range == "" && r.Upgrade == "" && !r.Refused
}

func downloadID(n int) string { return KindDownload + strconv.Itoa(n) }

// check verifies that a network agrees with itself and names materials that there are.
func (n *Network) check(known map[string]bool) error {
	if n == nil {
		return nil
	}
	if n.OmittedRequests < 0 || n.OmittedRequests > 0 && len(n.Requests) > 0 {
		return fmt.Errorf("%d requests omitted, %d listed", n.OmittedRequests, len(n.Requests))
	}
	if len(n.Downloads) > 0 && n.Mode != step.NetworkRecord {
		return fmt.Errorf("downloads in network mode %q", n.Mode)
	}
	seen := map[string]bool{}
	for _, id := range n.Downloads {
		if !strings.HasPrefix(id, KindDownload) || !known[id] || seen[id] {
			return fmt.Errorf("download %q is no material, or twice", id)
		}
		seen[id] = true
	}
	return n.Network.Check()
}
