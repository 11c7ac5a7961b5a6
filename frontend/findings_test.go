package frontend

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/sworn-build/sworn/frontend/rules"
)

func TestFindingsWarnOrFailWithTheirLines(t *testing.T) {
	type warning struct {
		Text, Detail, URL string
		Lines             []int32
	}
	var warned []warning
	src := &dockerui.Source{SourceMap: llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", []byte("FROM a\nFROM b\n"))}
	src.Definition = &llb.Definition{}
	src.Warn = func(_ context.Context, text string, w client.WarnOpts) {
		got := warning{Text: text, Detail: string(w.Detail[0]), URL: w.URL}
		for _, r := range w.Range {
			got.Lines = append(got.Lines, r.Start.Line)
		}
		warned = append(warned, got)
	}
	r := &request{src: src, options: Options{Rules: "none,UnpinnedBaseImage:error,UnexplainedFile:warn"}}
	at := func(line int) []parser.Range { return []parser.Range{{Start: parser.Position{Line: line}}} }
	err := r.report(t.Context(), []rules.Finding{
		{Rule: rules.UnpinnedBaseImage, Message: "b is not", Ranges: at(2)},
		{Rule: rules.UnpinnedBaseImage, Message: "a is not", Ranges: at(1)},
		{Rule: rules.UnexplainedFile, Message: "1 file"},
		{Rule: rules.SetuidFileAdded, Message: "su", Ranges: at(1)},
	})
	const pages = "https://github.com/sworn-build/sworn/blob/main/docs/rules/"
	want := "rules that this build has to keep are broken:" +
		" UnpinnedBaseImage: a is not (line 1), see " + pages + "UnpinnedBaseImage.md" +
		"; UnpinnedBaseImage: b is not (line 2), see " + pages + "UnpinnedBaseImage.md"
	if err == nil || overTheWire(t, err).Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	lines := map[int32]bool{}
	for _, s := range errdefs.Sources(overTheWire(t, err)) {
		lines[s.Ranges[0].Start.Line] = true
	}
	if d := cmp.Diff(map[int32]bool{1: true, 2: true}, lines); d != "" {
		t.Errorf("lines of the error (-want +got):\n%s", d)
	}
	wantWarned := []warning{{"UnexplainedFile: 1 file", "Every file of the image should have an explanation", pages + "UnexplainedFile.md", nil}}
	if d := cmp.Diff(wantWarned, warned); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	if err := r.report(t.Context(), []rules.Finding{{Rule: rules.UnexplainedFile, Message: "1 file"}}); err != nil || len(warned) != 1 {
		t.Errorf("on another platform: %v, %d warnings", err, len(warned))
	}
	if err := r.report(t.Context(), nil); err != nil {
		t.Errorf("no findings, but %v", err)
	}
}
