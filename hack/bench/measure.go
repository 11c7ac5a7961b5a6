package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/sworn-build/sworn/hack/bench/results"
)

// bench is one run of this program.
type bench struct {
	env
	options
	*builder
	images images
	file   results.File
	commit string
	words  int // used so far
}

// measure measures all cells that are picked, and saves after each.
func measure(ctx context.Context, e env, o options) (err error) {
	m := &bench{env: e, options: o}
	if m.file, err = results.Load(o.out); err != nil {
		return err
	}
	if m.images, err = prepareImages(ctx, e); err != nil {
		return err
	}
	if m.commit, err = commit(ctx, e.root); err != nil {
		return err
	}
	if m.builder, err = startBuilder(ctx, e); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	if m.file.Machine, err = machine(ctx, e, m.builder); err != nil {
		return err
	}
	if o.start {
		if err := m.frontends(ctx); err != nil {
			return err
		}
	}
	for _, p := range projects() {
		picked := slices.DeleteFunc(slices.Clone(p.scenarios), func(s string) bool { return !o.pick.MatchString(p.name + "/" + s) })
		if len(picked) == 0 {
			continue
		}
		if err := m.project(ctx, p, picked); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// project measures some scenarios of a project.
func (m *bench) project(ctx context.Context, p project, scenarios []string) error {
	base, err := m.base(ctx, m.env, p)
	if err != nil {
		return err
	}
	dir, err := writeContext(m.env, m.dir, p.context)
	if err != nil {
		return err
	}
	s := &series{bench: m, project: p, base: base, context: dir}
	if slices.Contains(scenarios, cold) {
		if err := s.scenario(ctx, cold); err != nil {
			return fmt.Errorf("%s: %w", cold, err)
		}
	}
	if err := m.empty(ctx); err != nil {
		return err
	}
	if err := s.prime(ctx); err != nil {
		return err
	}
	for _, name := range scenarios {
		if name == cold {
			continue
		}
		if err := s.scenario(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// series measures one project.
type series struct {
	*bench
	project project
	base    string
	context string
	sizes   map[string]results.Sizes
	peaks   map[string]map[string]int64
}

// Words of the builds that the cache is filled with.
const usualFirst, usualLast = "first", "last"

// prime builds every variant once, which fills the cache, and looks at memory and
// sizes meanwhile: reading them takes time, so no build is timed.
func (s *series) prime(ctx context.Context) error {
	s.sizes, s.peaks = map[string]results.Sizes{}, map[string]map[string]int64{}
	for _, v := range results.Variants() {
		stop := s.group.watch()
		r := s.request(v, usualFirst, usualLast)
		b, err := s.solve(ctx, r)
		peaks := stop()
		if err != nil {
			return fmt.Errorf("%s: %w", v, err)
		}
		s.peaks[v] = ours(peaks)
		ref, _, _ := strings.Cut(r.push, "@")
		if s.sizes[v], err = sizes(ctx, ref[:strings.LastIndex(ref, ":")]+"@"+b.digest); err != nil {
			return fmt.Errorf("%s: %w", v, err)
		}
		progress("%-12s %-8s %-9s %6.2f s", s.project.name, "fill", v, b.run.Wall)
	}
	return nil
}

// ours keeps the programs that a variant adds to a build.
func ours(peaks map[string]int64) map[string]int64 {
	names := map[string]string{
		"dockerfile-fron": "frontend", "sworn-frontend": "frontend",
		"RUN": "runner", "sworn-step": "runner", "sworn-evidence": "evidence", "syft-scanner": "scanner",
	}
	out := map[string]int64{}
	for program, peak := range peaks {
		if n, ok := names[program]; ok {
			out[n] = max(out[n], peak)
		}
	}
	return out
}

// scenario measures all rounds of a cell and saves it.
func (s *series) scenario(ctx context.Context, name string) error {
	c := results.Cell{
		Project: s.project.name, Scenario: name, Commit: s.commit, Runs: s.project.runs(name), Load: load(), Sizes: s.sizes, Peaks: s.peaks,
	}
	rounds, variants := s.runs, results.Variants()
	if s.project.parts && name == warm {
		variants = append(variants, results.Parts()...)
	}
	for i := 0; i < rounds; i++ {
		round := results.Round{}
		for _, v := range variants {
			b, err := s.timed(ctx, name, v)
			if err != nil {
				return fmt.Errorf("%s: %w", v, err)
			}
			round[v] = b.run
			if b.run.Wall > s.longer.Seconds() {
				rounds = min(rounds, s.long)
			}
		}
		c.Rounds = append(c.Rounds, round)
		progress("%-12s %-8s round %d of %d:%s", s.project.name, name, i+1, rounds, show(round))
	}
	if name == cold {
		c.Sizes, c.Peaks = nil, nil
	}
	s.file.Put(c)
	return s.file.Save(s.out)
}

// timed brings the builder into a scenario's state and builds.
func (s *series) timed(ctx context.Context, scenario, variant string) (built, error) {
	first, last := usualFirst, usualLast
	switch scenario {
	case cold:
		if err := s.empty(ctx); err != nil {
			return built{}, err
		}
	case warm:
		first = s.word()
	case edited:
		last = s.word()
	}
	return s.solve(ctx, s.request(variant, first, last))
}

// word is one that no step has had.
func (m *bench) word() string {
	m.words++
	return fmt.Sprintf("word-%d-%d", os.Getpid(), m.words)
}

// request is what `docker buildx build --push` asks for, with --sbom for the scanner.
func (s *series) request(variant, first, last string) request {
	frontend, option, _ := strings.Cut(variant, " ")
	r := request{
		dockerfile: s.project.fill(s.images.frontend[frontend], s.base, first, last),
		context:    s.context,
		attrs:      map[string]string{"attest:provenance": "mode=min,inline-only=true"},
		push:       fmt.Sprintf("%s/bench/out/%s:%s", s.registry, s.project.name, frontend),
	}
	if name, value, ok := strings.Cut(option, "="); ok {
		r.attrs["build-arg:SWORN_"+strings.ToUpper(name)] = value
	}
	if variant == results.Syft {
		r.attrs["attest:sbom"] = "generator=" + s.images.scanner
	}
	return r
}

func show(r results.Round) string {
	out := ""
	for _, v := range append(results.Variants(), results.Parts()...) {
		if _, ok := r[v]; !ok {
			continue
		}
		out += fmt.Sprintf(" %s %.2f s", v, r[v].Wall)
	}
	return out
}

// writeContext writes a build context into a new folder of dir; none is an empty one.
func writeContext(e env, dir string, write func(env, string) error) (string, error) {
	sub, err := os.MkdirTemp(dir, "context-")
	if err != nil || write == nil {
		return sub, err
	}
	return sub, write(e, sub)
}

// commit names the sources, with a + when they are changed; results are no source.
func commit(ctx context.Context, root string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("git rev-parse: %w", err)
	}
	name := strings.TrimSpace(string(out))
	if exec.CommandContext(ctx, "git", "-C", root, "diff", "--quiet", "HEAD", "--", ".", ":!docs").Run() != nil {
		name += "+"
	}
	return name, nil
}

// load is the machine's load average.
func load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var l float64
	_, _ = fmt.Sscan(string(b), &l)
	return l
}

// frontends measures images and start of the frontends.
func (m *bench) frontends(ctx context.Context) error {
	f := &results.Frontend{Compressed: map[string]int64{}, Start: map[string][]float64{}}
	programs := map[string]string{}
	for _, v := range slices.Sorted(maps.Keys(m.images.frontend)) {
		if v == results.Syft {
			continue
		}
		program, size, err := unpackFrontend(ctx, m.images.frontend[v], m.dir)
		if err != nil {
			return err
		}
		programs[v], f.Compressed[v] = program, size
	}
	for range startRuns {
		for v, program := range programs {
			d, err := startTime(ctx, program)
			if err != nil {
				return fmt.Errorf("start of %s's frontend: %w", v, err)
			}
			f.Start[v] = append(f.Start[v], d.Round(time.Microsecond).Seconds())
		}
	}
	st, err := os.Stat(m.tool("sworn"))
	if err != nil {
		return err
	}
	f.CLI = st.Size()
	m.file.Frontend = f
	return m.file.Save(m.out)
}
