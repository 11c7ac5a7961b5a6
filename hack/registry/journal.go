package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// maxManifestBytes bounds what is read of a manifest: go-containerregistry and
// distribution both take 4 MiB.
const maxManifestBytes = 4 << 20

// journal passes requests to next and keeps every manifest that was put or
// deleted as a numbered file, so that replay can repeat them in order.
type journal struct {
	dir  string
	next http.Handler

	mu sync.Mutex
	n  int
}

// entry is a request that changed a manifest.
type entry struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	ContentType string `json:"contentType,omitempty"`
	Body        []byte `json:"body,omitempty"`
}

// ServeHTTP implements [http.Handler].
func (j *journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	changes := r.Method == http.MethodPut || r.Method == http.MethodDelete
	if !changes || !strings.Contains(r.URL.Path, "/manifests/") {
		j.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxManifestBytes+1))
	if err != nil || len(body) > maxManifestBytes {
		http.Error(w, "manifest too large or unreadable", http.StatusRequestEntityTooLarge)
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	e := entry{Method: r.Method, Path: r.URL.Path, ContentType: r.Header.Get("Content-Type"), Body: body}
	// Written first: a manifest that is served but would be lost is worse than a
	// journal entry that is refused again at replay.
	if err := j.write(e); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	j.next.ServeHTTP(status, r)
	if status.status >= 300 {
		j.drop()
	}
}

func (j *journal) file(n int) string { return filepath.Join(j.dir, fmt.Sprintf("%08d.json", n)) }

func (j *journal) write(e entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	tmp := j.file(j.n) + ".new"
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	if err := os.Rename(tmp, j.file(j.n)); err != nil {
		return err
	}
	j.n++
	return nil
}

// drop removes the last entry, a request that the registry refused.
func (j *journal) drop() {
	j.n--
	_ = os.Remove(j.file(j.n))
}

func (j *journal) replay() error {
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(j.dir, "*.json"))
	if err != nil {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(b, &e); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		r := httptest.NewRequest(e.Method, "http://registry"+e.Path, bytes.NewReader(e.Body))
		r.Header.Set("Content-Type", e.ContentType)
		j.next.ServeHTTP(httptest.NewRecorder(), r)
		if _, err := fmt.Sscanf(filepath.Base(name), "%08d.json", &j.n); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		j.n++
	}
	return nil
}

// statusWriter remembers the status of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
