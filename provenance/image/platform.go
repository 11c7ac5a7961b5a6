package image

import (
	"strings"

	"github.com/containerd/platforms"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// maxName bounds the name of a platform, in bytes.
	maxName = 200
	// noPlatform is the name of a platform that the index does not tell.
	noPlatform = "unknown"
)

func platformName(p *ocispec.Platform) string {
	if p == nil || p.OS == "" {
		return noPlatform
	}
	name := platforms.FormatAll(*p)
	return strings.ToValidUTF8(name[:min(len(name), maxName)], "?")
}

func described(name string) string {
	if name == noPlatform {
		return "no platform"
	}
	return "platform " + name
}

// SamePlatform reports whether two names are of one platform, as "linux/arm64" and
// "linux/arm64/v8" are.
func SamePlatform(a, b string) bool {
	return a == b || normalized(a) == normalized(b)
}

func normalized(name string) string {
	p, err := platforms.Parse(name)
	if err != nil {
		return name
	}
	return platforms.FormatAll(platforms.Normalize(p))
}
