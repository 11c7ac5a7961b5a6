package builder

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAProgramIsAConnection(t *testing.T) {
	c, err := dialStdio([]string{"cat"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "hello\n" {
		t.Errorf("%q, %v", line, err)
	}
	start := time.Now()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > endPatience/2 {
		t.Errorf("closed after %s: cat ends with its input", took)
	}
	if err := c.Close(); err != nil {
		t.Error("closed twice: ", err)
	}
}

func TestAProgramThatFailsSaysWhy(t *testing.T) {
	c, err := dialStdio([]string{"sh", "-c", "echo first >&2; echo the cause >&2; exit 3"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.ReadAll(c); err == nil || err.Error() != "sh: exit status 3: the cause" {
		t.Errorf("error %v", err)
	}
}

// TestAProgramThatStaysIsKilled with what it has started.
func TestAProgramThatStaysIsKilled(t *testing.T) {
	c, err := dialStdio([]string{"sh", "-c", "trap '' TERM; sleep 600 </dev/null >/dev/null 2>&1 & echo $!; wait; sleep 600"})
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	within(t, "its child ends", func() bool { return !alive(child) })
}

func TestMessagesAreBounded(t *testing.T) {
	var s said
	for i := range 4 << 10 {
		fmt.Fprintf(&s, "message %d\n", i)
	}
	if got := s.String(); len(got) > maxSaid || !strings.HasSuffix(got, "message 4095\n") {
		t.Errorf("%d bytes kept, at the end %q", len(got), oneLine(got))
	}
}

func TestNoProgramNoConnection(t *testing.T) {
	if c, err := dialStdio([]string{os.DevNull}); err == nil {
		c.Close()
		t.Error("connected to " + os.DevNull)
	}
}
