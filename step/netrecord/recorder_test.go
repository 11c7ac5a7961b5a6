package netrecord

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/step"
)

func TestTheCommandsFilesAndVariables(t *testing.T) {
	dir := t.TempDir()
	own := dir + "/own.pem"
	if err := os.WriteFile(own, []byte("OWN ROOT\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/own.conf", []byte("APT::Own \"1\";"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Recorder{Dir: dir}
	access, err := r.Start(step.ConfigNetwork{}, []string{"PATH=/bin", "SSL_CERT_FILE=" + own, "APT_CONFIG=" + dir + "/own.conf", "CURL_CA_BUNDLE=/none"})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, kv := range access.Env {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	at := fmt.Sprintf("http://127.0.0.1:%d", access.Port)
	for _, name := range []string{"http_proxy", "HTTPS_PROXY", "all_proxy"} {
		if env[name] != at {
			t.Errorf("%s=%s, want %s", name, env[name], at)
		}
	}
	bundle, err := os.ReadFile(env["SSL_CERT_FILE"])
	if err != nil || !bytes.HasPrefix(bundle, []byte("OWN ROOT\n")) || !bytes.HasSuffix(bundle, r.proxy.authority.pem()) {
		t.Errorf("bundle %.60q, %v", bundle, err)
	}
	conf, err := os.ReadFile(env["APT_CONFIG"])
	if want := "APT::Own \"1\";\nAcquire::http::Proxy \"" + at + "\";\n"; err != nil || !strings.HasPrefix(string(conf), want) {
		t.Errorf("apt's configuration %q, %v", conf, err)
	}
	requests, reasons, err := r.Finish()
	if requests == nil || len(requests)+len(reasons) > 0 || err != nil {
		t.Errorf("%+v, %q, %v", requests, reasons, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%v is left", left)
	}
}
