package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Scenarios: what the builder has before a timed build.
const (
	cold   = "cold"   // nothing at all
	warm   = "warm"   // the base images and the frontend; a line of the first step changed
	edited = "edited" // all steps but the last, a line of which changed
	cached = "cached" // all steps
)

//go:embed projects
var projectFiles embed.FS

// project is a Dockerfile with its context. In it {{base}} is the reference of the
// project's base image, {{first}} and {{last}} are words in the first and the last
// step: another word, another step.
type project struct {
	name      string
	scenarios []string
	// base is the Dockerfile of the base image, made once, with what the steps would
	// download: the network's pace is nobody's merit. Empty: none.
	base       string
	dockerfile string
	// parts: warm builds are also made with parts of Sworn switched off.
	parts bool
	// context writes the build context; baseContext that of the base.
	context, baseContext func(e env, dir string) error
}

func projects() []project {
	all := []string{cold, warm, edited, cached}
	out := []project{
		{name: "apt", scenarios: all},
		{name: "gcc", scenarios: all, context: sources},
		{name: "go", scenarios: all, context: goService, baseContext: goService},
		{name: "npm", scenarios: all},
	}
	for i := range out {
		out[i].parts = true
		out[i].base, out[i].dockerfile = text(out[i].name, "base.Dockerfile"), text(out[i].name, "Dockerfile")
	}
	for _, n := range []int{10, 50, 200} {
		out = append(out, project{
			name: fmt.Sprintf("steps-%d", n), scenarios: []string{warm, edited, cached}, dockerfile: steps(n), parts: n == 50,
		})
	}
	out = append(out, project{
		name: "copies-200", scenarios: []string{warm, cached}, dockerfile: copies(200),
		context: func(_ env, dir string) error { return smallFiles(dir, 200) },
	})
	for _, n := range []int{1000, 10_000, 100_000} {
		out = append(out, project{
			name: fmt.Sprintf("files-%d", n), scenarios: []string{warm, edited, cached}, dockerfile: manyFiles(n),
		})
	}
	return out
}

// text reads an embedded file; a missing one is a mistake in this program.
func text(project, name string) string {
	b, err := projectFiles.ReadFile("projects/" + project + "/" + name)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// runs is how many RUN instructions of the Dockerfile run in a scenario.
func (p project) runs(scenario string) int {
	switch scenario {
	case cold, warm:
		return strings.Count("\n"+p.dockerfile, "\nRUN ")
	case edited:
		return 1
	}
	return 0
}

// fill sets the words of a Dockerfile and its syntax line.
func (p project) fill(frontend, base, first, last string) string {
	r := strings.NewReplacer("{{base}}", base, "{{first}}", first, "{{last}}", last)
	return "# syntax=" + frontend + "\n" + r.Replace(p.dockerfile)
}

// steps has n RUNs that each write a small file.
func steps(n int) string {
	var b strings.Builder
	b.WriteString("FROM busybox:latest\nRUN echo {{first}} > /first\n")
	for i := range n - 2 {
		fmt.Fprintf(&b, "RUN echo %d > /file%d\n", i, i)
	}
	b.WriteString("RUN echo {{last}} > /last\n")
	return b.String()
}

// copies has n COPYs of one small file each.
func copies(n int) string {
	var b strings.Builder
	b.WriteString("FROM busybox:latest\nRUN echo {{first}} > /first\n")
	for i := range n {
		fmt.Fprintf(&b, "COPY file%d /copied/file%d\n", i, i)
	}
	b.WriteString("RUN echo {{last}} > /last\n")
	return b.String()
}

// manyFiles has one RUN that writes n files, a thousand a folder.
func manyFiles(n int) string {
	return fmt.Sprintf(`FROM busybox:latest
RUN : {{first}}; d=0; while [ $d -lt %d ]; do mkdir -p /data/$d; i=0; while [ $i -lt 1000 ]; do echo $d $i > /data/$d/$i; i=$((i+1)); done; d=$((d+1)); done
RUN echo {{last}} > /last
`, n/1000)
}

func smallFiles(dir string, n int) error {
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%d", i)), fmt.Appendf(nil, "%d\n", i), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sources are C files for the gcc project: 60 of 40 functions.
func sources(_ env, dir string) error {
	dir = filepath.Join(dir, "src")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	main := "int main(void) { return 0; }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.c"), []byte(main), 0o644); err != nil {
		return err
	}
	for f := range 60 {
		var b strings.Builder
		b.WriteString("#include <stdio.h>\n#include <string.h>\n")
		for k := range 40 {
			fmt.Fprintf(&b, "int f%d_%d(const char *s) { int n = %d; for (size_t i = 0; i < strlen(s); i++) n = n * 31 + s[i]; return printf(\"%%d\\n\", n); }\n", f, k, k)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.c", f)), []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// goService is examples/go-service.
func goService(e env, dir string) error {
	from := os.DirFS(filepath.Join(e.root, "examples", "go-service"))
	return fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{"Dockerfile", "README.md"}, name) {
			return err
		}
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
}
