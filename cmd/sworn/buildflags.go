package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sworn-build/sworn/internal/build"
	"github.com/sworn-build/sworn/internal/builder"
)

// buildFlags are the flags of sworn build.
type buildFlags struct {
	options build.Options
	builder builder.Options

	progress     string
	quiet        bool
	metadataFile string
	idFile       string
	key          string
}

// register adds the flags; names and meanings are docker buildx build's.
func (f *buildFlags) register(s *pflag.FlagSet) {
	s.SortFlags = false
	o := &f.options
	s.StringArrayVarP(&o.Output.Tags, "tag", "t", nil, "name of the image, [HOST/]NAME[:TAG]; may be given again")
	s.StringVarP(&o.Input.File, "file", "f", "", "Dockerfile (default PATH/Dockerfile); - is standard input")
	s.StringVar(&o.Steps.Target, "target", "", "stage to build")
	s.StringArrayVar(&o.Steps.Args, "build-arg", nil, "NAME=VALUE, or NAME: value from the environment")
	s.StringArrayVar(&o.Input.Contexts, "build-context", nil, "NAME=FOLDER, URL, docker-image://REF or oci-layout://FOLDER[:TAG]")
	s.StringArrayVar(&o.Steps.Platforms, "platform", nil, "platforms of the image, as linux/arm64")
	s.StringArrayVar(&o.Steps.Labels, "label", nil, "NAME=VALUE of the image")
	s.StringArrayVar(&o.Output.Annotations, "annotation", nil, "[TYPE:]KEY=VALUE of the image's manifest; TYPE: index, manifest, index-descriptor, manifest-descriptor")

	s.BoolVar(&o.Output.Push, "push", false, "push the image: --output type=registry")
	s.BoolVar(&o.Output.Load, "load", false, "load the image into docker, or podman where docker does not run: --output type=docker")
	s.StringArrayVarP(&o.Output.To, "output", "o", nil, "type=local|tar|oci|docker|image|registry[,dest=PATH][,KEY=VALUE]; FOLDER alone is type=local, - is a tar archive to standard output")
	s.StringArrayVar(&o.Output.Attests, "attest", nil, "type=provenance|sbom[,KEY=VALUE]: BuildKit's attestations")
	s.StringVar(&o.Output.Provenance, "provenance", "", "true, false or mode=max: --attest type=provenance")
	s.StringVar(&o.Output.SBOM, "sbom", "", "true, false or generator=REF: --attest type=sbom")
	s.BoolVar(&o.Output.Sign, "sign", false, "sign what was pushed, or written with --output type=oci")
	s.StringVar(&f.key, "key", "", "private key for --sign")

	s.StringArrayVar(&o.Secrets.Secrets, "secret", nil, "id=ID[,src=FILE|,env=NAME]")
	s.StringArrayVar(&o.Secrets.SSH, "ssh", nil, "default or ID[=SOCKET|KEY[,KEY]]")
	s.StringArrayVar(&o.Cache.From, "cache-from", nil, "type=registry|local|gha|s3|azblob[,KEY=VALUE], or REF")
	s.StringArrayVar(&o.Cache.To, "cache-to", nil, "type=registry|local|inline|gha|s3|azblob[,mode=min|max][,KEY=VALUE], or REF")
	s.BoolVar(&o.Steps.NoCache, "no-cache", false, "run every step")
	s.StringArrayVar(&o.Steps.NoCacheFilter, "no-cache-filter", nil, "stages whose steps all run")
	s.BoolVar(&o.Steps.Pull, "pull", false, "ask registries for base images even when they are there")

	s.StringArrayVar(&o.Steps.BaseTrust, "base-trust", nil, "who may sign base images, for --build-arg SWORN_BASE=signed: a public key, or a folder of them; may be given again")
	s.StringArrayVar(&o.Steps.Roots, "network-root", nil, "authorities that recorders of the network trust as well, for --build-arg SWORN_NETWORK=record: a file of certificates in PEM, or a folder of them; may be given again")
	s.StringVar(&o.Steps.Network, "network", "default", "network of RUN: default, host, none")
	s.StringArrayVar(&o.Steps.Hosts, "add-host", nil, "NAME:IP")
	s.StringArrayVar(&o.Steps.Allow, "allow", nil, "entitlement: network.host, security.insecure, device")
	s.StringVar(&o.Steps.ShmSize, "shm-size", "", "size of /dev/shm in RUN, as 64m")
	s.StringArrayVar(&o.Steps.Ulimits, "ulimit", nil, "NAME=SOFT[:HARD] of RUN")

	s.StringVar(&f.metadataFile, "metadata-file", "", "write what BuildKit says of the result, as JSON")
	s.StringVar(&f.idFile, "iidfile", "", "write the image's id")
	s.StringVar(&f.progress, "progress", "auto", "auto, plain, tty, quiet (only the id), none, rawjson")
	s.BoolVarP(&f.quiet, "quiet", "q", false, "no progress; print the image's id")

	s.StringVar(&f.builder.Buildx, "builder", "", "builder of buildx")
	s.StringVar(&f.builder.Addr, "addr", "", "BuildKit's address: unix://, tcp://, ssh://, docker-container://, podman-container://, nerdctl-container://, kube-pod://")
	s.StringVar(&f.builder.TLS.Dir, "tlsdir", "", "folder with ca.pem, cert.pem, key.pem for a tcp:// address")
	s.StringVar(&f.builder.TLS.CA, "tlscacert", "", "certificate of the authority")
	s.StringVar(&f.builder.TLS.Cert, "tlscert", "", "certificate of the client")
	s.StringVar(&f.builder.TLS.Key, "tlskey", "", "key of the client")
	s.StringVar(&f.builder.TLS.ServerName, "tlsservername", "", "name that the server's certificate is for")
	s.StringVar(&f.builder.DaemonConfig, "buildkitd-config", "", "buildkitd.toml for a BuildKit that is started here")
}

