package bridge

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	pb "github.com/moby/buildkit/frontend/gateway/pb"
	opspb "github.com/moby/buildkit/solver/pb"
	"google.golang.org/protobuf/testing/protocmp"
)

func TestParseReadsWhatBuildKitTells(t *testing.T) {
	got := parse([]string{
		"PATH=/bin", "BUILDKIT_FRONTEND_OPT_0=build-arg:A=b=c", "BUILDKIT_FRONTEND_OPT_1=no-cache=",
		"BUILDKIT_SESSION_ID=s", "BUILDKIT_EXPORTEDPRODUCT=p",
		`BUILDKIT_WORKERS=[{"ID":"w","Platforms":[{"architecture":"amd64","os":"linux"}]}]`,
	})
	if d := cmp.Diff(map[string]string{"build-arg:A": "b=c", "no-cache": ""}, got.opts); d != "" {
		t.Errorf("options (-want +got):\n%s", d)
	}
	if got.session != "s" || got.product != "p" || len(got.workers) != 1 || got.workers[0].Platforms[0].Architecture != "amd64" {
		t.Errorf("got %+v", got)
	}
	if w := parse([]string{"BUILDKIT_WORKERS={"}).workers; w != nil {
		t.Errorf("unreadable workers are %v", w)
	}
}

func TestReturnsHaveNoDefinitions(t *testing.T) {
	ref := func(id string, def bool) *pb.Ref {
		r := &pb.Ref{Id: id}
		if def {
			r.Def = &opspb.Definition{Def: [][]byte{make([]byte, 1000)}}
		}
		return r
	}
	result := func(def bool) []*pb.Result {
		atts := map[string]*pb.Attestations{"linux/amd64": {Attestation: []*pb.Attestation{{Path: "p", Ref: ref("a", def)}, {Path: "q"}}}}
		return []*pb.Result{
			{Result: &pb.Result_Ref{Ref: ref("one", def)}, Attestations: atts, Metadata: map[string][]byte{"k": []byte("v")}},
			{Result: &pb.Result_Refs{Refs: &pb.RefMap{Refs: map[string]*pb.Ref{"x": ref("x", def), "y": ref("y", def)}}}},
			nil,
		}
	}
	got := result(true)
	for _, r := range got {
		slim(r)
	}
	if d := cmp.Diff(result(false), got, protocmp.Transform()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// FuzzParse: whatever BuildKit, or who plays it, puts into the environment.
func FuzzParse(f *testing.F) {
	f.Add("BUILDKIT_FRONTEND_OPT_0=build-arg:HTTP_PROXY=http://proxy:3128", "BUILDKIT_SESSION_ID=kzk5g0wa2yqxh5k8m1xlzwuz7")
	f.Add(`BUILDKIT_WORKERS=[{"ID":"zy8ykafhbyvfgkjm3pluvntwg","Labels":{"org.mobyproject.buildkit.worker.executor":"oci"},"Platforms":[{"architecture":"amd64","os":"linux"},{"architecture":"386","os":"linux"}]}]`, "BUILDKIT_EXPORTEDPRODUCT=buildkit")
	f.Add("BUILDKIT_FRONTEND_OPT_1=cmdline=docker.io/sworn/frontend:dev observe=off", "BUILDKIT_FRONTEND_OPT_2=context:base=docker-image://busybox")
	f.Add("=", "BUILDKIT_WORKERS=[null]")
	f.Fuzz(func(t *testing.T, a, b string) {
		for k, v := range parse([]string{a, b}).opts {
			if n := len(k) + len(v); n > max(len(a), len(b)) {
				t.Errorf("%q=%q was made up", k, v)
			}
		}
	})
}
