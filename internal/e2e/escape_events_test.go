//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// overflowed is what a record says when the kernel's queue of events was full.
const overflowed = "file events lost: queue longer than fs.inotify.max_queued_events"

// A step that opens files faster than they can be noted does not hide what else it read,
// or its record says that events are lost.
func TestAFloodOfEventsHidesNothing(t *testing.T) {
	e := mustEnv(t)
	fast := trial{"fast", "harden=baseline", "0:0", []string{"queue-flood", "/input", "/d/read", "/many", "at once"}}
	// Of this one the runner does not get to run meanwhile: the queue is full for sure.
	id := fmt.Sprintf("unnoted-%d", time.Now().UnixNano())
	unnoted := trial{id, "harden=baseline", "0:0", []string{"queue-flood", "/input", "/d/read", "/many", "stopped"}}
	failed := make(chan error, 1)
	go func() { failed <- stopRunnerOf(id, time.Now().Add(2*time.Minute)) }()
	_, a := buildAccount(t, e, build{
		context: trialContext(forgerProgram(t), []trial{fast, unnoted}), output: push(imageName(e.registry, t, "latest")), args: []string{"--no-cache"},
	})
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	in := a.step(t, fmt.Sprintf("%q]", id)).Inputs
	if in == nil || in.Complete || !slices.Contains(in.Reasons, overflowed) {
		t.Errorf("events were lost, the record says %+v", in)
	}
	s := a.step(t, `"fast"]`)
	if s.Inputs == nil || !s.Inputs.Complete && !slices.Contains(s.Inputs.Reasons, overflowed) {
		t.Fatalf("inputs %+v", s.Inputs)
	}
	if !s.Inputs.Complete {
		t.Log("events of the fast one were lost too")
		return
	}
	wantInput(t, s, whole("/input", "input\n"))
	wantInput(t, s, whole("/d/read", "read"))
	many := 0
	for _, f := range s.Inputs.Files {
		if strings.HasPrefix(string(f.Path), "/many/") {
			many++
		}
	}
	if many != 2000 {
		t.Errorf("%d of 2000 files are in the record", many)
	}
}

// stopRunnerOf stops the runner of the step whose command has a word, until the command
// has ended.
func stopRunnerOf(word string, until time.Time) error {
	command, runner := 0, 0
	for ; command == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			return fmt.Errorf("no step with %s ran", word)
		}
		command, runner = findCommand(word)
	}
	if err := unix.Kill(runner, unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop the runner: %w", err)
	}
	// It must go on whatever happens, or the build never ends.
	defer func() { _ = unix.Kill(runner, unix.SIGCONT) }()
	for state, _ := processState(command); state != "Z" && state != ""; state, _ = processState(command) {
		if time.Now().After(until) {
			return fmt.Errorf("the step with %s does not end", word)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// findCommand returns the process of the hostile program that has a word among its
// arguments, and its parent.
func findCommand(word string) (pid, parent int) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, 0
	}
	for _, f := range files {
		args, err := os.ReadFile(f)
		if err != nil || !bytes.HasPrefix(args, []byte("/forger\x00")) || !bytes.Contains(args, []byte("\x00"+word+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if _, parent := processState(pid); err == nil && parent > 1 {
			return pid, parent
		}
	}
	return 0, 0
}

// processState reads fields 3 and 4 of /proc/PID/stat; they are empty when there is none.
func processState(pid int) (state string, parent int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 2 {
		return "", 0
	}
	parent, err = strconv.Atoi(f[1])
	if err != nil {
		return "", 0
	}
	return f[0], parent
}
