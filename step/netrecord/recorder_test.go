package netrecord

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sworn-build/sworn/step/runner"
)

func TestTheCommandsFilesAndVariables(t *testing.T) {
	dir := t.TempDir()
	own := dir + "/own.pem"
	other, err := newAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("t0ps3cret")})
	text := slices.Concat([]byte("password: t0ps3cret\n"), key, other.pem(), key, other.pem())
	if err := os.WriteFile(own, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/own.conf", []byte("APT::Own \"1\";"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/.wgetrc", []byte("quiet = on\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := Recorder{Dir: dir}
	access, err := r.Start(runner.Way{Environ: []string{"PATH=/bin", "HOME=" + dir, "SSL_CERT_FILE=" + own, "APT_CONFIG=" + dir + "/own.conf", "CURL_CA_BUNDLE=/none"}})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, kv := range access.Env {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	at := fmt.Sprintf("http://step:%s@127.0.0.1:%d", r.proxy.secret, access.Port)
	if len(r.proxy.secret) < 26 {
		t.Errorf("password %q", r.proxy.secret)
	}
	for _, name := range []string{"http_proxy", "HTTPS_PROXY", "all_proxy"} {
		if env[name] != at {
			t.Errorf("%s=%s, want %s", name, env[name], at)
		}
	}
	bundle, err := os.ReadFile(env["SSL_CERT_FILE"])
	if err != nil || !bytes.HasPrefix(bundle, other.pem()) || !bytes.HasSuffix(bundle, r.proxy.authority.pem()) ||
		bytes.Count(bundle, other.pem()) != 1 || bytes.Contains(bundle, []byte("PRIVATE")) || bytes.Contains(bundle, []byte("t0ps3cret")) {
		t.Errorf("bundle %.60q, %v", bundle, err)
	}
	conf, err := os.ReadFile(env["APT_CONFIG"])
	if want := "APT::Own \"1\";\nAcquire::http::Proxy \"" + at + "\";\n"; err != nil || !strings.HasPrefix(string(conf), want) {
		t.Errorf("apt's configuration %q, %v", conf, err)
	}
	// It has what the Dockerfile's own has, and is for no more users.
	if st, err := os.Stat(env["APT_CONFIG"]); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("apt's configuration: %v, %v", st.Mode(), err)
	}
	wgetrc, err := os.ReadFile(env["WGETRC"])
	if want := "quiet = on\n\nca_certificate = " + env["SSL_CERT_FILE"] + "\n"; err != nil || string(wgetrc) != want {
		t.Errorf("wget's configuration %q, %v, want %q", wgetrc, err, want)
	}
	requests, reasons, err := r.Finish()
	if requests == nil || len(requests)+len(reasons) > 0 || err != nil {
		t.Errorf("%+v, %q, %v", requests, reasons, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("%v is left", left)
	}
}
