package frontend

import (
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"google.golang.org/protobuf/proto"
)

// answerBytes is what the definitions in an answer take in the message in which a
// client hands it to its builder.
func answerBytes(f *fakeGateway, res *client.Result) int {
	sizes := map[client.Reference]int{}
	for i, ref := range f.refs {
		sizes[ref] = proto.Size(f.solved[i].Definition)
	}
	n := 0
	for _, ref := range res.Refs {
		n += sizes[ref]
	}
	for _, all := range res.Attestations {
		for _, a := range all {
			n += sizes[a.Ref]
		}
	}
	return n
}

func TestAnswersOfLongBuildsFitIntoAMessage(t *testing.T) {
	const steps, messageLimit = 100, 16 << 20
	dockerfile := "FROM busybox\n" + strings.Repeat("RUN : "+strings.Repeat("x", 5_000)+"\n", steps)
	for _, platforms := range []string{"linux/amd64", "linux/amd64,linux/arm64"} {
		f := newGateway(t, dockerfile, map[string]string{"platform": platforms})
		res, err := (Frontend{}).Build(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if n := answerBytes(f, res); n > messageLimit {
			t.Errorf("%s: the answer has %d bytes of definitions, more than %d", platforms, n, messageLimit)
		}
		for id, all := range res.Attestations {
			kinds := map[gwpb.AttestationKind]int{}
			for _, a := range all {
				kinds[a.Kind]++
			}
			if kinds[gwpb.AttestationKind_InToto] != 3 {
				t.Errorf("%s: %d statements, want 3", id, kinds[gwpb.AttestationKind_InToto])
			}
			// All of it would be too much: the first steps' is carried.
			if n := kinds[gwpb.AttestationKind_Bundle]; n < 5 || n >= steps {
				t.Errorf("%s: evidence of %d of %d steps is carried", id, n, steps)
			}
		}
	}
}

func TestAllEvidenceOfABuildThatFitsIsCarried(t *testing.T) {
	const steps = 100
	var dockerfile strings.Builder
	dockerfile.WriteString("FROM busybox\n")
	for i := range steps {
		fmt.Fprintf(&dockerfile, "RUN echo %d > /f%[1]d\n", i)
	}
	f := newGateway(t, dockerfile.String(), nil)
	res, err := (Frontend{}).Build(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for _, a := range res.Attestations["linux/amd64"] {
		if a.Kind == gwpb.AttestationKind_Bundle {
			carried++
		}
	}
	if want := steps + 1; carried != want { // the base's as well
		t.Errorf("%d outputs with evidence are carried, want %d", carried, want)
	}
}

func TestABuildWhoseStatementsDoNotFitSaysSo(t *testing.T) {
	f := newGateway(t, "FROM busybox\n"+strings.Repeat("RUN : "+strings.Repeat("x", 60_000)+"\n", 60), nil)
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil || !strings.HasPrefix(err.Error(), "attach statements: the definition of the build makes an answer of ") {
		t.Errorf("error %v", err)
	}
}
