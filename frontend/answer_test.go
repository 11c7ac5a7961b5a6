package frontend

import (
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/gateway/client"
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
			if len(all) != 4 {
				t.Errorf("%s: %d attestations, want the 4 statements", id, len(all))
			}
		}
	}
}

func TestABuildWhoseStatementsDoNotFitSaysSo(t *testing.T) {
	f := newGateway(t, "FROM busybox\n"+strings.Repeat("RUN : "+strings.Repeat("x", 60_000)+"\n", 60), nil)
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil || !strings.HasPrefix(err.Error(), "attach statements: the definition of the build makes an answer of ") {
		t.Errorf("error %v", err)
	}
}
