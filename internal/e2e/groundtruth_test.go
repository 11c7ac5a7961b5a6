//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/sworn-build/sworn/provenance"
)

// truthDockerfile installs packages on a Debian of debootstrap; its last stages have the
// archives that all of the image's packages came in, and the image with files changed.
const truthDockerfile = `FROM debian:bookworm AS image
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nginx-light cron vim-tiny && apt-get clean
FROM image AS download
WORKDIR /debs
RUN apt-get download $(dpkg-query -W -f '${Package}:${Architecture}=${Version} ' )
FROM scratch AS debs
COPY --from=download /debs /
FROM image AS changed
RUN echo '# more' >> /etc/nginx/nginx.conf && echo >> /usr/sbin/nginx && rm /usr/bin/vim.tiny && ln -sf /bin/true /usr/bin/crontab && touch /usr/bin/mawk
`

// TestOwnersAndDigestsAreThoseOfThePackages: the owner of every file is the package whose
// archive has it, every digest is that of the file's bytes, and what is not as its package
// came with it is found.
func TestOwnersAndDigestsAreThoseOfThePackages(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("skipped: dpkg-deb is not installed")
	}
	e := mustEnv(t)
	dir := files{"Dockerfile": truthDockerfile}.write(t)
	target := func(name, output string) build {
		return build{dir: dir, opts: []string{"target=" + name}, output: output}
	}
	ref := imageName(e.registry, t, "image")
	_, a := buildAccount(t, e, target("image", push(ref)))
	debs := t.TempDir()
	target("debs", "type=local,dest="+debs).mustRun(t, e)

	image := unpacked(t, ref)
	if got, want := len(a.contents.Files), len(image.entries); got != want {
		t.Errorf("%d entries, the image has %d", got, want)
	}
	want := image.owned(t, debs)
	for _, f := range a.contents.Files {
		p := string(f.Path)
		if got := f.Digest.String(); got != image.sums[p] {
			t.Errorf("%s: digest %s, want %s", p, got, image.sums[p])
		}
		if f.Type == provenance.TypeDir {
			continue // many packages share them
		}
		owner := ""
		if f.Package != nil {
			owner, _, _ = strings.Cut(strings.TrimPrefix(a.contents.Packages[*f.Package], "pkg:deb/debian/"), "@")
			owner = strings.ReplaceAll(owner, "%2B", "+")
		}
		switch owners := want[p]; {
		case f.Type == provenance.TypeSymlink && len(owners) > 1: // a folder that they share, on a merged /usr
			if owner != "" {
				t.Errorf("%s is of %s alone, the archives of %q have it", p, owner, owners)
			}
		case owner == "" && len(owners) > 0:
			t.Errorf("%s has no owner, the archives of %q have it", p, owners)
		case owner != "" && !slices.Contains(owners, owner):
			t.Errorf("%s is of %s, the archives of %q have it", p, owner, owners)
		}
	}
	if n := len(want); n < 4000 {
		t.Errorf("only %d files in the archives", n)
	}
	if got := changedIn(t, a); len(got) > 0 {
		t.Errorf("not as their packages came with them: %q", got)
	}
	_, b := buildAccount(t, e, target("changed", push(imageName(e.registry, t, "changed"))))
	changed := []string{"cron: /usr/bin/crontab", "nginx-common: /etc/nginx/nginx.conf", "nginx: /usr/sbin/nginx", "vim-tiny: /usr/bin/vim.tiny"}
	if got := changedIn(t, b); !slices.Equal(got, changed) {
		t.Errorf("not as their packages came with them: %q, want %q", got, changed)
	}
	for _, p := range []string{"/etc/nginx/nginx.conf", "/usr/sbin/nginx", "/usr/bin/crontab"} {
		if got := originOf(t, b, p); !strings.HasPrefix(got, provenance.OriginPackageChanged+" ") && !strings.HasPrefix(got, provenance.OriginUnexplained+" ") {
			t.Errorf("origin of %s: %s", p, got)
		}
	}
	if got := originOf(t, b, "/usr/bin/mawk"); !strings.HasPrefix(got, provenance.OriginPackage+" ") {
		t.Errorf("origin of a file that was touched: %s", got)
	}
}

// changedIn are the files that an image's document says are not as their packages came
// with them.
func changedIn(t *testing.T, a account) []string {
	t.Helper()
	var out []string
	for _, p := range spdxDocument(t, a).Packages {
		_, list, ok := strings.Cut(p.PackageComment, "not as the package came with them: ")
		if !ok {
			continue
		}
		list, _, _ = strings.Cut(list, "; ")
		for _, f := range strings.Split(list, ", ") {
			out = append(out, p.PackageName+": "+f)
		}
	}
	slices.Sort(out)
	return out
}

// unpackedImage is an image as its layers say: entries by path, without a slash at the
// end, and the SHA256 of each regular file.
type unpackedImage struct {
	entries    map[string]*tar.Header
	sums       map[string]string
	diversions map[string][2]string // where a path goes to, and whose stays
}

func unpacked(t *testing.T, ref string) unpackedImage {
	t.Helper()
	img := unpackedImage{map[string]*tar.Header{}, map[string]string{}, map[string][2]string{}}
	rc := mutate.Extract(pull(t, ref))
	defer rc.Close()
	r := tar.NewReader(rc)
	hard := map[string]string{}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		p := path.Clean("/" + h.Name)
		if p == "/" {
			continue
		}
		img.entries[p] = h
		switch h.Typeflag {
		case tar.TypeReg:
			var b bytes.Buffer
			if _, err := io.Copy(&b, r); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(b.Bytes())
			img.sums[p] = hex.EncodeToString(sum[:])
			if p == "/var/lib/dpkg/diversions" {
				lines := strings.Split(b.String(), "\n")
				for i := 0; i+2 < len(lines); i += 3 {
					img.diversions[lines[i]] = [2]string{lines[i+1], lines[i+2]}
				}
			}
		case tar.TypeLink:
			hard[p] = path.Clean("/" + h.Linkname)
		}
	}
	for p, to := range hard {
		img.sums[p] = img.sums[to]
	}
	return img
}

// owned are the packages whose archives have an entry, by where it lies in the image.
func (img unpackedImage) owned(t *testing.T, debs string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	archives, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("archives: %q, %v", archives, err)
	}
	for _, deb := range archives {
		name, _, _ := strings.Cut(filepath.Base(deb), "_")
		cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
		cmd.Stderr = os.Stderr
		b, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		r := tar.NewReader(bytes.NewReader(b))
		for {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			p := path.Clean("/" + h.Name)
			if d, ok := img.diversions[p]; ok && d[1] != name {
				p = d[0]
			}
			// Bookworm has /usr merged: these are links in the image.
			top, rest, _ := strings.Cut(p[1:], "/")
			if link := img.entries["/"+top]; rest != "" && link != nil && link.Typeflag == tar.TypeSymlink {
				p = path.Join("/", link.Linkname, rest)
			}
			out[p] = append(out[p], name)
		}
	}
	return out
}
