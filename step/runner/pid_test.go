package runner

import (
	"strconv"
	"testing"
)

func TestLastProcessID(t *testing.T) {
	for text, want := range map[string]int{
		"0.20 0.18 0.12 1/80 11206\n": 11206, "0.20 0.18 0.12 1/80 x\n": 0, "0.20 0.18 0.12 1/80\n": 0, "": 0,
	} {
		if got := parseLastPID(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestProcessIDIsTheSameEachTime(t *testing.T) {
	const runs = 5
	same := 0
	for range runs {
		c := newContainer(t, "/bin/sh", "-c", "echo $$")
		if got := c.run(); got.stdout == strconv.Itoa(firstPID)+"\n" {
			same++
		} else {
			t.Logf("%q %q", got.stdout, got.stderr)
		}
	}
	// A loaded machine may let a thread of the runner in.
	if same < runs-1 {
		t.Errorf("%d of %d commands had process id %d", same, runs, firstPID)
	}
}
