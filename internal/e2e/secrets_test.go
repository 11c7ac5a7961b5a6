//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// indiscreet is a server that sends the secrets it gets back in every place where a
// recorder may look: the answer's body, where a redirect leads, and words that are not HTTP.
func indiscreet(t *testing.T) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		secret := r.Header.Get("X-Secret")
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/file?token="+secret+"&"+secret, http.StatusFound)
		case "/malformed", "/header":
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			if r.URL.Path == "/header" {
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", secret)
			}
			fmt.Fprintf(c, "%s\r\n\r\n", secret)
			c.Close()
		default:
			fmt.Fprintln(w, r.Header, r.URL)
			_, _ = io.Copy(w, r.Body) // the client may be gone
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// recordedRequests is a step that sends secrets in all parts of requests but paths: in
// header fields, credentials, parameters, bodies, to a server that is there, to one that is
// not, and to one that the step may not ask.
func recordedRequests(site string) string {
	host := strings.TrimPrefix(site, "http://")
	return `# sworn: network=record allow="` + site + `/**,http://127.0.0.1:9/**"
RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=VARIABLE --mount=type=secret,id=plain,env=PLAIN \
    get() { wget -q -O - --header "X-Secret: $PLAIN" --header "X-File: $(cat /run/secrets/file)" --header "Authorization: Bearer $VARIABLE" "$@" | wc -c; }; \
    get "http://user:$PLAIN@` + host + `/file?token=$PLAIN&$PLAIN;pass=$PLAIN"; \
    get --post-data "a=$VARIABLE&b=$PLAIN&c=$(cat /run/secrets/file)" "` + site + `/post?code=$PLAIN"; \
    get "` + site + `/moved?hmac=$PLAIN"; get "` + site + `/malformed"; get "` + site + `/header"; \
    get "http://user:$PLAIN@127.0.0.1:9/?otp=$PLAIN"; get "http://user:$PLAIN@refused.test/?$PLAIN"; \
    echo "password $http_proxy" | sed 's/http:..step:/is /; s/@.*//'; env | wc -l
`
}

// proxyPassword is what the step has printed of the address of its recorder.
func proxyPassword(t *testing.T, log string) string {
	t.Helper()
	found := regexp.MustCompile(`password is ([A-Z2-7]{26,})\n`).FindStringSubmatch(log)
	if found == nil {
		t.Fatalf("the step did not print the password of its recorder:\n%s", log)
	}
	return found[1]
}

// TestSecretsLeaveTheBuildNowhere searches every byte that leaves a build that used
// secrets, as file, variable and in requests, recorded ones too, and failed with them:
// archive with config, layers and statements, exported cache, progress, the daemon's log,
// and what the client wrote about it.
func TestSecretsLeaveTheBuildNowhere(t *testing.T) {
	t.Parallel()
	e := mustEnv(t)
	site, asked := indiscreet(t)
	secrets := map[string]string{
		"file": "f1le/+?&=%:@ sEcReT~0123456789", "variable": "v4riable/+?&=%:@ sEcReT~9876543210", "plain": "pl4insEcReT0123456789",
	}
	const canary = "c4nary/+?&=%:@ that the search has to find"
	dir := files{"Dockerfile": `FROM busybox
RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=VARIABLE \
    test -n "$VARIABLE" && wc -c /run/secrets/file | tee /size && \
    ! wget -q -O /dev/null "http://user:$VARIABLE@127.0.0.1:9/?token=$VARIABLE&t=$(cat /run/secrets/file | base64)"
# sworn: harden=off reason="the record is made without confinement as well"
RUN --mount=type=secret,id=file,target=/s --mount=type=secret,id=variable,env=VARIABLE \
    env | grep -c VARIABLE && cat /s | sha256sum > /dev/null
RUN echo "` + canary + `" | tr -d '\n' | base64 -w 0 > /canary
RUN --mount=type=secret,id=variable,env=VARIABLE test -z "$VARIABLE" || echo used
` + recordedRequests(site)}.write(t)
	args := []string{}
	for id, value := range secrets {
		src := filepath.Join(t.TempDir(), id)
		if err := os.WriteFile(src, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--secret", "id="+id+",src="+src)
	}
	out := t.TempDir()
	archive, cache := filepath.Join(out, "image.tar"), filepath.Join(out, "cache")
	host := ownBuilder(t, e)
	b := build{
		host: host, dir: dir, output: "type=oci,dest=" + archive, opts: []string{"attest:provenance=mode=max", "build-arg:SWORN_STATEMENTS=always"},
		args: append(args, "--no-cache", "--export-cache", "type=local,mode=max,dest="+cache),
	}
	left := map[string]string{"progress": b.mustRun(t, e).log}
	password := proxyPassword(t, left["progress"])
	b.output, b.args = "", append(args, "--no-cache")
	b.dir = files{"Dockerfile": "FROM busybox\nRUN --mount=type=secret,id=variable,env=VARIABLE test -z \"$VARIABLE\"\n"}.write(t)
	failed := b.run(t, e)
	if failed.err == nil {
		t.Error("the step that fails did not")
	}
	left["progress of a failure"] = failed.log
	if asked.Load() < 6 {
		t.Errorf("the server was asked %d times: the recorder did not see the secrets", asked.Load())
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(strings.TrimPrefix(host, "unix://")), "log"))
	if err != nil || len(log) == 0 {
		t.Errorf("the daemon's log has %d bytes, %v", len(log), err)
	}
	left["the daemon's log"] = string(log)
	for name, content := range readFiles(t, unpack(t, archive)) {
		left["image/"+name] = content
	}
	for name, content := range readFiles(t, cache) {
		left["cache/"+name] = content
	}
	found := 0
	for name, content := range left {
		raw := []byte(content)
		for _, content := range [][]byte{raw, expand(t, raw)} {
			if shows(content, canary) {
				found++
			}
			if name != "progress" && shows(content, password) {
				t.Errorf("the recorder's password is in %s", name)
			}
			for id, value := range secrets {
				if shows(content, value) {
					t.Errorf("the secret %s is in %s", id, name)
				}
			}
		}
	}
	if !strings.Contains(strings.Join(slices.Collect(maps.Values(left)), ""), `/post?code=REDACTED`) {
		t.Error("no statement among what was searched has the recorded requests")
	}
	if found < 2 {
		t.Errorf("the canary was found %d times among %d files, want it in image and cache", found, len(left))
	}
}

// expand decompresses a layer; nil for what is not compressed.
func expand(t *testing.T, b []byte) []byte {
	t.Helper()
	var r io.Reader
	var err error
	switch {
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		r, err = gzip.NewReader(bytes.NewReader(b))
	case bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		r, err = zstd.NewReader(bytes.NewReader(b))
	default:
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shows reports whether bytes hold a value as it is, or encoded as programs do. Of base64,
// what stands between the bytes around it counts, at each of its three places.
func shows(b []byte, value string) bool {
	forms := []string{value, url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)), url.UserPassword("u", value).String()[2:]}
	for shift := range 3 {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			text := enc.EncodeToString([]byte("xxx"[:shift] + value))
			forms = append(forms, text[4:len(text)-4])
		}
	}
	for _, f := range forms {
		if bytes.Contains(b, []byte(f)) {
			return true
		}
	}
	return false
}
