// Package frontend is Sworn's BuildKit frontend: [Frontend.Build] turns a Dockerfile
// into an image with statements about how it was made.
//
// Reading the Dockerfile is upstream's work (dockerui, dockerfile2llb); this package
// takes the definition that comes of it, passes it through package llb, solves it
// and attaches what the evidence tool wrote.
//
//	err := bridge.Run(ctx, os.Environ(), frontend.Frontend{}.Build)
//
// It refuses unknown options, daemons that lack what it needs, and results whose
// evidence does not match the image. It never writes to standard output: in a
// frontend container that is the gRPC connection.
package frontend
