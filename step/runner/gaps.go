package runner

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// gaps collects why an observation is not complete. The reasons name the same
// folders whatever the order of the walk, whose workers share it.
type gaps struct {
	mu sync.Mutex // guards what follows
	// exhausted: the kernel gives no more watches.
	exhausted bool
	// failed counts folders that could not be watched, by cause; first is the
	// least path of each.
	failed map[string]int
	first  map[string]string
	// shut counts folders that only another user can enter.
	shut      int
	firstShut string
	// other reasons, as they are.
	other []string
}

func newGaps() *gaps {
	return &gaps{failed: map[string]int{}, first: map[string]string{}}
}

// unwatched notes a folder that the command may use and that is not watched.
func (g *gaps) unwatched(path string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(err, unix.ENOSPC) {
		if !g.exhausted {
			g.other = append(g.other, "no more watches: limit fs.inotify.max_user_watches reached")
		}
		g.exhausted = true
		return
	}
	cause := err.Error()
	g.failed[cause]++
	if p, ok := g.first[cause]; !ok || path < p {
		g.first[cause] = path
	}
}

// closed notes a folder that neither the runner nor the command may enter.
func (g *gaps) closed(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut++
	if g.firstShut == "" || path < g.firstShut {
		g.firstShut = path
	}
}

// noWatches reports whether the kernel gives no more watches.
func (g *gaps) noWatches() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.exhausted
}

// add notes any other reason.
func (g *gaps) add(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.other = append(g.other, reason)
}

// reasons returns the sorted reasons. Closed folders are one unless the command
// has no_new_privs: a set-user-ID program could enter them.
func (g *gaps) reasons(noNewPrivs bool) []string {
	out := slices.Clone(g.other)
	for cause, n := range g.failed {
		out = append(out, fmt.Sprintf("%s not watched, the first is %s: %s", folders(n), g.first[cause], cause))
	}
	if g.shut > 0 && !noNewPrivs {
		out = append(out, fmt.Sprintf("%s of other users not watched, the first is %s: a set-user-ID program may read there", folders(g.shut), g.firstShut))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func folders(n int) string {
	if n == 1 {
		return "1 folder"
	}
	return fmt.Sprintf("%d folders", n)
}
