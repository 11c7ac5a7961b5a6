package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/sworn-build/sworn/hack/bench/results"
)

func main() {
	in := flag.String("results", "docs/performance/results.json", "what was measured")
	before := flag.String("before", "docs/performance/before.json", "what was measured before the costs were mended")
	out := flag.String("out", "docs", "folder of performance.md and performance/*.svg")
	flag.Parse()
	if err := run(*in, *before, *out); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: report: %v\n", err)
		os.Exit(2)
	}
}

func run(in, before, out string) error {
	pages, err := pages(in, before)
	if err != nil {
		return err
	}
	for name, data := range pages {
		if err := os.MkdirAll(filepath.Join(out, filepath.Dir(name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

//go:embed performance.md.tmpl costs.md.tmpl
var templates embed.FS

// pages makes every file, by name below docs.
func pages(in, before string) (map[string][]byte, error) {
	now, err := results.Load(in)
	if err != nil {
		return nil, err
	}
	if len(now.Cells) == 0 || now.Frontend == nil {
		return nil, fmt.Errorf("read %s: nothing was measured", in)
	}
	then, err := results.Load(before)
	if err != nil {
		return nil, err
	}
	r := report{now: now, then: then}
	t, err := template.New("performance.md.tmpl").Funcs(r.funcs()).ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, now); err != nil {
		return nil, err
	}
	out := r.plots()
	out["performance.md"] = b.Bytes()
	return out, nil
}
