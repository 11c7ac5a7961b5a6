package provenance_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// TestDownloadsBecomeMaterialsOnce: in a defined order, whatever steps they are of, and
// only what a URL names as a whole.
func TestDownloadsBecomeMaterialsOnce(t *testing.T) {
	get := func(url, digest string) step.Request {
		return step.Request{Method: "GET", URL: url, Status: 200, Digest: "sha256:" + digest, Size: 1, Count: 1}
	}
	but := func(r step.Request, change func(*step.Request)) step.Request { change(&r); return r }
	network := func(requests ...step.Request) *provenance.Network {
		return &provenance.Network{Network: step.Network{Mode: step.NetworkRecord, Requests: requests}}
	}
	other := get("http://c.test/other", "05")
	s := provenance.Steps{Materials: []provenance.Material{{ID: "source1"}}, Steps: []provenance.Step{
		{ID: "step1", Network: network(get("http://b.test/", "02"), get("http://a.test/", "03"), get("http://b.test/", "02"))},
		{ID: "step2"},
		{ID: "step3", Network: network(
			get("http://a.test/", "01"), get("http://b.test/", "02"),
			but(other, func(r *step.Request) { r.Method = "POST" }),
			but(other, func(r *step.Request) { r.Status = 206; r.Range = "bytes=0-0" }),
			but(other, func(r *step.Request) { r.Status = 404 }),
			but(other, func(r *step.Request) { r.Digest = "" }),
			but(other, func(r *step.Request) { r.Upgrade = "websocket" }),
		)},
	}}
	for i := range 12 {
		n := s.Steps[0].Network
		n.Requests = append(n.Requests, get(fmt.Sprintf("http://z.test/%02d", i), "09"))
	}
	s.AddDownloads()
	var materials []string
	for _, m := range s.Materials {
		materials = append(materials, m.ID+" "+m.Kind+" "+m.URI+" "+m.Digest["sha256"])
	}
	want := []string{"source1   ", "download1 download http://a.test/ 01", "download2 download http://a.test/ 03", "download3 download http://b.test/ 02"}
	if d := cmp.Diff(want, materials[:4]); d != "" || len(materials) != 16 {
		t.Errorf("%d materials (-want +got):\n%s", len(materials), d)
	}
	if d := cmp.Diff([]string{"download1", "download3"}, s.Steps[2].Network.Downloads); d != "" {
		t.Errorf("downloads (-want +got):\n%s", d)
	}
	if got := s.Steps[0].Network.Downloads; len(got) != 14 || got[1] != "download3" || got[13] != "download15" {
		t.Errorf("downloads of step1: %v", got)
	}
}
