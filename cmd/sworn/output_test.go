package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestATerminalIsNotShownWhatItActsOn, and everything else gets the very bytes.
func TestATerminalIsNotShownWhatItActsOn(t *testing.T) {
	const text = "{\"name\": \"a\u009b2J\u202eb\",\n \"x\": \"\\u001b\"}"
	write := func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	for terminal, want := range map[bool]string{true: "{\"name\": \"a\\u009b2J\\u202eb\",\n \"x\": \"\\u001b\"}", false: text} {
		var out bytes.Buffer
		c := &cli{stdout: &out, terminal: terminal}
		if err := c.output("", write); err != nil || out.String() != want {
			t.Errorf("terminal %t: %v, %q", terminal, err, out.String())
		}
	}
}

// TestOutputThatFailsLeavesWhatWasThere, and nothing beside it.
func TestOutputThatFailsLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "out"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("out", link); err != nil {
		t.Fatal(err)
	}
	c := &cli{stdout: io.Discard}
	err := c.output(file, func(w io.Writer) error { io.WriteString(w, "half"); return io.ErrUnexpectedEOF })
	b, _ := os.ReadFile(file)
	if err == nil || string(b) != "before" {
		t.Errorf("%v, the file has %q", err, b)
	}
	// Through a link the file is replaced, not the link.
	if err := c.output(link, func(w io.Writer) error { _, err := io.WriteString(w, "after"); return err }); err != nil {
		t.Fatal(err)
	}
	b, _ = os.ReadFile(file)
	entries, err := os.ReadDir(dir)
	if err != nil || string(b) != "after" || len(entries) != 2 {
		t.Errorf("the file has %q, the folder %d entries", b, len(entries))
	}
	if err := c.output(os.DevNull, nil); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a device: %v", err)
	}
}
