package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGreetIsCounted(t *testing.T) {
	c, err := readConfig("config/config.toml")
	if err != nil {
		t.Fatal(err)
	}
	h := newHandler(c)
	for path, want := range map[string]string{
		"/healthz":   "ok\n",
		"/greet/ada": c.Greeting + ", ada\n",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Body.String(); got != want {
			t.Errorf("GET %s: %q, want %q", path, got, want)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if want := "go_service_greetings_total 1"; !strings.Contains(w.Body.String(), want) {
		t.Errorf("no %q in %q", want, w.Body.String())
	}
}
