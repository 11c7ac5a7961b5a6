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

// Download is a body that a step got whole while its network was recorded.
type Download struct {
	URI    string
	SHA256 string // of the body, lower-case hex
}

// DownloadIDs returns the ids of the materials that downloads become: bodies of complete
// answers to GET in all networks of a build, each URL and digest once. Other requests are
// in their steps alone: no URI names what a POST or a range gave.
func DownloadIDs(networks ...*step.Network) map[Download]string {
	seen := map[Download]bool{}
	for _, n := range networks {
		for _, d := range downloads(n) {
			seen[d] = true
		}
	}
	ids := make(map[Download]string, len(seen))
	for i, d := range slices.SortedFunc(maps.Keys(seen), compareDownloads) {
		ids[d] = KindDownload + strconv.Itoa(i+1)
	}
	return ids
}

func compareDownloads(a, b Download) int {
	return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.SHA256, b.SHA256))
}

// downloads are those of a network, in the order of its requests.
func downloads(n *step.Network) []Download {
	if n == nil {
		return nil
	}
	var out []Download
	for _, r := range n.Requests {
		if IsDownload(r) {
			out = append(out, DownloadOf(r))
		}
	}
	return out
}

// DownloadOf is the download of a request for which [IsDownload] holds.
func DownloadOf(r step.Request) Download {
	return Download{r.URL, strings.TrimPrefix(r.Digest, "sha256:")}
}

// AddDownloads makes materials of what steps downloaded, with the ids of [DownloadIDs].
func (s *Steps) AddDownloads() {
	var networks []*step.Network
	sizes := map[Download]int64{}
	for i := range s.Steps {
		n := s.Steps[i].Network
		if n == nil {
			continue
		}
		networks = append(networks, &n.Network)
		for _, r := range n.Requests {
			if IsDownload(r) {
				sizes[DownloadOf(r)] = r.Size
			}
		}
	}
	ids := DownloadIDs(networks...)
	for _, d := range slices.SortedFunc(maps.Keys(ids), compareDownloads) {
		size := sizes[d]
		s.Materials = append(s.Materials, Material{
			ID: ids[d], Kind: KindDownload, URI: d.URI, Digest: map[string]string{"sha256": d.SHA256}, Size: &size,
		})
	}
	for i := range s.Steps {
		n := s.Steps[i].Network
		if n == nil {
			continue
		}
		mine := downloads(&n.Network)
		slices.SortFunc(mine, compareDownloads)
		for _, d := range slices.Compact(mine) {
			n.Downloads = append(n.Downloads, ids[d])
		}
	}
}

// IsDownload reports whether a request got all of what its URL names, and its digest is
// known.
func IsDownload(r step.Request) bool {
	return r.Method == "GET" && r.Status == 200 && strings.HasPrefix(r.Digest, "sha256:") &&
		r.Range == "" && r.Upgrade == "" && !r.Refused
}

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
