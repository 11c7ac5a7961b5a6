package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	pb "github.com/moby/buildkit/frontend/gateway/pb"
	"google.golang.org/grpc"
)

const (
	// startRuns is how often a start is measured.
	startRuns = 15
	// startTimeout bounds one.
	startTimeout = 30 * time.Second
)

// unpackFrontend writes the program of a frontend image below dir and returns the
// image's compressed size as well.
func unpackFrontend(ctx context.Context, ref, dir string) (string, int64, error) {
	d, err := pull(ctx, ref)
	if err != nil {
		return "", 0, err
	}
	image, err := d.Image()
	if err != nil {
		return "", 0, fmt.Errorf("read %s: %w", ref, err)
	}
	size, err := layersSize(image)
	if err != nil {
		return "", 0, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return "", 0, err
	}
	if len(config.Config.Entrypoint) != 1 {
		return "", 0, fmt.Errorf("read %s: entrypoint %q, want one word", ref, config.Config.Entrypoint)
	}
	program := strings.TrimPrefix(config.Config.Entrypoint[0], "/")
	files := mutate.Extract(image)
	defer files.Close()
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if err != nil {
			return "", 0, fmt.Errorf("read %s of %s: %w", program, ref, err)
		}
		if strings.TrimPrefix(filepath.Clean(h.Name), "/") != program {
			continue
		}
		out, err := os.CreateTemp(dir, "frontend-")
		if err != nil {
			return "", 0, err
		}
		_, err = io.Copy(out, r)
		return out.Name(), size, errors.Join(err, out.Chmod(0o755), out.Close())
	}
}

// gateway is the builder's end of a frontend's connection as far as its first
// request: a ping.
type gateway struct {
	pb.UnimplementedLLBBridgeServer
	asked chan time.Time
}

// Ping implements pb.LLBBridgeServer.
func (g *gateway) Ping(context.Context, *pb.PingRequest) (*pb.PongResponse, error) {
	select {
	case g.asked <- time.Now():
	default:
	}
	return nil, errors.New("that was all")
}

// startTime starts a frontend as BuildKit does, with its standard streams as the
// connection, and returns how long its first request took from fork on. What runc
// needs to make the container is not in it.
func startTime(ctx context.Context, program string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "BUILDKIT_SESSION_ID=bench", "BUILDKIT_EXPORTEDPRODUCT="}
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	g := &gateway{asked: make(chan time.Time, 1)}
	server := grpc.NewServer()
	pb.RegisterLLBBridgeServer(server, g)
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	l := &once{conn: pipe{out, in}, closed: make(chan struct{})}
	go func() { _ = server.Serve(l) }()
	defer func() {
		server.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	select {
	case at := <-g.asked:
		return at.Sub(started), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("no request: %w", ctx.Err())
	}
}

// pipe is a connection over two pipes.
type pipe struct {
	io.ReadCloser
	w io.WriteCloser
}

func (p pipe) Write(b []byte) (int, error)    { return p.w.Write(b) }
func (p pipe) Close() error                   { return errors.Join(p.w.Close(), p.ReadCloser.Close()) }
func (pipe) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "bench", Net: "pipe"} }
func (pipe) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "bench", Net: "pipe"} }
func (pipe) SetDeadline(time.Time) error      { return nil }
func (pipe) SetReadDeadline(time.Time) error  { return nil }
func (pipe) SetWriteDeadline(time.Time) error { return nil }

// once is a listener that has one connection.
type once struct {
	conn   net.Conn
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *once) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *once) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

// Addr implements net.Listener.
func (*once) Addr() net.Addr { return &net.UnixAddr{Name: "bench", Net: "pipe"} }
