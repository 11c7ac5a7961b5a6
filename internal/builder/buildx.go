package builder

import (
	"context"
	"net"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
)

// askTimeout bounds `buildx version`, which talks to nobody.
const askTimeout = 20 * time.Second

// buildxCommand is how buildx is called here: as docker's plugin or by itself.
func buildxCommand(ctx context.Context) ([]string, bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for _, cmd := range [][]string{{"docker", "buildx"}, {"docker-buildx"}, {"buildx"}} {
		if _, err := exec.LookPath(cmd[0]); err != nil {
			continue
		}
		if exec.CommandContext(ctx, cmd[0], append(slices.Clone(cmd[1:]), "version")...).Run() == nil {
			return cmd, true
		}
	}
	return nil, false
}

// connectBuildx reaches a builder of buildx through `buildx dial-stdio`, whatever its
// driver is. Without a name it is the current one.
func connectBuildx(ctx context.Context, cmd []string, name string) (*Builder, error) {
	argv := append(slices.Clone(cmd), "dial-stdio", "--progress", "plain")
	title := "buildx's current builder"
	if name != "" {
		argv = append(argv, "--builder", name)
		title = "buildx builder " + name
	}
	dial := func(context.Context, string) (net.Conn, error) { return dialStdio(argv) }
	// The address names the server, nothing else.
	c, err := client.New(ctx, "unix:///buildx", client.WithContextDialer(dial))
	if err != nil {
		return nil, &UnavailableError{Name: title, err: err}
	}
	return answer(ctx, c, title, "see what "+strings.Join(cmd, " ")+" inspect says")
}
