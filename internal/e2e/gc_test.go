//go:build e2e && caches

package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The cache is emptied all the time while images are built: whole, or one result after
// the other. A build passes with statements of its own image, or it fails and says
// why; nothing of another run gets in.
func TestGarbageCollectionWhileBuilding(t *testing.T) {
	const builds = 12
	e := mustEnv(t)
	host := ownBuilder(t, e)
	for name, collect := range map[string]func(context.Context){
		"everything": func(ctx context.Context) {
			_ = exec.CommandContext(ctx, e.tool("buildctl"), "--addr", host, "prune", "--all").Run() // it may end in between
			time.Sleep(300 * time.Millisecond)
		},
		"one by one": func(ctx context.Context) {
			out, err := exec.CommandContext(ctx, e.tool("buildctl"), "--addr", host, "du", "--format", "{{range .}}{{.ID}}\n{{end}}").Output()
			ids := strings.Fields(string(out))
			if err != nil || len(ids) == 0 {
				return
			}
			id := ids[int(time.Now().UnixNano())%len(ids)]
			_ = exec.CommandContext(ctx, e.tool("buildctl"), "--addr", host, "prune", "--all", "--filter", "id=="+id).Run() // it may be in use
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for ctx.Err() == nil {
					collect(ctx)
				}
			}()
			defer func() { stop(); <-ended }()
			c := choosing(false)
			passed := 0
			for i := range builds {
				// The last step is another one each time, the others can be found.
				ctx := files{}
				for k, v := range c {
					ctx[k] = v
				}
				ctx["Dockerfile"] += fmt.Sprintf("RUN echo %d > /last\n", i)
				image := imageName(e.registry, t, fmt.Sprint(i))
				r := build{context: ctx, host: host, output: push(image)}.run(t, e)
				if r.err == nil {
					passed++
					oneRun(t, image, accountOf(t, image), "RUN f=")
					continue
				}
				if !strings.Contains(r.log, "build once more with --no-cache") {
					t.Errorf("build %d: %v\n%s", i, r.err, r.log)
				}
			}
			t.Logf("%d of %d builds passed", passed, builds)
			if passed == 0 {
				t.Error("no build passed: the test shows little")
			}
		})
	}
}