// displayMode is BuildKit's name of the progress.
func (f *buildFlags) displayMode() (string, error) {
	modes := []string{"auto", "plain", "tty", "quiet", "rawjson", "none"}
	switch {
	case !slices.Contains(modes, f.progress):
		return "", &build.UsageError{What: "--progress", Err: fmt.Errorf("%q is none of %s", f.progress, strings.Join(modes, ", "))}
	case f.quiet && f.progress != "auto" && f.progress != "quiet":
		return "", &build.UsageError{What: "--quiet", Err: fmt.Errorf("not together with --progress=%s", f.progress)}
	case f.quiet || f.progress == "quiet":
		f.quiet = true
		return "quiet", nil
	case f.progress == "none":
		return "quiet", nil // and no id is printed
	}
	return f.progress, nil
}

// writeResult writes what was asked for about the result.
func (f *buildFlags) writeResult(c *cli, res *build.Result) error {
	for _, said := range res.Loaded {
		if !f.quiet {
			c.say("%s", said)
		}
	}
	if !res.Kept() && !f.quiet {
		c.say("no output: the result is in the builder's cache alone; --push, --load or --output takes it out")
	}
	if f.metadataFile != "" {
		b, err := res.Metadata()
		if err == nil {
			err = os.WriteFile(f.metadataFile, b, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write metadata: %w", err)
		}
	}
	id := res.ID()
	if f.idFile != "" {
		if id == "" {
			return &build.UsageError{What: "--iidfile", Err: errors.New("no image was made")}
		}
		if err := os.WriteFile(f.idFile, []byte(id), 0o644); err != nil {
			return fmt.Errorf("write image id: %w", err)
		}
	}
	if f.quiet && id != "" {
		_, err := fmt.Fprintln(c.stdout, id)
		return err
	}
	return nil
}
