// Package bridge connects a frontend in its container to the builder that started
// it, over standard input and output (BuildKit's gateway protocol).
//
// It does what grpcclient.RunFromEnvironment does, and one thing more: a frontend's
// answer refers to results by id, yet carries the definition of each as well, which
// the builder does not read. With evidence of some hundred steps that is more than a
// gRPC message may be, so the definitions are left out ([slimReturn]).
//
//	err := bridge.Run(ctx, frontend.Frontend{}.Build)
package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/defaults"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	pb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/util/apicaps"
	"github.com/moby/buildkit/util/grpcerrors"
	_ "github.com/moby/buildkit/util/grpcutil/encoding/proto" // BuildKit's codec
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Variables by which BuildKit describes a build to its frontend.
const (
	envOption  = "BUILDKIT_FRONTEND_OPT_" // + number = KEY=value
	envSession = "BUILDKIT_SESSION_ID"
	envWorkers = "BUILDKIT_WORKERS" // JSON
	envProduct = "BUILDKIT_EXPORTEDPRODUCT"
)

// Run runs a build function against the builder that environ describes and hands its
// result or error over. The process is expected to end afterwards.
func Run(ctx context.Context, environ []string, f client.BuildFunc) error {
	env := parse(environ)
	if env.product != "" {
		apicaps.ExportedProduct = env.product
	}
	conn, err := grpc.NewClient("passthrough:///builder",
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			return stdio{os.Stdin, os.Stdout}, nil
		}),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(slimReturn, grpcerrors.UnaryClientInterceptor),
		grpc.WithStreamInterceptor(grpcerrors.StreamClientInterceptor),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(defaults.DefaultMaxRecvMsgSize),
			grpc.MaxCallSendMsgSize(defaults.DefaultMaxSendMsgSize)),
	)
	if err != nil {
		return fmt.Errorf("connect to the builder: %w", err)
	}
	// The connection is left to the end of the process: closed earlier, the builder
	// takes it for a frontend that died.
	c, err := grpcclient.New(ctx, env.opts, env.session, env.product, pb.NewLLBBridgeClient(conn), env.workers)
	if err != nil {
		return fmt.Errorf("connect to the builder: %w; is this a frontend container?", err)
	}
	return c.Run(ctx, f)
}

// slimReturn is a gRPC interceptor that takes the definitions out of a frontend's
// answer.
func slimReturn(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if r, ok := req.(*pb.ReturnRequest); ok {
		slim(r.GetResult())
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

func slim(r *pb.Result) {
	if ref := r.GetRef(); ref != nil {
		ref.Def = nil
	}
	for _, ref := range r.GetRefs().GetRefs() {
		ref.Def = nil
	}
	for _, as := range r.GetAttestations() {
		for _, a := range as.GetAttestation() {
			if a.GetRef() != nil {
				a.Ref.Def = nil
			}
		}
	}
}

// environment is what BuildKit tells a frontend.
type environment struct {
	opts             map[string]string
	session, product string
	workers          []client.WorkerInfo
}

// parse reads the environment. Workers that cannot be read are left out, as in
// BuildKit's own client: they serve to find the default platform.
func parse(environ []string) environment {
	e := environment{opts: map[string]string{}}
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(k, envOption):
			name, value, _ := strings.Cut(v, "=")
			e.opts[name] = value
		case k == envSession:
			e.session = v
		case k == envProduct:
			e.product = v
		case k == envWorkers:
			if json.Unmarshal([]byte(v), &e.workers) != nil {
				e.workers = nil
			}
		}
	}
	return e
}

// stdio is the connection. It has no deadlines.
type stdio struct {
	io.Reader
	io.WriteCloser
}

// addr implements net.Addr.
type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "builder" }

func (stdio) LocalAddr() net.Addr              { return addr{} }
func (stdio) RemoteAddr() net.Addr             { return addr{} }
func (stdio) SetDeadline(time.Time) error      { return nil }
func (stdio) SetReadDeadline(time.Time) error  { return nil }
func (stdio) SetWriteDeadline(time.Time) error { return nil }
