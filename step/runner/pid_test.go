package runner

import (
	"strconv"
	"testing"
)

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
